"""Queries of the why questions: the facts of a contact, an attempt or a campaign; all only read.

Each question is one statement, so that its facts are of one moment.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from shared.db.person_calls import LOOK_BACK
from shared.db.rows import calling_group, campaign_caps, campaign_policy
from shared.db.types import Connection
from shared.definitions.policy import CampaignPolicy
from shared.domain.calendar.intervals import NEVER
from shared.domain.campaigns import ENDED, CampaignKey, CampaignState, WantedState
from shared.domain.capacity.scopes import Caps, Scope, scopes_of
from shared.domain.contacts import ContactState
from shared.domain.outcomes import Outcome
from shared.domain.places.calling_groups import CallingGroup
from shared.domain.policy.blackouts import Blackout
from shared.domain.policy.frequency import PastCall
from shared.domain.wait_buckets import BUCKET_SECONDS, WaitBucket

BUCKETS_AN_HOUR = 3_600 // BUCKET_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignRow:
    """A campaign with the rules of its tenant and the black-outs that are not over."""

    id: int
    tenant_id: int
    trunk_id: int
    state: CampaignState
    wanted_state: WantedState
    policy: CampaignPolicy
    caps: dict[Scope, Caps]
    blackouts: list[Blackout]

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
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveAttempt:
    id: UUID
    state: str
    claimed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRow:
    """A contact with all facts of the decision, without its number."""

    id: int
    state: ContactState
    outcome: str | None
    not_before: datetime | None
    waits_for: str | None
    expires_at: datetime | None
    attempts: int
    group: CallingGroup
    campaign: CampaignRow
    suppression: SuppressionInForce | None
    live: LiveAttempt | None
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
    conn: Connection, *, tenant_id: int, contact_id: int, now: datetime
) -> ContactRow | None:
    row = await conn.fetchrow(
        """
        SELECT contact.id AS contact_id, contact.state AS contact_state, contact.outcome,
            NULLIF(contact.not_before, '-infinity') AS not_before, contact.waits_for,
            contact.expires_at, contact.attempts,
            g.zones, g.source, g.jurisdictions, g.jurisdiction_source,
            campaign.id, campaign.tenant_id, campaign.trunk_id, campaign.state,
            campaign.wanted_state, campaign.definition, campaign.revision,
            campaign.rules_revision, campaign.tenant_rules, campaign.caps,
            ARRAY (
                SELECT ROW (blackout.id, blackout.tenant_id, blackout.jurisdiction,
                    blackout.starts_at, NULLIF(blackout.ends_at, 'infinity'), blackout.reason)
                FROM blackouts AS blackout
                WHERE blackout.ends_at > $3 AND blackout.starts_at < blackout.ends_at
                    AND (blackout.tenant_id IS NULL OR blackout.tenant_id = $1)
            ) AS blackouts,
            suppression.campaign_id AS list, suppression.reason AS suppression,
            NULLIF(suppression.expires_at, 'infinity') AS suppressed_until,
            attempt.id AS attempt_id, attempt.state AS attempt_state, attempt.claimed_at,
            ARRAY (
                SELECT ROW (call.dialing_at, call.subject, call.outcome, call.ended_at)
                FROM person_calls AS call
                WHERE call.tenant_id = $1 AND call.number = contact.number
                    AND (call.dialing_at >= $4 OR call.ended_at >= $4 OR call.ended_at IS NULL)
                ORDER BY call.dialing_at
            ) AS calls
        FROM contacts AS contact
        JOIN campaign_terms AS campaign
            ON campaign.tenant_id = contact.tenant_id AND campaign.id = contact.campaign_id
        JOIN calling_groups g ON g.id = contact.calling_group_id
        LEFT JOIN LATERAL (
            SELECT campaign_id, reason, expires_at FROM suppressions
            WHERE tenant_id = $1 AND number = contact.number AND campaign_id IN (0, campaign.id)
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
    return None if row is None else _contact_row(row)


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
    conn: Connection, *, tenant_id: int, campaign_id: int, now: datetime
) -> CampaignRow | None:
    row = await conn.fetchrow(
        """
        SELECT campaign.id, campaign.tenant_id, campaign.trunk_id, campaign.state,
            campaign.wanted_state, campaign.definition, campaign.revision,
            campaign.rules_revision, campaign.tenant_rules, campaign.caps,
            ARRAY (
                SELECT ROW (blackout.id, blackout.tenant_id, blackout.jurisdiction,
                    blackout.starts_at, NULLIF(blackout.ends_at, 'infinity'), blackout.reason)
                FROM blackouts AS blackout
                WHERE blackout.ends_at > $3 AND blackout.starts_at < blackout.ends_at
                    AND (blackout.tenant_id IS NULL OR blackout.tenant_id = $1)
            ) AS blackouts
        FROM campaign_terms AS campaign
        WHERE campaign.id = $2 AND campaign.tenant_id = $1
        """,
        tenant_id,
        campaign_id,
        now,
    )
    return None if row is None else _campaign_row(row)


