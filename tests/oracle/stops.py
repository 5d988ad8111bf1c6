"""I8 and I3: pause, cancel, suppression and black-out stop new originates within a bound."""

import math
from collections.abc import Iterator

from tests.oracle.facts import Blackout, Campaign, Contact, Facts, Violation, covers

NEVER = math.inf, math.inf


def dialed_after_stop(facts: Facts, *, within_seconds: float) -> Iterator[Violation]:
    for line, attempt, contact, campaign in facts.known():
        stopped = _stopped_at(facts.changes.get(campaign.id, []), line.at)
        if stopped is not None and line.at - stopped[0] > within_seconds:
            evidence = f"originated {line.at - stopped[0]:.3f} s after {stopped[1]}"
            yield Violation(invariant="I8", id=str(attempt.id), evidence=evidence)
        for list_ in (0, campaign.id):
            key = campaign.tenant_id, list_, contact.number
            starts, ends = facts.suppressions.get(key, NEVER)
            if line.at - starts > within_seconds and line.at < ends:
                evidence = f"originated {line.at - starts:.3f} s after the suppression"
                yield Violation(invariant="I8", id=str(attempt.id), evidence=evidence)


def dialed_in_blackout(facts: Facts, *, within_seconds: float) -> Iterator[Violation]:
    for line, attempt, contact, campaign in facts.known():
        for blackout in facts.blackouts:
            since = line.at - blackout.starts
            in_force = since > within_seconds and line.at < blackout.ends
            if in_force and _reaches(blackout, campaign, contact):
                evidence = f"originated {since:.3f} s after a black-out began"
                yield Violation(invariant="I3", id=str(attempt.id), evidence=evidence)


def _reaches(blackout: Blackout, campaign: Campaign, contact: Contact) -> bool:
    area = blackout.jurisdiction
    is_there = area is None or covers(area, contact.jurisdictions)
    return is_there and blackout.tenant_id in (None, campaign.tenant_id)


def _stopped_at(changes: list[tuple[float, str]], at: float) -> tuple[float, str] | None:
    """The start of the stop in force at this instant, if there is one."""
    stop: tuple[float, str] | None = None
    for changed_at, wanted in changes:
        if changed_at > at:
            break
        if wanted == "running":
            stop = None
        elif stop is None:
            stop = (changed_at, wanted)
    return stop
