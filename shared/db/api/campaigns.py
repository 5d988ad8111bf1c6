"""Queries on campaigns: the API writes definition and wanted state, the scheduler the state."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

import asyncpg

from shared.db.types import Connection
from shared.definitions.campaign import CampaignDefinition
from shared.domain.campaigns import ENDED, CampaignKey, CampaignState, WantedState


class PlayedFlow(NamedTuple):
    """The tenant's own call flow that a campaign plays; None: the newest version, until a start."""

    flow_id: int
    version: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """`call_flow_version` is that of the tenant's own call flow, once it is fixed."""

    id: int
    name: str
    state: CampaignState
    wanted_state: WantedState
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    definition: CampaignDefinition
    call_flow_version: int | None

    @property
    def is_over(self) -> bool:
        """Whether it is ended, or cancelled and about to be ended by the scheduler."""
        return self.state in ENDED or self.wanted_state == WantedState.CANCELLED

    @property
    def is_draft(self) -> bool:
        """Whether it was never started; from the commit of a start on it is no draft."""
        return self.state == CampaignState.DRAFT and self.wanted_state == WantedState.DRAFT


class CampaignSort(StrEnum):
    """Orders of a list; the first is the usual one."""

    NEWEST = "-created_at"
    OLDEST = "created_at"
    NAME = "name"
    NAME_REVERSED = "-name"


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignFilter:
    """The campaigns that are wanted; None wants all. Created at `since` or later, before `until`.

    `name` is a part of their names, in small letters or capitals.
    """

    state: str | None = None
    name: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def campaign_of(record: asyncpg.Record | Mapping[str, Any]) -> Campaign:
    values = {
        "state": CampaignState(record["state"]),
        "wanted_state": WantedState(record["wanted_state"]),
        "definition": CampaignDefinition.stored(record["definition"]),
    }
    return Campaign(**{**record, **values})


async def find_trunks(conn: Connection, *, tenant_id: int, names: Sequence[str]) -> dict[str, int]:
    """The ids of these trunks by name, of those that the tenant may use."""
    rows = await conn.fetch(
        """
        SELECT name, id FROM trunks
        WHERE trunks.name = ANY ($2::text[]) AND (
            trunks.for_every_tenant OR EXISTS (
                SELECT FROM trunk_grants
                WHERE trunk_grants.tenant_id = $1 AND trunk_grants.trunk_id = trunks.id
            )
        )
        """,
        tenant_id,
        list(names),
    )
    return {row["name"]: row["id"] for row in rows}


async def insert(
    conn: Connection,
    *,
    tenant_id: int,
    trunk_ids: Sequence[int],
    definition: CampaignDefinition,
    flow: PlayedFlow | None = None,
    number_pool_id: int | None = None,
    agent_id: int | None = None,
) -> Campaign:
    first, *further = trunk_ids
    (record,) = await conn.fetch(
        """
        INSERT INTO campaigns (
            tenant_id, trunk_id, name, definition, call_flow_id, call_flow_version, number_pool_id,
            agent_id
        )
        SELECT $1, $2, $3, $4::text::jsonb, $5, $6, $7, $8
        -- Before the id is given (shared/db/api/added.py).
        FROM pg_current_xact_id()
        RETURNING id, name, state, wanted_state, created_at, started_at, ended_at, definition,
            call_flow_version
        """,
        tenant_id,
        first,
        definition.name,
        definition.model_dump_json(),
        *(flow or (None, None)),
        number_pool_id,
        agent_id,
    )
    if further:
        await _back_up(conn, CampaignKey(tenant_id, record["id"]), further)
    return campaign_of(record)


async def get(conn: Connection, *, tenant_id: int, campaign_id: int) -> Campaign | None:
    record = await conn.fetchrow(
        """
        SELECT id, name, state, wanted_state, created_at, started_at, ended_at, definition,
            call_flow_version
        FROM campaigns WHERE tenant_id = $1 AND id = $2
        """,
        tenant_id,
        campaign_id,
    )
    return campaign_of(record) if record else None


