"""Gates: whether a contact may be called at an instant; if not, why, by which rule, until when.

The claim, the dial, the simulation and the answers to why all ask the same gates.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter

from shared.domain.calendar.calendar import is_open
from shared.domain.calendar.intervals import NEVER
from shared.domain.calendar.zones import day_start
from shared.domain.capacity.caller_ids import NoCallerId
from shared.domain.capacity.trunk_health import Outage
from shared.domain.contacts import ContactState
from shared.domain.decision.details import (
    BlackoutDetail,
    BudgetDetail,
    CallerIdDetail,
    CampaignDetail,
    CapDetail,
    ContactDetail,
    DestinationDetail,
    Detail,
    ExpiryDetail,
    HoursDetail,
    SilenceDetail,
    SpendDetail,
    SuppressionDetail,
    TrunkDetail,
    VariableDetail,
    WaitDetail,
    ZoneDetail,
)
from shared.domain.outcomes import Outcome
from shared.domain.policy.calling_rules import CallingRules, Limit
from shared.domain.policy.frequency import FrequencyCap, Held, PastCall, held_by
from shared.domain.policy.rules import Rule
from shared.domain.reasons import Reason
from shared.domain.spend import SpendCeiling

# More than the parts of any jurisdiction.
MOST_NARROW = 9
# An answer to why looks again after this whether another call to the person has ended, and the
# contact of an attempt that did not hold its number is claimed again. A claim looks in each pass.
CALL_UP_DELAY = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactFacts:
    """A contact at one moment; the defaults are those of a new one in a running campaign.

    `calls` are the tenant's calls to the person, as far back as any limit looks. Another live
    attempt at the person forbids a call until `call_up_until`. `campaign_stopped` and `blackout`
    are the reason why the campaign or the area is not called, if there is one, and `refused` is why
    the number is of no destination of the tenant. `outages` are those of the campaign's trunks, if
    all are down, `no_caller_id` says that its caller ID cannot be shown, and `spend` is the ceiling
    that allows the campaign no call. The claim does not
    look for `missing_variables`, those of its call flow. The list of a suppression and the area of
    a black-out are only shown.
    """

    state: ContactState = ContactState.PENDING
    not_before: datetime | None = None
    waits_for: Reason | None = None
    expires_at: datetime | None = None
    suppressed_until: datetime | None = None
    suppression: str | None = None
    suppression_list: str | None = None
    suppressed_since: datetime | None = None
    outcome: str | None = None
    attempts: int = 0
    missing_variables: tuple[str, ...] = ()
    campaign_stopped: str | None = None
    refused: str | None = None
    blackout_until: datetime | None = None
    blackout: str | None = None
    blackout_area: str | None = None
    outages: tuple[Outage, ...] = ()
    no_caller_id: NoCallerId | None = None
    spend: SpendCeiling | None = None
    calls: Sequence[PastCall] = ()
    call_up_until: datetime | None = None


NEW_CONTACT = ContactFacts()


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A reason why the contact is not called now. `until` is when it ends by itself; None: never.

    `rule` is the rule of law behind it; None: the campaign or its owner wants it so.
    """

    reason: Reason
    until: datetime | None
    rule: Rule | None = None
    detail: Detail | None = None


def by_duration(block: Block) -> tuple[datetime, bool, int]:
    """Sort key: the longest block; on a tie the cause and not its effect, then the narrower rule.

    The campaign's own limits are narrower than a rule of a state, which is so than one of its
    country.
    """
    narrowness = MOST_NARROW if block.rule is None else block.rule.jurisdiction.count("-")
    return block.until or NEVER, not _explains_less(block), narrowness


def _explains_less(block: Block) -> bool:
    """Whether another block that lasts as long says more.

    A wait and an exclusion are effects of another gate, and a stopped campaign may be started.
    """
    if isinstance(block.detail, ContactDetail):
        return block.detail.outcome == Outcome.EXCLUDED
    return block.reason in {Reason.WAIT, Reason.CAMPAIGN}


def first_block(rules: CallingRules, facts: ContactFacts, *, now: datetime) -> Block | None:
    """The first gate that is shut at `now`; None: the contact may be called."""
    for gate in GATES:
        block = gate(rules, facts, now)
        if block is not None:
            return block
    return None


