"""Whether a contact may be called at an instant, and if not: why not, by which rule, until when.

The one question that the claim, the dial and everybody who wants to know why ask.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from shared.domain.calendar import is_open
from shared.domain.calling_rules import CallingRules, Limit
from shared.domain.contacts import ContactState
from shared.domain.frequency import FrequencyCap, Held, PastCall, held_by
from shared.domain.rules import Rule

# When the end of another call to the same person is asked for again.
CALL_UP_DELAY = timedelta(seconds=30)
# A search for the next allowed instant ends: each step goes past a window, a cap or a silence.
STEPS_MOST = 400
NEVER = datetime.max.replace(tzinfo=UTC)


class Gate(StrEnum):
    """What may stand between a contact and a call, in the order in which it is asked."""

    CONTACT = "contact"
    CAMPAIGN = "campaign"
    SUPPRESSION = "suppression"
    EXPIRY = "expiry"
    ZONE = "zone"
    BLACKOUT = "blackout"
    WINDOW = "window"
    LAW = "law"
    WAIT = "wait"
    CALL_UP = "call_up"
    SILENCE = "silence"
    FREQUENCY_CAP = "frequency_cap"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactFacts:
    """A contact at one moment; the defaults are those of a new one in a running campaign.

    `calls` are those of the tenant to the person, as far back as any limit looks, and
    `call_up_until` is `up_until` of them. The campaign's state and the black-out are given as the
    reason why nobody may be called, if there is one.
    """

    state: ContactState = ContactState.PENDING
    not_before: datetime | None = None
    waits_for: str | None = None
    expires_at: datetime | None = None
    suppressed_until: datetime | None = None
    suppression: str | None = None
    outcome: str | None = None
    campaign_stopped: str | None = None
    blackout_until: datetime | None = None
    blackout: str | None = None
    calls: Sequence[PastCall] = ()
    call_up_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A gate that is shut. `until` is when it opens of itself; None: it does not.

    `rule` is the rule of law behind it; without one it is the campaign's or its owner's wish.
    """

    gate: Gate
    until: datetime | None
    rule: Rule | None = None
    detail: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`binding` is the gate that keeps the contact longest; `next_at` the next allowed instant."""

    allowed: bool
    binding: Block | None
    blocks: tuple[Block, ...]
    next_at: datetime | None


def up_until(calls: Sequence[PastCall], *, now: datetime) -> datetime | None:
    """When to ask again whether a call to the person has ended; None when none is up."""
    if any(call.outcome is None for call in calls):
        return now + CALL_UP_DELAY
    return None


def first_block(rules: CallingRules, facts: ContactFacts, *, now: datetime) -> Block | None:
    """The first gate that is shut at `now`; None: the contact may be called."""
    for gate in _GATES:
        block = gate(rules, facts, now)
        if block is not None:
            return block
    return None


def decide(rules: CallingRules, facts: ContactFacts, *, now: datetime) -> Verdict:
    """All gates that are shut at `now`, and the next instant at which none is."""
    blocks = _blocks(rules, facts, now)
    if not blocks:
        return Verdict(allowed=True, binding=None, blocks=(), next_at=now)
    return Verdict(
        allowed=False,
        binding=max(blocks, key=lambda block: block.until or NEVER),
        blocks=blocks,
        next_at=_next_allowed(rules, facts, blocks),
    )


def _next_allowed(
    rules: CallingRules, facts: ContactFacts, blocks: tuple[Block, ...]
) -> datetime | None:
    for _ in range(STEPS_MOST):
        untils = [block.until for block in blocks if block.until is not None]
        if len(untils) < len(blocks):
            return None
        at = max(untils)
        blocks = _blocks(rules, facts, at)
        if not blocks:
            return at
    return None


def _blocks(rules: CallingRules, facts: ContactFacts, at: datetime) -> tuple[Block, ...]:
    found = (gate(rules, facts, at) for gate in _GATES)
    return tuple(block for block in found if block is not None)


def _contact(_rules: CallingRules, facts: ContactFacts, _now: datetime) -> Block | None:
    if facts.state is ContactState.PENDING:
        return None
    detail = {"state": str(facts.state)}
    if facts.outcome is not None:
        detail["outcome"] = facts.outcome
    return Block(gate=Gate.CONTACT, until=None, detail=detail)


def _campaign(_rules: CallingRules, facts: ContactFacts, _now: datetime) -> Block | None:
    if facts.campaign_stopped is None:
        return None
    return Block(gate=Gate.CAMPAIGN, until=None, detail={"state": facts.campaign_stopped})


def _suppression(_rules: CallingRules, facts: ContactFacts, now: datetime) -> Block | None:
    until = facts.suppressed_until
    if until is None or until <= now:
        return None
    detail = {"reason": facts.suppression or ""}
    return Block(gate=Gate.SUPPRESSION, until=_unless_never(until), detail=detail)


def _expiry(_rules: CallingRules, facts: ContactFacts, now: datetime) -> Block | None:
    if facts.expires_at is None or now < facts.expires_at:
        return None
    return Block(gate=Gate.EXPIRY, until=None, detail={"expired_at": facts.expires_at.isoformat()})


def _zone(rules: CallingRules, _facts: ContactFacts, _now: datetime) -> Block | None:
    if rules.group.zones:
        return None
    return Block(gate=Gate.ZONE, until=None, detail={"source": rules.group.source})


def _blackout(_rules: CallingRules, facts: ContactFacts, now: datetime) -> Block | None:
    until = facts.blackout_until
    if until is None or until <= now:
        return None
    detail = {"reason": facts.blackout or ""}
    return Block(gate=Gate.BLACKOUT, until=_unless_never(until), detail=detail)


def _hours(rules: CallingRules, _facts: ContactFacts, now: datetime) -> Block | None:
    if not rules.group.zones:
        return None
    span = rules.opening(now=now)
    if span is not None and span.opens_at <= now:
        return None
    zones = rules.group.zones
    closed = [each for each in rules.hours if not is_open((each.calendar,), zones, at=now)]
    # The campaign's own hours come first: what its owner chose needs no law to forbid it.
    rule = closed[0].rule if closed else None
    detail = {"zones": " ".join(zones), "zone_source": rules.group.source}
    return Block(
        gate=Gate.WINDOW if rule is None else Gate.LAW,
        until=None if span is None else span.opens_at,
        rule=rule,
        detail=detail,
    )


def _wait(_rules: CallingRules, facts: ContactFacts, now: datetime) -> Block | None:
    if facts.not_before is None or facts.not_before <= now:
        return None
    detail = {"for": facts.waits_for or "retry"}
    return Block(gate=Gate.WAIT, until=facts.not_before, detail=detail)


def _call_up(_rules: CallingRules, facts: ContactFacts, now: datetime) -> Block | None:
    """A call may become the conversation that a silence begins with, so there is one at a time."""
    if facts.call_up_until is None or facts.call_up_until <= now:
        return None
    return Block(gate=Gate.CALL_UP, until=facts.call_up_until)


def _limits(rules: CallingRules, facts: ContactFacts, now: datetime) -> Block | None:
    if not facts.calls:
        return None
    zones = rules.group.zones
    held = [
        (each, found)
        for each in rules.limits
        if each.holds(zones, at=now)
        and (found := held_by(each.limit, facts.calls, subject=rules.subject, zones=zones, now=now))
    ]
    if not held:
        return None
    return _limited(*max(held, key=lambda pair: pair[1].until))


def _limited(limit: Limit, held: Held) -> Block:
    detail: dict[str, str | int] = {"since": held.since.dialing_at.isoformat()}
    if isinstance(limit.limit, FrequencyCap):
        gate = Gate.FREQUENCY_CAP
        detail |= {"counted": held.counted, "max_calls": limit.limit.max_calls}
    else:
        gate = Gate.SILENCE
        detail |= {"after": str(limit.limit.after), "outcome": str(held.since.outcome)}
    return Block(gate=gate, until=held.until, rule=limit.rule, detail=detail)


def _unless_never(until: datetime) -> datetime | None:
    return None if until >= NEVER else until


_GATES: tuple[Callable[[CallingRules, ContactFacts, datetime], Block | None], ...] = (
    _contact,
    _campaign,
    _suppression,
    _expiry,
    _zone,
    _blackout,
    _hours,
    _wait,
    _call_up,
    _limits,
)
