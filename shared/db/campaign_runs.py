"""campaigns, for the scheduler and the dialer; the scheduler writes the state, the api the rest."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import asyncpg

from shared.db import spend
from shared.db.policies import Policies
from shared.db.rows import (
    BackupTrunk,
    backups,
    campaign_caps,
    campaign_key,
    columns,
    outage,
    revision,
)
from shared.db.types import Connection
from shared.definitions.policy import CampaignPolicy
from shared.domain.campaigns import CampaignKey, CampaignState, WantedState
from shared.domain.capacity.scopes import Caps, Hierarchy, Scope, scopes_of
from shared.domain.capacity.trunk_health import Outage, stopping
from shared.domain.spend import SpendCeiling


@dataclass(frozen=True, slots=True)
class RunningCampaign:
    """A campaign by one of its trunks; `wanted`: it runs, and its owner wants it to run.

    `caps` are those of its scopes, without the installation's. `outage`: the trunk is down.
    `is_granted`: its tenant may use the trunk; only `running` reads it, and only of several trunks.
    `backups`: the same campaign by each trunk after its first, to be used while those before are
    down or full; they have none of their own.
    `spend`: its ceilings as they stand.
    """

    id: int
    tenant_id: int
    trunk_id: int
    wanted: bool
    policy: CampaignPolicy
    caps: dict[Scope, Caps]
    outage: Outage | None = None
    is_granted: bool = True
    is_backup: bool = False
    backups: tuple["RunningCampaign", ...] = ()
    spend: tuple[SpendCeiling, ...] = ()

    @property
    def key(self) -> CampaignKey:
        return CampaignKey(self.tenant_id, self.id)

    @property
    def scopes(self) -> Hierarchy:
        return scopes_of(tenant=self.tenant_id, trunk=self.trunk_id, campaign=self.id)

    @property
    def trunk(self) -> Scope:
        return Scope("trunk", self.trunk_id)

    @property
    def routes(self) -> tuple["RunningCampaign", ...]:
        """The campaign by each of its trunks, in the order of its owner."""
        return (self, *self.backups)

    @property
    def granted_routes(self) -> tuple["RunningCampaign", ...]:
        """Those by trunks that its tenant may use; all if there is none: the dialer drops them."""
        return tuple(route for route in self.routes if route.is_granted) or self.routes

    @property
    def outages(self) -> tuple[Outage, ...]:
        """Those of the trunks that its tenant may use, if all are down."""
        return stopping(route.outage for route in self.granted_routes)

    @property
    def backup_id(self) -> int | None:
        """The trunk as an attempt keeps it: None is the first one of the campaign."""
        return self.trunk_id if self.is_backup else None

    def by(self, backup_id: int | None) -> "RunningCampaign":
        """The campaign by the trunk that an attempt keeps."""
        if backup_id is None:
            return self
        return next(route for route in self.backups if route.trunk_id == backup_id)


@dataclass(frozen=True, slots=True)
class UnsettledCampaign:
    """A campaign that has not ended. `traceparent` is that of its last command."""

    id: int
    tenant_id: int
    policy: CampaignPolicy
    state: CampaignState
    wanted_state: WantedState
    traceparent: str | None = None

    @property
    def key(self) -> CampaignKey:
        return CampaignKey(self.tenant_id, self.id)


async def running(conn: Connection, policies: Policies) -> list[RunningCampaign]:
    """The campaigns whose contacts may be claimed."""
    rows = await conn.fetch(
        """
        SELECT campaign.tenant_id, campaign.id, campaign.trunk_id, campaign.revision,
            campaign.rules_revision, campaign.caps, campaign.backups, true AS wanted,
            trunk.name AS trunk, outage.since AS down_since, outage.probe_at, outage.cause,
            -- Those of its trunks whose grant has ended; none if it has only one trunk.
            ARRAY(
                SELECT own.id FROM campaign_backup_trunks AS backup
                JOIN trunks AS own ON own.id IN (campaign.trunk_id, backup.trunk_id)
                WHERE backup.tenant_id = campaign.tenant_id AND backup.campaign_id = campaign.id
                    AND NOT own.for_every_tenant AND NOT EXISTS (
                        SELECT FROM trunk_grants
                        WHERE trunk_grants.tenant_id = campaign.tenant_id
                            AND trunk_grants.trunk_id = own.id
                    )
            ) AS ungranted
        FROM campaign_terms AS campaign
        LEFT JOIN (trunk_outages AS outage JOIN trunks AS trunk ON trunk.id = outage.trunk_id)
            ON outage.trunk_id = campaign.trunk_id
        WHERE campaign.state NOT IN ('completed', 'cancelled')
            AND campaign.state = 'running' AND campaign.wanted_state = 'running'
        ORDER BY campaign.tenant_id, campaign.id
        """
    )
    return await _campaigns(conn, rows, policies)


async def current(
    conn: Connection, policies: Policies, campaigns: Collection[CampaignKey]
) -> tuple[dict[int, RunningCampaign], datetime]:
    """The campaigns as they are now, and the instant that PostgreSQL's clock shows."""
    rows = await conn.fetch(
        """
        SELECT campaign.tenant_id, campaign.id, campaign.trunk_id, campaign.revision,
            campaign.rules_revision, campaign.caps, campaign.backups,
            campaign.state = 'running' AND campaign.wanted_state = 'running' AS wanted,
            trunk.name AS trunk, outage.since AS down_since, outage.probe_at, outage.cause,
            '{}'::bigint[] AS ungranted, clock_timestamp() AS at
        FROM unnest($1::integer[], $2::bigint[]) AS asked (tenant_id, id)
        JOIN campaign_terms AS campaign
            ON campaign.tenant_id = asked.tenant_id AND campaign.id = asked.id
        LEFT JOIN (trunk_outages AS outage JOIN trunks AS trunk ON trunk.id = outage.trunk_id)
            ON outage.trunk_id = campaign.trunk_id
        """,
        *columns(campaigns),
    )
    at: datetime = rows[0]["at"] if rows else await conn.fetchval("SELECT clock_timestamp()")
    read = await _campaigns(conn, rows, policies)
    return {campaign.id: campaign for campaign in read}, at


