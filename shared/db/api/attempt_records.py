"""Queries on attempts for their owner; all only read."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.db.types import Connection
from shared.domain.campaigns import CampaignKey

# Before any attempt.
FIRST = UUID(int=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRecord:
    id: UUID
    campaign_id: int
    contact_id: int
    number: int
    state: str
    outcome: str | None
    reason: str | None
    claimed_at: datetime
    window_closes_at: datetime
    dialing_at: datetime | None
    placed_at: datetime | None
    ended_at: datetime | None
    tzdata_version: str
    provider_call_id: str | None


async def get(conn: Connection, *, tenant_id: int, attempt_id: UUID) -> AttemptRecord | None:
    record = await conn.fetchrow(
        """
        SELECT id, campaign_id, contact_id, number, state, outcome, reason, claimed_at,
               window_closes_at, dialing_at, placed_at, ended_at, tzdata_version, provider_call_id
        FROM attempts WHERE tenant_id = $1 AND id = $2
        """,
        tenant_id,
        attempt_id,
    )
    return AttemptRecord(**record) if record else None


async def of_contact(conn: Connection, *, tenant_id: int, contact_id: int) -> list[AttemptRecord]:
    """The attempts of a contact, oldest first; the attempt policy limits their number."""
    records = await conn.fetch(
        """
        SELECT id, campaign_id, contact_id, number, state, outcome, reason, claimed_at,
               window_closes_at, dialing_at, placed_at, ended_at, tzdata_version, provider_call_id
        -- Each half has its own index.
        FROM (
            SELECT * FROM attempts
            WHERE tenant_id = $1 AND contact_id = $2 AND ended_at IS NOT NULL
            UNION ALL
            SELECT * FROM attempts
            WHERE tenant_id = $1 AND contact_id = $2 AND ended_at IS NULL
        ) AS attempt
        ORDER BY id DESC
        LIMIT 1000
        """,
        tenant_id,
        contact_id,
    )
    return [AttemptRecord(**record) for record in reversed(records)]


async def page(
    conn: Connection, campaign: CampaignKey, *, after: UUID | None, limit: int
) -> list[AttemptRecord]:
    """Attempts in the order of their claims, which is the order of their ids."""
    records = await conn.fetch(
        """
        SELECT id, campaign_id, contact_id, number, state, outcome, reason, claimed_at,
               window_closes_at, dialing_at, placed_at, ended_at, tzdata_version, provider_call_id
        -- Each half has its own index. The tenant's live attempts are few.
        FROM (
            SELECT * FROM attempts
            WHERE tenant_id = $1 AND campaign_id = $2 AND ended_at IS NOT NULL
                AND id > $3
            UNION ALL
            SELECT * FROM attempts
            WHERE tenant_id = $1 AND campaign_id = $2 AND ended_at IS NULL
                AND id > $3
        ) AS attempt
        ORDER BY id
        LIMIT $4
        """,
        *campaign,
        after or FIRST,
        limit,
    )
    return [AttemptRecord(**record) for record in records]
