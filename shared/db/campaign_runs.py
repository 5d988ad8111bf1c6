"""campaigns, as those see them that run them; the scheduler writes the state, the api the rest."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from shared.db.policies import Policies
from shared.db.rows import campaign_caps, revision
from shared.db.types import Connection
from shared.definitions.policy import CampaignPolicy
from shared.domain.campaigns import CampaignState, WantedState
from shared.domain.capacity.scopes import Caps, Hierarchy, Scope, scopes_of


@dataclass(frozen=True, slots=True)
class RunningCampaign:
    """A campaign that may be called; `wanted` says that calls may be started now.

    `caps` are those of its scopes, without the installation's.
    """

    id: int
    tenant_id: int
    trunk_id: int
    wanted: bool
    policy: CampaignPolicy
    caps: dict[Scope, Caps]

    @property
    def scopes(self) -> Hierarchy:
        return scopes_of(tenant=self.tenant_id, trunk=self.trunk_id, campaign=self.id)


@dataclass(frozen=True, slots=True)
class UnsettledCampaign:
    """A campaign that has not ended."""

    id: int
    tenant_id: int
    policy: CampaignPolicy
    state: CampaignState
    wanted_state: WantedState


async def running(conn: Connection, policies: Policies) -> list[RunningCampaign]:
    """The campaigns whose contacts may be claimed."""
    rows = await conn.fetch(
        """
        SELECT c.id, c.tenant_id, c.trunk_id, c.revision, true AS wanted, t.rules_revision,
            t.max_concurrent AS tenant_concurrent, t.calls_per_second AS tenant_rate,
            k.max_concurrent AS trunk_concurrent, k.calls_per_second AS trunk_rate
        FROM campaigns c
        JOIN tenants t ON t.id = c.tenant_id
        JOIN trunks k ON k.id = c.trunk_id
        WHERE c.state NOT IN ('completed', 'cancelled')
            AND c.state = 'running' AND c.wanted_state = 'running'
        ORDER BY c.id
        """
    )
    return await _campaigns(conn, rows, policies)


async def current(
    conn: Connection, policies: Policies, ids: Collection[int]
) -> tuple[dict[int, RunningCampaign], datetime]:
    """The campaigns as they are now, and the instant that PostgreSQL's clock shows."""
    rows = await conn.fetch(
        """
        SELECT c.id, c.tenant_id, c.trunk_id, c.revision, clock_timestamp() AS at,
            c.state = 'running' AND c.wanted_state = 'running' AS wanted, t.rules_revision,
            t.max_concurrent AS tenant_concurrent, t.calls_per_second AS tenant_rate,
            k.max_concurrent AS trunk_concurrent, k.calls_per_second AS trunk_rate
        FROM campaigns c
        JOIN tenants t ON t.id = c.tenant_id
        JOIN trunks k ON k.id = c.trunk_id
        WHERE c.id = ANY($1)
        """,
        list(ids),
    )
    at: datetime = rows[0]["at"] if rows else await conn.fetchval("SELECT clock_timestamp()")
    campaigns = await _campaigns(conn, rows, policies)
    return {campaign.id: campaign for campaign in campaigns}, at


async def unsettled(conn: Connection) -> list[int]:
    """Ids of the campaigns that have something still to do."""
    rows = await conn.fetch(
        """
        SELECT id FROM campaigns
        WHERE state NOT IN ('completed', 'cancelled')
            AND NOT (state = 'draft' AND wanted_state = 'draft')
            AND NOT (state = 'paused' AND wanted_state = 'paused')
        ORDER BY id
        """
    )
    return [row["id"] for row in rows]


async def lock_unsettled(
    conn: Connection, policies: Policies, campaign_id: int
) -> UnsettledCampaign | None:
    """The campaign for this transaction alone; None when it has ended or another works on it."""
    row = await conn.fetchrow(
        """
        SELECT c.id, c.tenant_id, c.revision, t.rules_revision, c.state, c.wanted_state
        FROM campaigns c JOIN tenants t ON t.id = c.tenant_id
        WHERE c.id = $1 AND c.state NOT IN ('completed', 'cancelled')
        FOR NO KEY UPDATE OF c SKIP LOCKED
        """,
        campaign_id,
    )
    if row is None:
        return None
    known = await policies.of(conn, {campaign_id: revision(row)})
    return UnsettledCampaign(
        row["id"],
        row["tenant_id"],
        known[campaign_id],
        CampaignState(row["state"]),
        WantedState(row["wanted_state"]),
    )


async def move(conn: Connection, campaign_id: int, state: CampaignState, *, at: datetime) -> None:
    await conn.execute(
        """
        UPDATE campaigns
        SET state = $2,
            started_at = CASE WHEN $2 = 'running' THEN coalesce(started_at, $3) ELSE started_at END,
            ended_at = CASE WHEN $2 IN ('completed', 'cancelled') THEN $3 END
        WHERE id = $1
        """,
        campaign_id,
        state,
        at,
    )


async def _campaigns(
    conn: Connection, rows: Sequence[asyncpg.Record], policies: Policies
) -> list[RunningCampaign]:
    known = await policies.of(conn, {row["id"]: revision(row) for row in rows})
    return [
        RunningCampaign(
            row["id"],
            row["tenant_id"],
            row["trunk_id"],
            row["wanted"],
            known[row["id"]],
            campaign_caps(row, known[row["id"]]),
        )
        for row in rows
    ]
