"""The full answer to why a contact is not called: all blocks, the binding one, the next instant.

The claim and the dial need the first block only (gates.py).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.domain.calendar.calendar import Calendar, is_open, next_span
from shared.domain.calendar.zones import local_date
from shared.domain.decision.gates import (
    GATES,
    Block,
    ContactFacts,
    GateAsked,
    by_duration,
    closed_block,
    each_limit,
    hours,
    limits,
)
from shared.domain.policy.calling_rules import CallingRules

# The most steps of a search; each step goes past a window, a cap or a silence.
STEPS_MOST = 400
# Holidays are named this far ahead.
DAYS_MOST = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`binding` is the gate that keeps the contact longest; `next_at` the next allowed instant."""

    allowed: bool
    binding: Block | None
    blocks: tuple[Block, ...]
    next_at: datetime | None


def decide(rules: CallingRules, facts: ContactFacts, *, now: datetime) -> Verdict:
    """Every gate and rule that is shut at `now`, and the next instant at which none is."""
    blocks = tuple(_every(rules, facts, now))
    if not blocks:
        return Verdict(allowed=True, binding=None, blocks=(), next_at=now)
    return Verdict(
        allowed=False,
        binding=max(blocks, key=by_duration),
        blocks=blocks,
        next_at=_next_allowed(rules, facts, now),
    )


def _next_allowed(rules: CallingRules, facts: ContactFacts, now: datetime) -> datetime | None:
    """Go from instant to instant at which the last block ends, until no gate is shut."""
    at = now
    for _ in range(STEPS_MOST):
        blocks = (gate(rules, facts, at) for gate in GATES)
        untils = [block.until for block in blocks if block is not None]
        if not untils:
            return at
        known = [until for until in untils if until is not None]
        if len(known) < len(untils):
            return None
        at = max(known)
    return None


def _every(rules: CallingRules, facts: ContactFacts, now: datetime) -> Iterator[Block]:
    for gate in GATES:
        in_parts = _IN_PARTS.get(gate)
        if in_parts is not None:
            yield from in_parts(rules, facts, now)
        elif (block := gate(rules, facts, now)) is not None:
            yield block


def _each_hours(rules: CallingRules, facts: ContactFacts, now: datetime) -> Iterator[Block]:
    """A block for each rule that is shut now; without `until` if all hours never open at once."""
    together = hours(rules, facts, now)
    if together is None:
        return
    zones = rules.group.zones
    for law in rules.hours:
        span = next_span((law.calendar,), zones, now=now)
        if span is not None and span.opens_at <= now:
            continue
        places = law.calendar.judged_in(zones)
        until = closes_at = None
        if span is not None and together.until is not None:
            until, closes_at = span.opens_at, span.closes_at
        yield closed_block(
            rules,
            law.rule,
            until,
            closes_at,
            shut_in=_shut_in(law.calendar, places, now) if len(places) > 1 else (),
            holidays=_holidays(law.calendar, places, now, until),
        )


def _shut_in(calendar: Calendar, zones: tuple[str, ...], now: datetime) -> tuple[str, ...]:
    alone = replace(calendar, also_in=())
    return tuple(zone for zone in zones if not is_open((alone,), (zone,), at=now))


def _holidays(
    calendar: Calendar, zones: tuple[str, ...], now: datetime, until: datetime | None
) -> str | None:
    """The holidays of the calendar from today to the day on which it opens, with their dates."""
    first = min(local_date(zone, now) for zone in zones)
    opens = max(local_date(zone, until or now) for zone in zones)
    days = max(1, min((opens - first).days, DAYS_MOST))
    names = [
        f"{name} {day}"
        for day in (first + timedelta(days=n) for n in range(days))
        if (name := next(filter(None, (known.name(day) for known in calendar.holidays)), None))
    ]
    return "; ".join(names) or None


# Gates that stand for several rules; a verdict lists each rule.
_IN_PARTS: dict[GateAsked, Callable[[CallingRules, ContactFacts, datetime], Iterator[Block]]] = {
    hours: _each_hours,
    limits: each_limit,
}