async def lock(conn: Connection, *, tenant_id: int, campaign_id: int) -> Campaign | None:
    """Get and lock a campaign, so that commands are decided one after the other."""
    record = await conn.fetchrow(
        """
        SELECT id, name, state, wanted_state, created_at, started_at, ended_at, definition,
            call_flow_version
        FROM campaigns WHERE tenant_id = $1 AND id = $2
        FOR NO KEY UPDATE
        """,
        tenant_id,
        campaign_id,
    )
    return campaign_of(record) if record else None


async def page(
    conn: Connection,
    *,
    tenant_id: int,
    wanted: CampaignFilter,
    before: int | None,
    limit: int,
) -> list[Campaign]:
    """A page of campaigns, newest first."""
    records = await conn.fetch(
        """
        SELECT id, name, state, wanted_state, created_at, started_at, ended_at, definition,
            call_flow_version
        FROM campaigns
        WHERE tenant_id = $1
            AND ($2::text IS NULL OR state = $2)
            AND ($3::text IS NULL OR strpos(lower(name), lower($3)) > 0)
            AND ($4::timestamptz IS NULL OR created_at >= $4)
            AND ($5::timestamptz IS NULL OR created_at < $5)
            AND ($6::bigint IS NULL OR id < $6)
        ORDER BY id DESC
        LIMIT $7
        """,
        tenant_id,
        *astuple(wanted),
        before,
        limit,
    )
    return [campaign_of(record) for record in records]


async def sorted_page(
    conn: Connection,
    *,
    tenant_id: int,
    wanted: CampaignFilter,
    sort: CampaignSort,
    after: tuple[str, int] | None,
    limit: int,
) -> list[Campaign]:
    """A page in another order, by name and id. It sorts all campaigns of the tenant."""
    records = await conn.fetch(
        """
        SELECT id, name, state, wanted_state, created_at, started_at, ended_at, definition,
            call_flow_version
        FROM campaigns
        WHERE tenant_id = $1
            AND ($2::text IS NULL OR state = $2)
            AND ($3::text IS NULL OR strpos(lower(name), lower($3)) > 0)
            AND ($4::timestamptz IS NULL OR created_at >= $4)
            AND ($5::timestamptz IS NULL OR created_at < $5)
            AND ($8::bigint IS NULL OR CASE $6::text
                WHEN 'created_at' THEN id > $8
                WHEN 'name' THEN (name, id) > ($7, $8)
                WHEN '-name' THEN (name, id) < ($7, $8)
            END)
        ORDER BY
            CASE WHEN $6 = 'name' THEN name END,
            CASE WHEN $6 = '-name' THEN name END DESC,
            CASE WHEN $6 = '-name' THEN -id ELSE id END
        LIMIT $9
        """,
        tenant_id,
        *astuple(wanted),
        sort,
        *(after or (None, None)),
        limit,
    )
    return [campaign_of(record) for record in records]


async def with_other_currency(conn: Connection, *, tenant_id: int, currency: str) -> int | None:
    """A campaign that has not ended and whose spend ceiling is in another currency."""
    campaign_id: int | None = await conn.fetchval(
        """
        SELECT id FROM campaigns
        WHERE tenant_id = $1 AND state NOT IN ('completed', 'cancelled')
            AND definition::jsonb #>> '{spend_ceiling,currency}' <> $2
        LIMIT 1
        """,
        tenant_id,
        currency,
    )
    return campaign_id


async def want(
    conn: Connection,
    campaign: CampaignKey,
    wanted: WantedState,
    *,
    api_key_id: int | None,
    traceparent: str | None,
) -> None:
    """Set the wanted state and record who set it; the dialer obeys from the commit on."""
    await conn.execute(
        """
        WITH change AS (
            INSERT INTO campaign_changes (tenant_id, campaign_id, wanted_state, api_key_id, at)
            VALUES ($1, $2, $3, $4, clock_timestamp())
        )
        UPDATE campaigns SET wanted_state = $3, traceparent = $5 WHERE tenant_id = $1 AND id = $2
        """,
        *campaign,
        wanted,
        api_key_id,
        traceparent,
    )


