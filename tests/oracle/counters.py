"""I6: each stored counter equals a recount of its rows, and there is no other counter."""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from tests.oracle.facts import Contact, Facts, Violation


def differ(facts: Facts) -> Iterator[Violation]:
    recounted = recount(facts)
    for key in sorted(facts.counters.keys() | recounted.keys()):
        stored, counted = facts.counters.get(key, Decimal(0)), recounted[key]
        if stored != counted:
            campaign_id, name = key
            evidence = f"{name} is {stored}, its rows are {counted}"
            yield Violation(invariant="I6", id=f"campaign {campaign_id}", evidence=evidence)


def _place(contact: Contact) -> str:
    """The name of the contact's waiting count; `slot` numbers five minutes, 0 means due at once."""
    slot = 0 if contact.not_before is None else int(contact.not_before // 300)
    return f"waiting {contact.calling_group_id} {contact.waits_for or 'new'} {slot}"


def recount(facts: Facts) -> defaultdict[tuple[int, str], Decimal]:
    counted: defaultdict[tuple[int, str], Decimal] = defaultdict(Decimal, facts.charged)
    for contact in facts.contacts.values():
        counted[contact.campaign_id, "contacts"] += 1
        if contact.state == "finished":
            counted[contact.campaign_id, f"finished.{contact.outcome}"] += 1
        if contact.state == "pending":
            counted[contact.campaign_id, _place(contact)] += 1
    for attempt in facts.attempts.values():
        counted[attempt.campaign_id, "attempts"] += 1
        if attempt.state in ("ended", "unknown"):
            counted[attempt.campaign_id, f"outcome.{attempt.outcome}"] += 1
        elif attempt.state == "dropped":
            counted[attempt.campaign_id, "dropped"] += 1
    return counted
