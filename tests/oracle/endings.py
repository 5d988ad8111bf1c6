"""I5, I6 and I9: every attempt ends as at the carrier, is counted once, and has one tenant."""

from collections import Counter
from collections.abc import Iterator

from tests.oracle.facts import Attempt, CallEnd, Facts, Originate, Violation

_ENDS = ("ended", "unknown", "dropped")
# A fault may explain an unknown attempt that was dialed at most so long before or after it.
_FAULT_SECONDS = 10.0


def attempts_lost(facts: Facts) -> Iterator[Violation]:
    for attempt in facts.attempts.values():
        placed = attempt.id in facts.accepted
        if attempt.state not in _ENDS:
            evidence = f"still {attempt.state}, {'placed' if placed else 'never placed'}"
            yield _lost(str(attempt.id), evidence)
        elif attempt.state == "dropped" and placed:
            yield _lost(str(attempt.id), "dropped as not placed, but the carrier placed it")
    for reference in facts.accepted.keys() - facts.attempts.keys():
        yield _lost(str(reference), "placed by the carrier, not in the database")


def contacts_lost(facts: Facts) -> Iterator[Violation]:
    live = {a.contact_id for a in facts.attempts.values() if a.state not in _ENDS}
    for contact in facts.contacts.values():
        if contact.state == "active" and contact.id not in live:
            yield _lost(f"contact {contact.id}", "active without a live attempt")
    for contact_id in facts.attempts_of.keys() - facts.contacts.keys():
        yield _lost(f"contact {contact_id}", "has attempts, but no row")


def wrong_number(facts: Facts) -> Iterator[Violation]:
    for line, attempt, contact, _ in facts.known():
        if line.to != contact.number:
            yield _lost(str(attempt.id), f"another number than contact {contact.id}'s was called")


def wrong_tenant(facts: Facts) -> Iterator[Violation]:
    for line, attempt, _, campaign in facts.known():
        if line.tenant_id != campaign.tenant_id:
            evidence = f"called for tenant {line.tenant_id}, not for {campaign.tenant_id}"
            yield Violation(invariant="I9", id=str(attempt.id), evidence=evidence)


def outcomes_differ(facts: Facts) -> Iterator[Violation]:
    refused = {line.reference: line for line in facts.originates if line.verdict == "refused"}
    for attempt in facts.attempts.values():
        if attempt.state == "ended":
            why = _ended_otherwise(facts, attempt, refused.get(attempt.id))
        elif attempt.state == "unknown":
            why = _unexplained(facts, attempt)
        else:
            why = None
        if why is not None:
            yield Violation(invariant="I6", id=str(attempt.id), evidence=why)


def ended_twice(facts: Facts) -> Iterator[Violation]:
    for reference, ends in facts.ends.items():
        if len(ends) > 1:
            evidence = f"the carrier ended it {len(ends)} times"
            yield Violation(invariant="I6", id=str(reference), evidence=evidence)


def contacts_miscounted(facts: Facts) -> Iterator[Violation]:
    """`contacts.attempts` counts each attempt once that was placed or may have been placed."""
    counted = Counter(
        a.contact_id for a in facts.attempts.values() if a.state in ("ended", "unknown")
    )
    for contact in facts.contacts.values():
        if contact.state != "active" and contact.attempts != counted[contact.id]:
            evidence = f"counts {contact.attempts} attempts, its rows are {counted[contact.id]}"
            yield Violation(invariant="I6", id=f"contact {contact.id}", evidence=evidence)


def ends_untold(facts: Facts) -> Iterator[Violation]:
    """The end of a contact is told by one public event, whatever ended it."""
    for contact in facts.contacts.values():
        told, ended = facts.told.get(contact.id, 0), contact.state == "finished"
        if told != int(ended):
            evidence = f"{contact.state}, and {told} public events tell its end"
            yield Violation(invariant="I6", id=f"contact {contact.id}", evidence=evidence)


def _ended_otherwise(facts: Facts, attempt: Attempt, refused: Originate | None) -> str | None:
    if attempt.id not in facts.accepted:
        if refused is not None and refused.code == attempt.outcome == "invalid_number":
            return None
        return f"{attempt.outcome} in the database, never placed by the carrier"
    ends: list[CallEnd] = facts.ends.get(attempt.id, [])
    if not ends:
        return f"{attempt.outcome} in the database, never ended by the carrier"
    if attempt.outcome != ends[0].outcome:
        return f"{attempt.outcome} in the database, {ends[0].outcome} at the carrier"
    return None


def _unexplained(facts: Facts, attempt: Attempt) -> str | None:
    if attempt.id in facts.accepted or attempt.dialing_at is None:
        return None
    dialing_at = attempt.dialing_at.timestamp()
    if any(abs(fault.at - dialing_at) <= _FAULT_SECONDS for fault in facts.faults):
        return None
    return "unknown, without a line of the carrier or a fault at that time"


def _lost(id: str, evidence: str) -> Violation:  # noqa: A002
    return Violation(invariant="I5", id=id, evidence=evidence)