async def reopen(conn: Connection, campaign: CampaignKey) -> None:
    """Make a completed campaign a paused one again, whose policy is read anew.

    Single calls go on in the campaign that took its place.
    """
    await conn.execute(
        """
        UPDATE campaigns
        SET state = 'paused', ended_at = NULL, revision = revision + 1, takes_calls_of = NULL
        WHERE tenant_id = $1 AND id = $2
        """,
        *campaign,
    )


async def edit(
    conn: Connection,
    campaign: CampaignKey,
    definition: CampaignDefinition,
    *,
    api_key_id: int | None,
) -> None:
    """Replace the definition and record who replaced it.

    The trunks and the tenant's own call flow stay; `route` and `play` replace them.
    """
    await conn.execute(
        """
        WITH edit AS (
            INSERT INTO campaign_edits (tenant_id, campaign_id, definition, api_key_id, at)
            VALUES ($1, $2, $4, $5, clock_timestamp())
        )
        UPDATE campaigns
        SET name = $3, definition = $4, revision = revision + 1
        WHERE tenant_id = $1 AND id = $2
        """,
        *campaign,
        definition.name,
        definition.model_dump_json(),
        api_key_id,
    )


async def replan(conn: Connection, campaign: CampaignKey) -> None:
    """Let the scheduler plan the contacts that wait anew. Part of an `edit`."""
    await conn.execute(
        "UPDATE campaigns SET replan_after = '' WHERE tenant_id = $1 AND id = $2", *campaign
    )


async def route(conn: Connection, campaign: CampaignKey, trunk_ids: Sequence[int]) -> None:
    """Set the trunks of a draft in their order. Part of an `edit`."""
    first, *further = trunk_ids
    await conn.execute(
        "UPDATE campaigns SET trunk_id = $3 WHERE tenant_id = $1 AND id = $2", *campaign, first
    )
    await conn.execute(
        "DELETE FROM campaign_backup_trunks WHERE tenant_id = $1 AND campaign_id = $2", *campaign
    )
    if further:
        await _back_up(conn, campaign, further)


async def _back_up(conn: Connection, campaign: CampaignKey, trunk_ids: Sequence[int]) -> None:
    await conn.execute(
        """
        INSERT INTO campaign_backup_trunks (tenant_id, campaign_id, position, trunk_id)
        SELECT $1, $2, position, trunk_id
        FROM unnest($3::bigint[]) WITH ORDINALITY AS further (trunk_id, position)
        """,
        *campaign,
        list(trunk_ids),
    )


async def play(conn: Connection, campaign: CampaignKey, flow: PlayedFlow | None) -> None:
    """Set the tenant's own call flow of a draft; None: it plays none. Part of an `edit`."""
    await conn.execute(
        """
        UPDATE campaigns SET call_flow_id = $3, call_flow_version = $4
        WHERE tenant_id = $1 AND id = $2
        """,
        *campaign,
        *(flow or (None, None)),
    )


async def set_agent(conn: Connection, campaign: CampaignKey, agent_id: int | None) -> None:
    """Set the agent of a draft; None: it names none. Part of an `edit`."""
    await conn.execute(
        "UPDATE campaigns SET agent_id = $3 WHERE tenant_id = $1 AND id = $2", *campaign, agent_id
    )


async def set_number_pool(conn: Connection, campaign: CampaignKey, pool_id: int | None) -> None:
    """Set the number pool of a draft; None: it names none. Part of an `edit`."""
    await conn.execute(
        "UPDATE campaigns SET number_pool_id = $3 WHERE tenant_id = $1 AND id = $2",
        *campaign,
        pool_id,
    )


async def fix_call_flow(conn: Connection, campaign: CampaignKey) -> int:
    """Let a draft that starts keep the newest version of its flow; returns it."""
    version: int = await conn.fetchval(
        """
        UPDATE campaigns AS campaign SET call_flow_version = flow.version
        FROM call_flows AS flow
        WHERE campaign.tenant_id = $1 AND campaign.id = $2
            AND flow.tenant_id = $1 AND flow.id = campaign.call_flow_id
        RETURNING campaign.call_flow_version
        """,
        *campaign,
    )
    return version