async def waiting(
    conn: Connection, campaign: CampaignKey, *, now: datetime
) -> list[tuple[WaitBucket, int]]:
    """The waiting contacts by bucket: every five minutes of the next hour, then hour by hour.

    The bucket of an hour carries its first five minutes in which a contact waits.
    """
    rows = await conn.fetch(
        """
        SELECT calling_group_id, waits_for, min(five_minutes) AS five_minutes,
            sum(contacts)::bigint AS contacts
        FROM waiting_contacts
        WHERE tenant_id = $1 AND campaign_id = $2 AND contacts <> 0
        GROUP BY calling_group_id, waits_for, CASE
            WHEN five_minutes <= five_minutes_of($3) THEN 0
            WHEN five_minutes <= five_minutes_of($3) + $4 THEN five_minutes
            -- Hours since 1970: their numbers are far smaller than those of five minutes.
            ELSE five_minutes / $4 END
        """,
        *campaign,
        now,
        BUCKETS_AN_HOUR,
    )
    return [
        (
            WaitBucket(
                *campaign,
                row["calling_group_id"],
                row["waits_for"],
                row["five_minutes"],
            ),
            row["contacts"],
        )
        for row in rows
    ]


async def in_use(conn: Connection) -> dict[Scope, InUse]:
    """Live attempts by scope, from the small index that holds them and nothing else."""
    rows = await conn.fetch(
        """
        SELECT campaign.id, campaign.tenant_id, campaign.trunk_id,
            count(*) FILTER (WHERE attempt.state = 'claimed') AS claimed,
            count(*) FILTER (WHERE attempt.state <> 'claimed') AS dialed
        FROM tenants AS tenant
        -- OFFSET 0 keeps the tenants outside, so each is an equality on attempts_live.
        CROSS JOIN LATERAL (
            SELECT tenant_id, campaign_id, state FROM attempts
            WHERE tenant_id = tenant.id AND ended_at IS NULL OFFSET 0
        ) AS attempt
        JOIN campaigns AS campaign
            ON campaign.tenant_id = attempt.tenant_id AND campaign.id = attempt.campaign_id
        GROUP BY campaign.tenant_id, campaign.id
        """
    )
    claimed, dialed = Counter[Scope](), Counter[Scope]()
    for row in rows:
        for scope in scopes_of(tenant=row["tenant_id"], trunk=row["trunk_id"], campaign=row["id"]):
            claimed[scope] += row["claimed"]
            dialed[scope] += row["dialed"]
    return {scope: InUse(claimed[scope], dialed[scope]) for scope in claimed}


def _contact_row(row: asyncpg.Record) -> ContactRow:
    suppression = live = None
    if row["list"] is not None:
        suppression = SuppressionInForce(
            campaign_id=row["list"],
            reason=row["suppression"],
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
        group=calling_group(row),
        campaign=_campaign_row(row),
        suppression=suppression,
        live=live,
        calls=[_call(call) for call in row["calls"]],
    )


def _campaign_row(row: asyncpg.Record) -> CampaignRow:
    policy = campaign_policy(row)
    return CampaignRow(
        id=row["id"],
        tenant_id=row["tenant_id"],
        trunk_id=row["trunk_id"],
        state=CampaignState(row["state"]),
        wanted_state=WantedState(row["wanted_state"]),
        policy=policy,
        caps=campaign_caps(row, policy),
        blackouts=[_blackout(blackout) for blackout in row["blackouts"]],
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
