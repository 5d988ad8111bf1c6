"""I1: one originate per attempt. I2: one call at a time per number, within its attempt policy."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Any
from uuid import UUID

from tests.oracle.facts import Attempt, CallEnd, Contact, Facts, Violation
from tests.oracle.hours import local_date

# The database has microseconds, the log has floats: they differ by rounding.
_ROUNDING_SECONDS = 0.001
# A requested callback is made even if the day's attempts are used up.
_NOBODY_THERE = ("unobtainable", "invalid_number", "fax")
_CALLBACK = "callback_requested"


def originated_twice(facts: Facts) -> Iterator[Violation]:
    counts = Counter(line.reference for line in facts.originates)
    for reference, count in counts.items():
        if count > 1:
            yield Violation(invariant="I1", id=str(reference), evidence=f"{count} originates")


def calls_at_once(facts: Facts) -> Iterator[Violation]:
    """No two live calls of a tenant to a number, over all its campaigns.

    Follows the lines of the log: their order is the order of the carrier's decisions.
    """
    live: dict[tuple[int, str], set[UUID]] = defaultdict(set)
    called: dict[UUID, tuple[int, str]] = {}
    for line in facts.log:
        if isinstance(line, CallEnd):
            if line.reference in called:
                live[called[line.reference]].discard(line.reference)
        elif line.verdict == "accepted":
            person = called[line.reference] = (line.tenant_id, line.to)
            others = live[person] - {line.reference}
            if others:
                evidence = f"the number was still in call {min(map(str, others))}"
                yield Violation(invariant="I2", id=str(line.reference), evidence=evidence)
            live[person].add(line.reference)


def attempts_at_once(facts: Facts) -> Iterator[Violation]:
    for contact_id, attempts in facts.attempts_of.items():
        for earlier, later in pairwise(attempts):
            if earlier.ended_at is None or later.claimed_at < earlier.ended_at:
                evidence = f"claimed while {earlier.id} of contact {contact_id} was live"
                yield Violation(invariant="I2", id=str(later.id), evidence=evidence)


def policy_broken(facts: Facts) -> Iterator[Violation]:
    for contact_id, attempts in facts.attempts_of.items():
        contact = facts.contacts.get(contact_id)
        called = [a for a in attempts if a.state in ("dialing", "placed", "ended", "unknown")]
        if contact is None or not called:
            continue
        definition = facts.campaigns[contact.campaign_id].definition
        policy = definition.get("attempts", {})
        for evidence in (
            *_too_many(policy, called),
            *_too_many_a_day(facts, policy, contact, called),
            *_too_soon(facts, policy, called),
        ):
            yield Violation(invariant="I2", id=f"contact {contact_id}", evidence=evidence)


def _too_many(policy: dict[str, Any], called: list[Attempt]) -> Iterator[str]:
    allowed = policy.get("max_total", 1)
    if len(called) > allowed:
        yield f"{len(called)} attempts, {allowed} allowed"


def _too_many_a_day(
    facts: Facts, policy: dict[str, Any], contact: Contact, called: list[Attempt]
) -> Iterator[str]:
    allowed = policy.get("max_per_day")
    if not allowed or not contact.zones:
        return
    asked_for = {later.id for earlier, later in pairwise(called) if earlier.outcome == _CALLBACK}
    days: Counter[date] = Counter()
    for attempt in called:
        if attempt.id not in facts.accepted:
            continue
        # If the contact may be in several zones, a day ends when it has ended in all of them.
        day = min(local_date(zone, facts.accepted[attempt.id].at) for zone in contact.zones)
        days[day] += 1
        if days[day] > allowed and attempt.id not in asked_for:
            yield f"{days[day]} attempts on {day}, {allowed} allowed"


def _too_soon(facts: Facts, policy: dict[str, Any], called: list[Attempt]) -> Iterator[str]:
    for number, (earlier, later) in enumerate(pairwise(called), start=1):
        line, ended_at = facts.accepted.get(later.id), facts.ended_at(earlier)
        if line is None or ended_at is None:
            continue
        rule = policy.get("retry", {}).get(earlier.outcome)
        if earlier.outcome == _CALLBACK:
            # The log does not have the time that the person asked for.
            rule = {"delay_seconds": 0}
        if earlier.outcome in _NOBODY_THERE and facts.contacts[later.contact_id].several:
            # The contact goes on to another of its numbers.
            rule = {"delay_seconds": 0}
        if rule is None or number >= (rule.get("max_attempts") or number + 1):
            yield f"attempt {later.id} after {earlier.outcome}, which was to end it"
            continue
        gap = max(_delay(policy, rule, number), policy.get("min_gap_seconds", 0))
        waited = line.at - ended_at
        if waited < gap - _ROUNDING_SECONDS:
            yield f"attempt {later.id} {waited:.3f} s after the one before, {gap} s wanted"


def _delay(policy: dict[str, Any], rule: dict[str, Any], number: int) -> float:
    own: float | None = rule.get("delay_seconds")
    if own is not None:
        return own
    delays: list[float] = policy["delays_seconds"]
    return delays[min(number, len(delays)) - 1]