def _contact(_rules: CallingRules, facts: ContactFacts, _now: datetime) -> Block | None:
    if facts.state is ContactState.PENDING:
        return None
    detail = ContactDetail(facts.state, facts.outcome)
    return Block(reason=Reason.CONTACT, until=None, detail=detail)


def _campaign(_rules: CallingRules, facts: ContactFacts, _now: datetime) -> Block | None:
    if facts.campaign_stopped is None:
        return None
    detail = CampaignDetail(facts.campaign_stopped)
    return Block(reason=Reason.CAMPAIGN, until=None, detail=detail)


def _destination(_rules: CallingRules, facts: ContactFacts, _now: datetime) -> Block | None:
    if facts.refused is None:
        return None
    detail = DestinationDetail(facts.refused)
    return Block(reason=Reason.DESTINATION, until=None, detail=detail)


def _suppression(_rules: CallingRules, facts: ContactFacts, now: datetime) -> Block | None:
    until = facts.suppressed_until
    if until is None or until <= now:
        return None
    detail = SuppressionDetail(
        facts.suppression or "", facts.suppression_list, facts.suppressed_since
    )
    return Block(reason=Reason.SUPPRESSION, until=_unless_never(until), detail=detail)


def _expiry(_rules: CallingRules, facts: ContactFacts, now: datetime) -> Block | None:
    if facts.expires_at is None or now < facts.expires_at:
        return None
    return Block(reason=Reason.EXPIRY, until=None, detail=ExpiryDetail(facts.expires_at))


def _budget(rules: CallingRules, facts: ContactFacts, _now: datetime) -> Block | None:
    """Blocks only when an edit made the budget smaller: else the fold finishes the contact."""
    most = rules.max_total
    if most is None or facts.attempts < most:
        return None
    return Block(reason=Reason.BUDGET, until=None, detail=BudgetDetail(facts.attempts, most))


def _variables(_rules: CallingRules, facts: ContactFacts, _now: datetime) -> Block | None:
    if not facts.missing_variables:
        return None
    detail = VariableDetail(facts.missing_variables)
    return Block(reason=Reason.MISSING_VARIABLE, until=None, detail=detail)


def _zone(rules: CallingRules, _facts: ContactFacts, _now: datetime) -> Block | None:
    if rules.group.zones:
        return None
    return Block(reason=Reason.UNKNOWN_ZONE, until=None, detail=ZoneDetail(rules.group.source))


def _blackout(_rules: CallingRules, facts: ContactFacts, now: datetime) -> Block | None:
    until = facts.blackout_until
    if until is None or until <= now:
        return None
    detail = BlackoutDetail(facts.blackout or "", facts.blackout_area)
    return Block(reason=Reason.BLACKOUT, until=_unless_never(until), detail=detail)


def hours(rules: CallingRules, _facts: ContactFacts, now: datetime) -> Block | None:
    """Blocks until all hours are open at once; `rule` is the first one that is shut now."""
    zones = rules.group.zones
    if not zones:
        return None
    span = rules.opening(now=now)
    if span is not None and span.opens_at <= now:
        return None
    # The campaign's own hours come first, so that law is named only where it is stricter.
    closed = (hours.rule for hours in rules.hours if not is_open((hours.calendar,), zones, at=now))
    return closed_block(rules, next(closed, None), None if span is None else span.opens_at)


def closed_block(
    rules: CallingRules,
    rule: Rule | None,
    until: datetime | None,
    closes_at: datetime | None = None,
    *,
    shut_in: tuple[str, ...] = (),
    holidays: str | None = None,
) -> Block:
    """The block of hours that are shut: the campaign's own, or those of a rule of law."""
    reason = Reason.WINDOW if rule is None else Reason.LAW
    zones, source = rules.group.zones, rules.group.source
    own = rules.hours[0].calendar.zone
    if rule is None and own is not None:
        zones, source = (own,), "calendar"
    elif rule is not None and rule.in_all_places and rules.group.number_zones:
        zones, source = (*zones, *rules.group.number_zones), f"{source}+number"
    detail = HoursDetail(zones, source, closes_at, shut_in, holidays)
    return Block(reason=reason, until=until, rule=rule, detail=detail)


