"""campaigns, for the scheduler and the dialer; the scheduler writes the state, the api the rest."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from shared.db.policies import Policies
from shared.db.rows import campaign_caps, campaign_key, columns, revision
from shared.db.types import Connection
from shared.definitions.policy import CampaignPolicy
from shared.domain.campaigns import CampaignKey, CampaignState, WantedState
from shared.domain.capacity.scopes import Caps, Hierarchy, Scope, scopes_of


@dataclass(frozen=True, slots=True)
class RunningCampaign:
    """A campaign with its policy and its caps; `wanted`: it runs, and its owner wants it to run.

    `caps` are those of its scopes, without the installation's.
    """

    id: int
    tenant_id: int
    trunk_id: int
    wanted: bool
    policy: CampaignPolicy
    caps: dict[Scope, Caps]

    @property
    def key(self) -> CampaignKey:
        return CampaignKey(self.tenant_id, self.id)

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

    @property
    def key(self) -> CampaignKey:
        return CampaignKey(self.tenant_id, self.id)


async def running(conn: Connection, policies: Policies) -> list[RunningCampaign]:
    """The campaigns whose contacts may be claimed."""
    rows = await conn.fetch(
        """
        SELECT tenant_id, id, trunk_id, revision, rules_revision, caps, true AS wanted
        FROM campaign_terms
        WHERE state NOT IN ('completed', 'cancelled')
            AND state = 'running' AND wanted_state = 'running'
        ORDER BY tenant_id, id
        """
    )
    return await _campaigns(conn, rows, policies)


async def current(
    conn: Connection, policies: Policies, campaigns: Collection[CampaignKey]
) -> tuple[dict[int, RunningCampaign], datetime]:
    """The campaigns as they are now, and the instant that PostgreSQL's clock shows."""
    rows = await conn.fetch(
        """
        SELECT tenant_id, id, trunk_id, revision, rules_revision, caps,
            state = 'running' AND wanted_state = 'running' AS wanted, clock_timestamp() AS at
        FROM unnest($1::integer[], $2::bigint[]) AS asked (tenant_id, id)
        JOIN campaign_terms USING (tenant_id, id)
        """,
        *columns(campaigns),
    )
    at: datetime = rows[0]["at"] if rows else await conn.fetchval("SELECT clock_timestamp()")
    read = await _campaigns(conn, rows, policies)
    return {campaign.id: campaign for campaign in read}, at


async def unsettled(conn: Connection) -> list[CampaignKey]:
    """The campaigns of all tenants whose state may have to change."""
    rows = await conn.fetch(
        """
        SELECT campaign.tenant_id, campaign.id AS campaign_id
        FROM tenants AS tenant JOIN campaigns AS campaign ON campaign.tenant_id = tenant.id
        WHERE campaign.state NOT IN ('completed', 'cancelled')
            AND NOT (campaign.state = 'draft' AND campaign.wanted_state = 'draft')
            AND NOT (campaign.state = 'paused' AND campaign.wanted_state = 'paused')
        ORDER BY campaign.tenant_id, campaign.id
        """
    )
    return [CampaignKey(**row) for row in rows]


async def lock_unsettled(
    conn: Connection, policies: Policies, campaign: CampaignKey
) -> UnsettledCampaign | None:
    """Lock the campaign for this transaction; None if it has ended or another has locked it."""
    row = await conn.fetchrow(
        """
        SELECT campaign.id, campaign.tenant_id, campaign.revision, tenant.rules_revision,
            campaign.state, campaign.wanted_state
        FROM campaigns AS campaign JOIN tenants AS tenant ON tenant.id = campaign.tenant_id
        WHERE campaign.tenant_id = $1 AND campaign.id = $2
            AND campaign.state NOT IN ('completed', 'cancelled')
        FOR NO KEY UPDATE OF campaign SKIP LOCKED
        """,
        *campaign,
    )
    if row is None:
        return None
    known = await policies.of(conn, {campaign: revision(row)})
    return UnsettledCampaign(
        row["id"],
        row["tenant_id"],
        known[campaign],
        CampaignState(row["state"]),
        WantedState(row["wanted_state"]),
    )


async def move(
    conn: Connection, campaign: CampaignKey, state: CampaignState, *, at: datetime
) -> None:
    await conn.execute(
        """
        UPDATE campaigns
        SET state = $3,
            started_at = CASE WHEN $3 = 'running' THEN coalesce(started_at, $4) ELSE started_at END,
            ended_at = CASE WHEN $3 IN ('completed', 'cancelled') THEN $4 END
        WHERE tenant_id = $1 AND id = $2
        """,
        *campaign,
        state,
        at,
    )


async def _campaigns(
    conn: Connection, rows: Sequence[asyncpg.Record], policies: Policies
) -> list[RunningCampaign]:
    keys = [campaign_key(row) for row in rows]
    known = await policies.of(conn, dict(zip(keys, map(revision, rows), strict=True)))
    return [
        RunningCampaign(
            row["id"],
            row["tenant_id"],
            row["trunk_id"],
            row["wanted"],
            known[key],
            campaign_caps(row, known[key]),
        )
        for key, row in zip(keys, rows, strict=True)
    ]
