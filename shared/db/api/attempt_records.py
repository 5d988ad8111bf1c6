"""What the api reads of attempts, for their owner; nothing here writes."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.db.types import Connection


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
        SELECT a.id, a.campaign_id, a.contact_id, a.number, a.state, a.outcome, a.reason,
               a.claimed_at, a.window_closes_at, a.dialing_at, a.placed_at, a.ended_at,
               a.tzdata_version, a.provider_call_id
        FROM attempts a
        JOIN campaigns m ON m.id = a.campaign_id
        WHERE a.id = $2 AND m.tenant_id = $1
        """,
        tenant_id,
        attempt_id,
    )
    return AttemptRecord(**record) if record else None


async def of_contact(conn: Connection, contact_id: int) -> list[AttemptRecord]:
    """Oldest first; the attempt policy bounds how many there are, dropped ones apart."""
    records = await conn.fetch(
        """
        SELECT id, campaign_id, contact_id, number, state, outcome, reason, claimed_at,
               window_closes_at, dialing_at, placed_at, ended_at, tzdata_version, provider_call_id
        FROM attempts WHERE contact_id = $1
        ORDER BY id DESC
        LIMIT 1000
        """,
        contact_id,
    )
    return [AttemptRecord(**record) for record in reversed(records)]


async def page(
    conn: Connection, campaign_id: int, *, after: UUID | None, limit: int
) -> list[AttemptRecord]:
    """In the order in which they were claimed, which the ids keep."""
    records = await conn.fetch(
        """
        SELECT id, campaign_id, contact_id, number, state, outcome, reason, claimed_at,
               window_closes_at, dialing_at, placed_at, ended_at, tzdata_version, provider_call_id
        FROM attempts
        WHERE campaign_id = $1 AND ($2::uuid IS NULL OR id > $2)
        ORDER BY id
        LIMIT $3
        """,
        campaign_id,
        after,
        limit,
    )
    return [AttemptRecord(**record) for record in records]
