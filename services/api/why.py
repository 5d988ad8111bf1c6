"""Why a contact may be called now or not, and what allowed or stopped an attempt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from services.api.http.auth import Caller
from services.api.http.resources import Resources
from services.api.refusals import not_found
from services.api.why_rules import ChosenRule, chosen, chosen_at
from shared.db.api import why
from shared.db.api.suppressions import ALL_CAMPAIGNS
from shared.db.api.why import AttemptRow, CampaignRow, ContactRow, InUse
from shared.db.types import Connection
from shared.definitions.policy import CampaignPolicy
from shared.domain.calendar.intervals import NEVER
from shared.domain.capacity.scopes import INSTALLATION, Caps, Scope, ScopeKind
from shared.domain.decision.gates import CALL_UP_DELAY, ContactFacts
from shared.domain.decision.verdict import Verdict, decide
from shared.domain.policy.blackouts import Blackout, blacked_out
from shared.domain.policy.calling_rules import CallingRules
from shared.domain.policy.rules import Rule
from shared.domain.reasons import Reason
from shared.domain.spend import reached

NOTHING = InUse(claimed=0, dialed=0)


@dataclass(frozen=True, slots=True)
class Capacity:
    """The caps of one scope above a contact, with the live attempts in it.

    `trunk` is the name of a trunk, if the campaign has several.
    """

    scope: ScopeKind
    caps: Caps
    in_use: InUse
    trunk: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactWhy:
    """`capacity` has entries only if the contact may be called now and waits for its turn."""

    contact: ContactRow
    rules: CallingRules
    verdict: Verdict
    next_at: datetime | None
    capacity: Sequence[Capacity]
    choices: Sequence[ChosenRule]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A contact with what was decided about it, and by which rules and facts."""

    contact: ContactRow
    rules: CallingRules
    facts: ContactFacts
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptWhy:
    """`rule` is the rule that stopped the attempt, if it still exists.

    `choices` are the tenant's when the attempt was claimed.
    """

    attempt: AttemptRow
    rule: Rule | None
    choices: Sequence[ChosenRule]
    contact: ContactWhy


async def of_contact(
    resources: Resources, caller: Caller, contact_id: int, *, now: datetime
) -> ContactWhy:
    async with resources.pool.transaction(caller.tenant_id) as conn:
        return await _of_contact(conn, resources, caller, contact_id, now=now)


async def of_attempt(
    resources: Resources, caller: Caller, attempt_id: UUID, *, now: datetime
) -> AttemptWhy:
    async with resources.pool.transaction(caller.tenant_id) as conn:
        attempt = await why.attempt(conn, tenant_id=caller.tenant_id, attempt_id=attempt_id)
        if attempt is None:
            raise not_found("attempt")
        contact = await _of_contact(conn, resources, caller, attempt.contact_id, now=now)
        choices = await chosen_at(conn, resources, contact.contact, at=attempt.claimed_at)
    rule = _stopping_rule(resources, attempt, contact.contact.campaign.policy)
    return AttemptWhy(attempt=attempt, rule=rule, choices=choices, contact=contact)


async def judged(
    conn: Connection, resources: Resources, caller: Caller, contact_id: int, *, now: datetime
) -> Judged:
    """Whether the contact may be called now, as the scheduler and the dialer decide it."""
    contact = await why.contact(
        conn, resources.policies, tenant_id=caller.tenant_id, contact_id=contact_id, now=now
    )
    if contact is None:
        raise not_found("contact")
    campaign = contact.campaign
    rules = resources.rulebook.rules(campaign.policy, contact.group)
    no_caller_id = await why.no_caller_id(conn, campaign, now=now)
    facts = replace(_facts(contact, rules, now=now), no_caller_id=no_caller_id)
    return Judged(contact=contact, rules=rules, facts=facts, verdict=decide(rules, facts, now=now))


async def _of_contact(
    conn: Connection, resources: Resources, caller: Caller, contact_id: int, *, now: datetime
) -> ContactWhy:
    found = await judged(conn, resources, caller, contact_id, now=now)
    contact, rules, verdict = found.contact, found.rules, found.verdict
    campaign = contact.campaign
    capacity: list[Capacity] = []
    if verdict.allowed:
        capacity = _capacity(
            campaign, resources.installation, await why.in_use(conn, tenant_id=campaign.tenant_id)
        )
    return ContactWhy(
        contact=contact,
        rules=rules,
        verdict=verdict,
        next_at=next_at(found),
        capacity=capacity,
        choices=await chosen(conn, contact, rules, now=now),
        at=now,
    )


def _capacity(
    campaign: CampaignRow, installation: Caps, in_use: Mapping[Scope, InUse]
) -> list[Capacity]:
    """The campaign's own caps first, because its owner can change them; its trunks in order."""
    caps = {INSTALLATION: installation, **campaign.caps}
    trunks = campaign.policy.definition.trunks
    names = iter(trunks if len(trunks) > 1 else ())
    return [
        Capacity(
            scope.kind,
            own,
            in_use.get(scope, NOTHING),
            next(names, None) if scope.kind == "trunk" else None,
        )
        for scope, own in reversed(caps.items())
    ]


def _facts(contact: ContactRow, rules: CallingRules, *, now: datetime) -> ContactFacts:
    blackout = _blackout(contact, now=now)
    suppression = contact.suppression
    # As in the dialer: without a limit that counts calls, they are not looked at.
    calls = contact.calls if rules.limits else []
    return ContactFacts(
        state=contact.state,
        outcome=contact.outcome,
        attempts=contact.attempts,
        missing_variables=contact.missing_variables,
        not_before=contact.not_before,
        waits_for=None if contact.waits_for is None else Reason(contact.waits_for),
        expires_at=contact.expires_at,
        suppressed_until=None if suppression is None else suppression.until,
        suppression=None if suppression is None else suppression.reason,
        suppression_list=None if suppression is None else _list(suppression.campaign_id),
        suppressed_since=None if suppression is None else suppression.since,
        campaign_stopped=contact.campaign.stopped,
        refused=contact.refused,
        blackout_until=None if blackout is None else blackout.ends_at,
        blackout=None if blackout is None else blackout.reason,
        blackout_area=None if blackout is None else blackout.jurisdiction or "everywhere",
        outages=contact.campaign.stopping_outages(now=now),
        spend=reached(contact.campaign.spend),
        calls=calls,
        call_up_until=now + CALL_UP_DELAY if contact.is_called_elsewhere else None,
    )


def next_at(found: Judged) -> datetime | None:
    """The next instant at which it may be called, also past black-outs that begin until then."""
    at = found.verdict.next_at
    while at is not None and (blackout := _blackout(found.contact, now=at)) is not None:
        if blackout.ends_at >= NEVER:
            return None
        at = decide(found.rules, found.facts, now=blackout.ends_at).next_at
    return at


def _blackout(contact: ContactRow, *, now: datetime) -> Blackout | None:
    return blacked_out(
        contact.campaign.blackouts,
        tenant_id=contact.campaign.tenant_id,
        jurisdictions=contact.group.jurisdictions,
        now=now,
    )


def _list(campaign_id: int) -> str:
    return "all campaigns" if campaign_id == ALL_CAMPAIGNS else "this campaign"


def _stopping_rule(
    resources: Resources, attempt: AttemptRow, policy: CampaignPolicy
) -> Rule | None:
    known = (*resources.rulebook.store.packs.rules, *policy.tenant_rules.added)
    return next((rule for rule in known if rule.name == attempt.stopped_by), None)
