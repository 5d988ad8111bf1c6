"""The facts by which it is told why somebody is called or not, made of the rows that hold them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from shared.db.rows import campaign_caps, campaign_policy
from shared.definitions.policy import CampaignPolicy
from shared.domain.campaigns import CampaignState, WantedState
from shared.domain.capacity.scopes import Caps, Scope
from shared.domain.contacts import ContactState
from shared.domain.decision.gates import NEVER
from shared.domain.outcomes import Outcome
from shared.domain.places.calling_groups import CallingGroup
from shared.domain.policy.blackouts import Blackout
from shared.domain.policy.frequency import PastCall


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignScene:
    """A campaign, what its tenant says of the rules, and the black-outs that are not over."""

    id: int
    tenant_id: int
    trunk_id: int
    state: CampaignState
    wanted_state: WantedState
    policy: CampaignPolicy
    caps: dict[Scope, Caps]
    blackouts: list[Blackout]


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppressionInForce:
    """The one that lasts longest; campaign 0 is the list for all of them."""

    campaign_id: int
    reason: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveAttempt:
    id: UUID
    state: str
    claimed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactScene:
    """A contact with all that the decision looks at; its number stays in the database."""

    id: int
    state: ContactState
    outcome: str | None
    not_before: datetime | None
    waits_for: str | None
    expires_at: datetime | None
    attempts: int
    group: CallingGroup
    campaign: CampaignScene
    suppression: SuppressionInForce | None
    live: LiveAttempt | None
    calls: list[PastCall]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptScene:
    """`stopped_by` names the rule that stopped one that was dropped."""

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


def contact_scene(row: asyncpg.Record) -> ContactScene:
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
    return ContactScene(
        id=row["contact_id"],
        state=ContactState(row["contact_state"]),
        outcome=row["outcome"],
        not_before=row["not_before"],
        waits_for=row["waits_for"],
        expires_at=row["expires_at"],
        attempts=row["attempts"],
        group=CallingGroup(
            zones=tuple(row["zones"]),
            source=row["source"],
            jurisdictions=tuple(row["jurisdictions"]),
            jurisdiction_source=row["jurisdiction_source"],
        ),
        campaign=campaign_scene(row),
        suppression=suppression,
        live=live,
        calls=[_call(call) for call in row["calls"]],
    )


def campaign_scene(row: asyncpg.Record) -> CampaignScene:
    policy = campaign_policy(row)
    return CampaignScene(
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
