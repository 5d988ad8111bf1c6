"""Why a contact is called or not, what allowed or stopped an attempt, what a campaign waits for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.api.http.auth import Caller
from services.api.http.resources import Resources
from services.api.refusals import not_found
from services.api.why_campaign import Scene, Why, explain
from shared.db import campaign_groups
from shared.db.api import why as scenes
from shared.db.api.suppressions import ALL_CAMPAIGNS
from shared.db.api.why_scenes import AttemptScene, CampaignScene, ContactScene, InUse
from shared.db.types import Connection
from shared.definitions.policy import CampaignPolicy
from shared.domain.campaigns import ENDED, WantedState
from shared.domain.capacity.scopes import INSTALLATION, Caps, ScopeKind
from shared.domain.decision.gates import NEVER, ContactFacts, call_up_until
from shared.domain.decision.verdict import Verdict, decide
from shared.domain.policy.blackouts import Blackout, blacked_out
from shared.domain.policy.calling_rules import CallingRules
from shared.domain.policy.rules import Rule
from shared.domain.reasons import Reason

NOTHING = InUse(claimed=0, dialed=0)


@dataclass(frozen=True, slots=True)
class Capacity:
    """A scope of caps above a contact, and what is in use of it."""

    scope: ScopeKind
    caps: Caps
    in_use: InUse


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactWhy:
    """`capacity` is told of one that nothing but pacing keeps."""

    scene: ContactScene
    rules: CallingRules
    verdict: Verdict
    next_at: datetime | None
    capacity: Sequence[Capacity]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptWhy:
    """`rule` is the one that stopped it, if it still exists."""

    scene: AttemptScene
    rule: Rule | None
    contact: ContactWhy


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignWhy:
    scene: CampaignScene
    stopped: str | None
    waiting: dict[Why, int]
    at: datetime


async def of_contact(
    resources: Resources, caller: Caller, contact_id: int, *, now: datetime
) -> ContactWhy:
    async with resources.pool.acquire() as conn:
        return await _of_contact(conn, resources, caller, contact_id, now=now)


async def of_attempt(
    resources: Resources, caller: Caller, attempt_id: UUID, *, now: datetime
) -> AttemptWhy:
    async with resources.pool.acquire() as conn:
        scene = await scenes.attempt(conn, tenant_id=caller.tenant_id, attempt_id=attempt_id)
        if scene is None:
            raise not_found()
        contact = await _of_contact(conn, resources, caller, scene.contact_id, now=now)
    rule = _stopping_rule(resources, scene, contact.scene.campaign.policy)
    return AttemptWhy(scene=scene, rule=rule, contact=contact)


async def of_campaign(
    resources: Resources, caller: Caller, campaign_id: int, *, now: datetime
) -> CampaignWhy:
    """Read from counts that are kept up: it costs the same for ten contacts and for a million."""
    async with resources.pool.acquire() as conn:
        campaign = await scenes.campaign(
            conn, tenant_id=caller.tenant_id, campaign_id=campaign_id, now=now
        )
        if campaign is None:
            raise not_found()
        places = await scenes.waiting(conn, campaign_id, now=now)
        # After the counts, so that no group of theirs is missing.
        groups = (await campaign_groups.of_campaigns(conn, [campaign_id])).get(campaign_id, [])
    calling = {group.id: group.calling for group in groups}
    stopped = _stopped(campaign)
    told = explain(
        Scene(
            tenant_id=campaign.tenant_id,
            stopped=stopped,
            blackouts=campaign.blackouts,
            now=now,
        ),
        places,
        lambda group_id: resources.rulebook.rules(campaign.policy, calling[group_id]),
    )
    return CampaignWhy(scene=campaign, stopped=stopped, waiting=told, at=now)


async def _of_contact(
    conn: Connection, resources: Resources, caller: Caller, contact_id: int, *, now: datetime
) -> ContactWhy:
    scene = await scenes.contact(conn, tenant_id=caller.tenant_id, contact_id=contact_id, now=now)
    if scene is None:
        raise not_found()
    campaign = scene.campaign
    rules = resources.rulebook.rules(campaign.policy, scene.group)
    facts = _facts(scene, rules, now=now)
    verdict = decide(rules, facts, now=now)
    capacity: list[Capacity] = []
    if verdict.allowed:
        in_use = await scenes.in_use(conn)
        caps = {INSTALLATION: resources.installation, **campaign.caps}
        # The campaign's first: that is what its owner can change.
        capacity = [
            Capacity(scope.kind, own, in_use.get(scope, NOTHING))
            for scope, own in reversed(caps.items())
        ]
    return ContactWhy(
        scene=scene,
        rules=rules,
        verdict=verdict,
        next_at=_next_at(scene, rules, facts, verdict),
        capacity=capacity,
        at=now,
    )


def _facts(scene: ContactScene, rules: CallingRules, *, now: datetime) -> ContactFacts:
    blackout = _blackout(scene, now=now)
    suppression = scene.suppression
    # As the dialer does: nobody's calls are looked at where no limit counts them.
    calls = scene.calls if rules.limits else []
    return ContactFacts(
        state=scene.state,
        outcome=scene.outcome,
        attempts=scene.attempts,
        not_before=scene.not_before,
        waits_for=None if scene.waits_for is None else Reason(scene.waits_for),
        expires_at=scene.expires_at,
        suppressed_until=None if suppression is None else suppression.until,
        suppression=None if suppression is None else suppression.reason,
        suppression_list=None if suppression is None else _list(suppression.campaign_id),
        campaign_stopped=_stopped(scene.campaign),
        blackout_until=None if blackout is None else blackout.ends_at,
        blackout=None if blackout is None else blackout.reason,
        blackout_area=None if blackout is None else blackout.jurisdiction or "everywhere",
        calls=calls,
        call_up_until=call_up_until(calls, now=now),
    )


def _next_at(
    scene: ContactScene, rules: CallingRules, facts: ContactFacts, verdict: Verdict
) -> datetime | None:
    """Past the black-outs that have not begun yet."""
    at = verdict.next_at
    while at is not None and (found := _blackout(scene, now=at)) is not None:
        if found.ends_at >= NEVER:
            return None
        at = decide(rules, facts, now=found.ends_at).next_at
    return at


def _blackout(scene: ContactScene, *, now: datetime) -> Blackout | None:
    return blacked_out(
        scene.campaign.blackouts,
        tenant_id=scene.campaign.tenant_id,
        jurisdictions=scene.group.jurisdictions,
        now=now,
    )


def _stopped(campaign: CampaignScene) -> str | None:
    """What its owner or its end forbids; one that was just started is as good as running."""
    if campaign.state in ENDED:
        return str(campaign.state)
    if campaign.wanted_state is WantedState.RUNNING:
        return None
    return str(campaign.wanted_state)


def _list(campaign_id: int) -> str:
    return "all campaigns" if campaign_id == ALL_CAMPAIGNS else "this campaign"


def _stopping_rule(
    resources: Resources, scene: AttemptScene, policy: CampaignPolicy
) -> Rule | None:
    known = (*resources.rulebook.store.packs.rules, *policy.tenant_rules.added)
    return next((rule for rule in known if rule.name == scene.stopped_by), None)
