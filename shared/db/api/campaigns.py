"""Queries on campaigns: the API writes definition and wanted state, the scheduler the state."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from shared.db.types import Connection
from shared.definitions.campaign import CampaignDefinition
from shared.domain.campaigns import ENDED, CampaignKey, CampaignState, WantedState


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    id: int
    name: str
    state: CampaignState
    wanted_state: WantedState
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    definition: CampaignDefinition

    @property
    def is_over(self) -> bool:
        """Whether it is ended, or cancelled and about to be ended by the scheduler."""
        return self.state in ENDED or self.wanted_state == WantedState.CANCELLED


def _campaign(record: asyncpg.Record) -> Campaign:
    values = {
        "state": CampaignState(record["state"]),
        "wanted_state": WantedState(record["wanted_state"]),
        "definition": CampaignDefinition.stored(record["definition"]),
    }
    return Campaign(**{**record, **values})


async def insert(
    conn: Connection, *, tenant_id: int, definition: CampaignDefinition
) -> Campaign | None:
    """None if the tenant may not use a trunk of this name."""
    record = await conn.fetchrow(
        """
        INSERT INTO campaigns (tenant_id, trunk_id, name, definition)
        SELECT $1, id, $3, $4 FROM trunks
        WHERE trunks.name = $2 AND (
            trunks.for_every_tenant OR EXISTS (
                SELECT FROM trunk_grants
                WHERE trunk_grants.tenant_id = $1 AND trunk_grants.trunk_id = trunks.id
            )
        )
        RETURNING id, name, state, wanted_state, created_at, started_at, ended_at, definition
        """,
        tenant_id,
        definition.trunk,
        definition.name,
        definition.model_dump_json(),
    )
    return _campaign(record) if record else None


async def get(conn: Connection, *, tenant_id: int, campaign_id: int) -> Campaign | None:
    record = await conn.fetchrow(
        """
        SELECT id, name, state, wanted_state, created_at, started_at, ended_at, definition
        FROM campaigns WHERE tenant_id = $1 AND id = $2
        """,
        tenant_id,
        campaign_id,
    )
    return _campaign(record) if record else None


async def lock(conn: Connection, *, tenant_id: int, campaign_id: int) -> Campaign | None:
    """Get and lock a campaign, so that commands are decided one after the other."""
    record = await conn.fetchrow(
        """
        SELECT id, name, state, wanted_state, created_at, started_at, ended_at, definition
        FROM campaigns WHERE tenant_id = $1 AND id = $2
        FOR NO KEY UPDATE
        """,
        tenant_id,
        campaign_id,
    )
    return _campaign(record) if record else None


async def page(
    conn: Connection, *, tenant_id: int, state: str | None, before: int | None, limit: int
) -> list[Campaign]:
    """A page of campaigns, newest first."""
    records = await conn.fetch(
        """
        SELECT id, name, state, wanted_state, created_at, started_at, ended_at, definition
        FROM campaigns
        WHERE tenant_id = $1
          AND ($2::text IS NULL OR state = $2)
          AND ($3::bigint IS NULL OR id < $3)
        ORDER BY id DESC
        LIMIT $4
        """,
        tenant_id,
        state,
        before,
        limit,
    )
    return [_campaign(record) for record in records]


async def want(
    conn: Connection, campaign: CampaignKey, wanted: WantedState, *, api_key_id: int
) -> None:
    """Set the wanted state and record who set it; the dialer obeys from the commit on."""
    await conn.execute(
        """
        WITH change AS (
            INSERT INTO campaign_changes (tenant_id, campaign_id, wanted_state, api_key_id, at)
            VALUES ($1, $2, $3, $4, clock_timestamp())
        )
        UPDATE campaigns SET wanted_state = $3 WHERE tenant_id = $1 AND id = $2
        """,
        *campaign,
        wanted,
        api_key_id,
    )


async def edit(
    conn: Connection, campaign: CampaignKey, definition: CampaignDefinition, *, api_key_id: int
) -> None:
    """Replace the definition and record who replaced it."""
    await conn.execute(
        """
        WITH edit AS (
            INSERT INTO campaign_edits (tenant_id, campaign_id, definition, api_key_id, at)
            VALUES ($1, $2, $4, $5, clock_timestamp())
        )
        UPDATE campaigns SET name = $3, definition = $4, revision = revision + 1
        WHERE tenant_id = $1 AND id = $2
        """,
        *campaign,
        definition.name,
        definition.model_dump_json(),
        api_key_id,
    )


async def bump_revision(conn: Connection, *, tenant_id: int | None) -> None:
    """Raise the revision of a tenant's campaigns, or of all: claimed attempts are rechecked."""
    await conn.execute(
        """
        UPDATE campaigns SET revision = revision + 1 WHERE (tenant_id, id) IN (
            SELECT tenant_id, id FROM campaigns
            WHERE ($1::integer IS NULL OR tenant_id = $1)
                AND state NOT IN ('completed', 'cancelled')
            -- In the order of locks (shared/db/locks.py).
            ORDER BY tenant_id, id FOR NO KEY UPDATE
        )
        """,
        tenant_id,
    )