async def traceparents(
    conn: Connection, campaigns: Collection[CampaignKey]
) -> dict[CampaignKey, str | None]:
    """The traces of the last commands to these campaigns."""
    rows = await conn.fetch(
        """
        SELECT campaign.tenant_id, campaign.id, campaign.traceparent
        FROM unnest($1::integer[], $2::bigint[]) AS asked (tenant_id, id)
        JOIN campaigns AS campaign USING (tenant_id, id)
        """,
        *columns(campaigns),
    )
    return {campaign_key(row): row["traceparent"] for row in rows}


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


async def uncleared(conn: Connection) -> list[CampaignKey]:
    """The cancelled campaigns of all tenants that may have contacts left to finish."""
    rows = await conn.fetch(
        """
        SELECT campaign.tenant_id, campaign.id AS campaign_id
        FROM tenants AS tenant JOIN campaigns AS campaign ON campaign.tenant_id = tenant.id
        WHERE campaign.state = 'cancelled' AND campaign.cleared_at IS NULL
        ORDER BY campaign.tenant_id, campaign.id
        """
    )
    return [CampaignKey(**row) for row in rows]


async def note_cleared(conn: Connection, campaign: CampaignKey, *, at: datetime) -> None:
    """A cancelled campaign has no contact left to finish, and gets no other.

    One that another transaction has locked is left for later.
    """
    await conn.execute(
        """
        UPDATE campaigns SET cleared_at = $3 WHERE tenant_id = $1 AND id IN (
            SELECT id FROM campaigns
            WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE SKIP LOCKED
        )
        """,
        *campaign,
        at,
    )


async def lock_unsettled(
    conn: Connection, policies: Policies, campaign: CampaignKey
) -> UnsettledCampaign | None:
    """Lock the campaign for this transaction; None if it has ended or another has locked it."""
    row = await conn.fetchrow(
        """
        SELECT campaign.id, campaign.tenant_id, campaign.revision, tenant.rules_revision,
            campaign.state, campaign.wanted_state, campaign.traceparent
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
        row["traceparent"],
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
    ceilings = await spend.standing_of(conn, known)
    campaigns = []
    for key, row in zip(keys, rows, strict=True):
        campaign = RunningCampaign(
            row["id"],
            row["tenant_id"],
            row["trunk_id"],
            row["wanted"],
            known[key],
            campaign_caps(row, known[key]),
            outage(row),
            is_granted=row["trunk_id"] not in row["ungranted"],
            spend=ceilings.get(key, ()),
        )
        if others := backups(row):
            by_others = tuple(
                _by_backup(campaign, trunk, is_granted=trunk.trunk_id not in row["ungranted"])
                for trunk in others
            )
            campaign = replace(campaign, backups=by_others)
        campaigns.append(campaign)
    return campaigns


def _by_backup(
    campaign: RunningCampaign, trunk: BackupTrunk, *, is_granted: bool
) -> RunningCampaign:
    others = {scope: caps for scope, caps in campaign.caps.items() if scope.kind != "trunk"}
    return replace(
        campaign,
        trunk_id=trunk.trunk_id,
        caps={trunk.scope: trunk.caps, **others},
        outage=trunk.outage,
        is_granted=is_granted,
        is_backup=True,
    )