def _wait(_rules: CallingRules, facts: ContactFacts, now: datetime) -> Block | None:
    if facts.not_before is None or facts.not_before <= now:
        return None
    detail = WaitDetail(facts.waits_for or Reason.RETRY)
    return Block(reason=Reason.WAIT, until=facts.not_before, detail=detail)


def _trunk(_rules: CallingRules, facts: ContactFacts, now: datetime) -> Block | None:
    """Open for the probes of a half-open breaker; the claim and the dialer keep these few."""
    outages = facts.outages
    if not outages or any(outage.is_half_open(now=now) for outage in outages):
        return None
    last = max(outages, key=attrgetter("since"))
    detail = TrunkDetail(tuple(outage.trunk for outage in outages), last.since, last.cause)
    probe_at = min(outage.probe_at for outage in outages)
    return Block(reason=Reason.TRUNK_DOWN, until=probe_at, detail=detail)


def _caller_id(_rules: CallingRules, facts: ContactFacts, now: datetime) -> Block | None:
    no_caller_id = facts.no_caller_id
    if no_caller_id is None or (no_caller_id.until is not None and no_caller_id.until <= now):
        return None
    detail = CallerIdDetail(no_caller_id.named)
    return Block(reason=Reason.CALLER_ID, until=no_caller_id.until, detail=detail)


def _spend(_rules: CallingRules, facts: ContactFacts, now: datetime) -> Block | None:
    ceiling = facts.spend
    if ceiling is None:
        return None
    detail = SpendDetail(
        ceiling=ceiling.kind,
        currency=ceiling.currency,
        amount=f"{ceiling.amount:f}",
        spent=f"{ceiling.spent:f}",
        reserved=f"{ceiling.reserved:f}",
        call_most=f"{ceiling.call_most:f}",
    )
    return Block(reason=Reason.SPEND_CEILING, until=ceiling.until(now=now), detail=detail)


def _call_up(_rules: CallingRules, facts: ContactFacts, now: datetime) -> Block | None:
    """One call to a number at a time, over all campaigns of the tenant."""
    if facts.call_up_until is None or facts.call_up_until <= now:
        return None
    return Block(reason=Reason.CALL_UP, until=facts.call_up_until)


def limits(rules: CallingRules, facts: ContactFacts, now: datetime) -> Block | None:
    """The block of the limit that lasts longest."""
    if not facts.calls:
        return None
    blocks = list(each_limit(rules, facts, now))
    return max(blocks, key=by_duration) if blocks else None


def each_limit(rules: CallingRules, facts: ContactFacts, now: datetime) -> Iterator[Block]:
    zones = rules.group.zones
    for limit in rules.limits:
        if facts.calls and limit.holds(zones, at=now):
            held = held_by(limit.limit, facts.calls, subject=rules.subject, zones=zones, now=now)
            if held is not None:
                yield _limited(limit, held, zones)


def _limited(limit: Limit, held: Held, zones: tuple[str, ...]) -> Block:
    rule, demand = limit.rule, limit.limit
    until, since = held.until, held.since
    detail: CapDetail | SilenceDetail
    if isinstance(demand, FrequencyCap):
        reason, calls = Reason.FREQUENCY_CAP, tuple(call.dialing_at for call in held.calls)
        detail = CapDetail(
            len(calls), demand.max_calls, since.dialing_at, demand.by, demand.within, calls
        )
    else:
        reason, at = Reason.SILENCE, since.ended_at or since.dialing_at
        detail = SilenceDetail(demand.after, since.outcome, at, demand.by, demand.lasts)
    if rule is not None and rule.effective_until is not None:
        # A limit of law ends with its rule.
        places = zones or ("UTC",)
        until = min(until, max(day_start(name, rule.effective_until) for name in places))
    return Block(reason=reason, until=until, rule=rule, detail=detail)


def _unless_never(until: datetime) -> datetime | None:
    return None if until >= NEVER else until


GateAsked = Callable[[CallingRules, ContactFacts, datetime], Block | None]
GATES: tuple[GateAsked, ...] = (
    _contact,
    _campaign,
    _destination,
    _suppression,
    _expiry,
    _budget,
    _variables,
    _zone,
    _blackout,
    hours,
    _wait,
    _trunk,
    _caller_id,
    _spend,
    _call_up,
    limits,
)
