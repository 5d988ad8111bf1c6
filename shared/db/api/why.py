"""Queries of the why questions: the facts of a contact, an attempt or a campaign; all only read.

Each question is one statement, so that its facts are of one moment. Only a policy that is not
known yet is read after it.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from shared.db import caller_id_uses, spend
from shared.db.person_calls import LOOK_BACK
from shared.db.policies import Policies
from shared.db.rows import (
    attributes,
    backups,
    calling_group,
    campaign_caps,
    campaign_key,
    outage,
    revision,
)
from shared.db.types import Connection
from shared.definitions.policy import CampaignPolicy
from shared.domain.calendar.intervals import NEVER
from shared.domain.call_flows import texts
from shared.domain.campaigns import ENDED, CampaignState, WantedState
from shared.domain.capacity.caller_ids import NoCallerId, spent
from shared.domain.capacity.scopes import INSTALLATION, Caps, Scope
from shared.domain.capacity.trunk_health import Outage, stopping
from shared.domain.contacts import ContactState
from shared.domain.outcomes import Outcome
from shared.domain.places.calling_groups import CallingGroup
from shared.domain.policy.blackouts import Blackout
from shared.domain.policy.frequency import PastCall
from shared.domain.spend import SpendCeiling


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignRow:
    """A campaign with the rules of its tenant and the black-outs that are not over.

    `outages` has one for each of its trunks, in their order: None if it is up.
    `spend`: its ceilings as they stand.
    """

    id: int
    tenant_id: int
    state: CampaignState
    wanted_state: WantedState
    policy: CampaignPolicy
    caps: dict[Scope, Caps]
    blackouts: list[Blackout]
    outages: tuple[Outage | None, ...]
    spend: tuple[SpendCeiling, ...]

    def stopping_outages(self, *, now: datetime) -> tuple[Outage, ...]:
        """Those of its trunks if all are down, for an answer to why."""
        return tuple(outage.seen(now=now) for outage in stopping(self.outages))

    @property
    def stopped(self) -> str | None:
        """Why its state forbids every call. A start allows them before the scheduler sees it."""
        if self.state in ENDED:
            return str(self.state)
        if self.wanted_state is WantedState.RUNNING:
            return None
        return str(self.wanted_state)


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppressionInForce:
    """The suppression that lasts longest; campaign 0 is the list of all campaigns."""

    campaign_id: int
    reason: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveAttempt:
    id: UUID
    state: str
    claimed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRow:
    """A contact with all facts of the decision, without its number.

    `is_called_elsewhere`: a live attempt of another campaign holds the number. `refused`: why the
    number is of no destination of the tenant. `missing_variables` are those of the call flow that
    it lacks.
    """

    id: int
    state: ContactState
    outcome: str | None
    not_before: datetime | None
    waits_for: str | None
    expires_at: datetime | None
    attempts: int
    missing_variables: tuple[str, ...]
    group: CallingGroup
    campaign: CampaignRow
    suppression: SuppressionInForce | None
    live: LiveAttempt | None
    is_called_elsewhere: bool
    refused: str | None
    calls: list[PastCall]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRow:
    """`stopped_by` names the rule for which a dropped attempt was stopped."""

    id: UUID
    campaign_id: int
    contact_id: int
    number: int
    state: str
    outcome: str | None
    reason: str | None
    stopped_by: str | None
    rules: str
    tzdata_version: str
    window_closes_at: datetime
    claimed_at: datetime
    dialing_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class InUse:
    """Live attempts of a scope: those that wait to be dialed, and those that hold a permit."""

    claimed: int
    dialed: int


async def contact(
    conn: Connection, policies: Policies, *, tenant_id: int, contact_id: int, now: datetime
) -> ContactRow | None:
    row = await conn.fetchrow(
        """
        SELECT contact.id AS contact_id, contact.state AS contact_state, contact.outcome,
            NULLIF(contact.not_before, '-infinity') AS not_before, contact.waits_for,
            contact.expires_at, contact.attempts, turn.number, contact.external_id,
            contact.attributes::text AS attributes,
            g.zones, g.source, g.jurisdictions, g.jurisdiction_source, g.number_zones,
            campaign.id, campaign.tenant_id, campaign.trunk_id, campaign.state,
            campaign.wanted_state, campaign.revision, campaign.rules_revision, campaign.caps,
            campaign.backups,
            trunk.name AS trunk, outage.since AS down_since, outage.probe_at, outage.cause,
            ARRAY (
                SELECT ROW (blackout.id, blackout.tenant_id, blackout.jurisdiction,
                    blackout.starts_at, NULLIF(blackout.ends_at, 'infinity'), blackout.reason)
                FROM blackouts AS blackout
                WHERE blackout.ends_at > $3 AND blackout.starts_at < blackout.ends_at
                    AND (blackout.tenant_id IS NULL OR blackout.tenant_id = $1)
            ) AS blackouts,
            suppression.campaign_id AS list, suppression.reason AS suppression,
            suppression.created_at AS suppressed_since,
            NULLIF(suppression.expires_at, 'infinity') AS suppressed_until,
            attempt.id AS attempt_id, attempt.state AS attempt_state, attempt.claimed_at,
            EXISTS (
                SELECT FROM attempts AS other
                WHERE other.tenant_id = $1 AND other.phone = turn.number
                    AND other.ended_at IS NULL AND other.contact_id <> contact.id
            ) AS is_called_elsewhere,
            ARRAY (
                SELECT ROW (call.dialing_at, call.subject, call.outcome, call.ended_at)
                FROM person_calls AS call
                WHERE call.tenant_id = $1 AND call.number = turn.number
                    AND (call.dialing_at >= $4 OR call.ended_at >= $4 OR call.ended_at IS NULL)
                ORDER BY call.dialing_at
            ) AS calls
        FROM contacts AS contact
        JOIN campaign_terms AS campaign
            ON campaign.tenant_id = contact.tenant_id AND campaign.id = contact.campaign_id
        -- The next of several numbers that no suppression forbids: the contact goes on to it.
        LEFT JOIN LATERAL (
            SELECT own.number, own.calling_group_id
            FROM contact_numbers AS current
            JOIN contact_numbers AS own ON own.tenant_id = $1 AND own.contact_id = contact.id
                AND NOT own.is_passed_over
            CROSS JOIN LATERAL suppressed_until($1, contact.campaign_id, own.number, $3) AS put_off
            WHERE current.tenant_id = $1 AND current.contact_id = contact.id
                AND current.number = contact.phone AND put_off.until IS NULL
            ORDER BY own.position < current.position, own.position LIMIT 1
        ) AS free ON contact.next_number IS NOT NULL AND contact.state = 'pending'
        CROSS JOIN LATERAL (
            -- Behind a policy no index takes a condition with COALESCE.
            SELECT CASE WHEN free.number IS NULL THEN contact.phone ELSE free.number END AS number,
                CASE WHEN free.number IS NULL THEN contact.calling_group_id
                    ELSE free.calling_group_id END AS calling_group_id
        ) AS turn
        JOIN calling_groups g ON g.id = turn.calling_group_id
        LEFT JOIN (trunk_outages AS outage JOIN trunks AS trunk ON trunk.id = outage.trunk_id)
            ON outage.trunk_id = campaign.trunk_id
        LEFT JOIN LATERAL (
            SELECT campaign_id, reason, created_at, expires_at FROM suppressions
            WHERE tenant_id = $1 AND number = turn.number AND campaign_id IN (0, campaign.id)
                AND expires_at > $3
            ORDER BY expires_at DESC, campaign_id LIMIT 1
        ) AS suppression ON true
        LEFT JOIN attempts AS attempt
            ON attempt.tenant_id = contact.tenant_id AND attempt.contact_id = contact.id
            AND attempt.ended_at IS NULL
        WHERE contact.tenant_id = $1 AND contact.id = $2
        """,
        tenant_id,
        contact_id,
        now,
        now - LOOK_BACK,
    )
    if row is None:
        return None
    campaign = await _campaign_row(conn, policies, row)
    return None if campaign is None else _contact_row(row, campaign)


async def attempt(conn: Connection, *, tenant_id: int, attempt_id: UUID) -> AttemptRow | None:
    row = await conn.fetchrow(
        """
        SELECT attempt.id, attempt.campaign_id, attempt.contact_id, attempt.number, attempt.state,
            attempt.outcome, attempt.reason, attempt.stopped_by, attempt.rules,
            attempt.tzdata_version, attempt.window_closes_at, attempt.claimed_at,
            attempt.dialing_at, attempt.ended_at
        FROM attempts AS attempt WHERE attempt.tenant_id = $1 AND attempt.id = $2
        """,
        tenant_id,
        attempt_id,
    )
    return None if row is None else AttemptRow(**row)


async def campaign(
    conn: Connection, policies: Policies, *, tenant_id: int, campaign_id: int, now: datetime
) -> CampaignRow | None:
    row = await conn.fetchrow(
        """
        SELECT campaign.id, campaign.tenant_id, campaign.trunk_id, campaign.state,
            campaign.wanted_state, campaign.revision, campaign.rules_revision, campaign.caps,
            campaign.backups,
            trunk.name AS trunk, outage.since AS down_since, outage.probe_at, outage.cause,
            ARRAY (
                SELECT ROW (blackout.id, blackout.tenant_id, blackout.jurisdiction,
                    blackout.starts_at, NULLIF(blackout.ends_at, 'infinity'), blackout.reason)
                FROM blackouts AS blackout
                WHERE blackout.ends_at > $3 AND blackout.starts_at < blackout.ends_at
                    AND (blackout.tenant_id IS NULL OR blackout.tenant_id = $1)
            ) AS blackouts
        FROM campaign_terms AS campaign
        LEFT JOIN (trunk_outages AS outage JOIN trunks AS trunk ON trunk.id = outage.trunk_id)
            ON outage.trunk_id = campaign.trunk_id
        WHERE campaign.id = $2 AND campaign.tenant_id = $1
        """,
        tenant_id,
        campaign_id,
        now,
    )
    return None if row is None else await _campaign_row(conn, policies, row)


async def no_caller_id(
    conn: Connection, campaign: CampaignRow, *, now: datetime
) -> NoCallerId | None:
    """Why the campaign can show no caller ID now; only a capped pool costs a query."""
    pool = campaign.policy.pool
    if pool is None or not pool.is_capped:
        return campaign.policy.no_caller_id
    known = await caller_id_uses.read(conn, tenant_id=campaign.tenant_id, numbers=pool.numbers)
    return spent(pool, known.uses, now=now)


async def in_use(conn: Connection, *, tenant_id: int) -> dict[Scope, InUse]:
    """Live attempts by scope: of the tenant and its campaigns, of all trunks, of the installation.

    They are read from the small index that holds them and nothing else. The totals of a trunk come
    from a function that sees all tenants; the api's own role sees its tenant only.
    """
    rows = await conn.fetch(
        """
        SELECT NULL::integer AS tenant_id, NULL::bigint AS campaign_id, trunk_id, claimed, dialed
        FROM live_attempts_by_trunk()
        UNION ALL
        SELECT tenant_id, campaign_id, NULL::bigint AS trunk_id,
            count(*) FILTER (WHERE state = 'claimed') AS claimed,
            count(*) FILTER (WHERE state <> 'claimed') AS dialed
        FROM attempts WHERE tenant_id = $1 AND ended_at IS NULL
        GROUP BY tenant_id, campaign_id
        """,
        tenant_id,
    )
    claimed, dialed = Counter[Scope](), Counter[Scope]()
    for row in rows:
        for scope in _counted_in(row):
            claimed[scope] += row["claimed"]
            dialed[scope] += row["dialed"]
    return {scope: InUse(claimed[scope], dialed[scope]) for scope in claimed}


def _counted_in(row: asyncpg.Record) -> tuple[Scope, Scope]:
    if row["tenant_id"] is None:
        return INSTALLATION, Scope("trunk", row["trunk_id"])
    return Scope("tenant", row["tenant_id"]), Scope("campaign", row["campaign_id"])


def _contact_row(row: asyncpg.Record, campaign: CampaignRow) -> ContactRow:
    suppression = live = None
    if row["list"] is not None:
        suppression = SuppressionInForce(
            campaign_id=row["list"],
            reason=row["suppression"],
            since=row["suppressed_since"],
            until=row["suppressed_until"] or NEVER,
        )
    if row["attempt_id"] is not None:
        live = LiveAttempt(
            id=row["attempt_id"], state=row["attempt_state"], claimed_at=row["claimed_at"]
        )
    return ContactRow(
        id=row["contact_id"],
        state=ContactState(row["contact_state"]),
        outcome=row["outcome"],
        not_before=row["not_before"],
        waits_for=row["waits_for"],
        expires_at=row["expires_at"],
        attempts=row["attempts"],
        missing_variables=_missing_variables(row, campaign.policy),
        group=calling_group(row),
        campaign=campaign,
        suppression=suppression,
        live=live,
        is_called_elsewhere=row["is_called_elsewhere"],
        refused=campaign.policy.tenant_rules.destinations.refusal_of(row["number"]),
        calls=[_call(call) for call in row["calls"]],
    )


def _missing_variables(row: asyncpg.Record, policy: CampaignPolicy) -> tuple[str, ...]:
    if not policy.required_variables:
        return ()
    # The number and the name of the campaign are always known, and not read here.
    known = texts.known_of(
        attributes(row["attributes"]), number="", external_id=row["external_id"], campaign_name=""
    )
    return tuple(sorted(policy.required_variables - known.keys()))


async def _campaign_row(
    conn: Connection, policies: Policies, row: asyncpg.Record
) -> CampaignRow | None:
    """None if the draft was deleted after the row was read."""
    key = campaign_key(row)
    policy = (await policies.of(conn, {key: revision(row)})).get(key)
    if policy is None:
        return None
    further = backups(row)
    ceilings = await spend.standing_of(conn, {key: policy})
    return CampaignRow(
        id=row["id"],
        tenant_id=row["tenant_id"],
        state=CampaignState(row["state"]),
        wanted_state=WantedState(row["wanted_state"]),
        policy=policy,
        caps={trunk.scope: trunk.caps for trunk in reversed(further)} | campaign_caps(row, policy),
        blackouts=[_blackout(blackout) for blackout in row["blackouts"]],
        outages=(outage(row), *(trunk.outage for trunk in further)),
        spend=ceilings.get(key, ()),
    )


def _blackout(row: asyncpg.Record) -> Blackout:
    blackout_id, tenant_id, jurisdiction, starts_at, ends_at, reason = row
    return Blackout(
        id=blackout_id,
        tenant_id=tenant_id,
        jurisdiction=jurisdiction,
        starts_at=starts_at,
        ends_at=ends_at or NEVER,
        reason=reason,
    )


def _call(row: asyncpg.Record) -> PastCall:
    dialing_at, subject, outcome, ended_at = row
    return PastCall(dialing_at, subject, None if outcome is None else Outcome(outcome), ended_at)
