"""I8: pause, cancel and suppression stop new originates within a bound."""

import math
from collections.abc import Iterator

from tests.support.judging.facts import Facts, Violation

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


def _stopped_at(changes: list[tuple[float, str]], at: float) -> tuple[float, str] | None:
    """The start of the stop that holds at this instant, if one does."""
    stop: tuple[float, str] | None = None
    for changed_at, wanted in changes:
        if changed_at > at:
            break
        if wanted == "running":
            stop = None
        elif stop is None:
            stop = (changed_at, wanted)
    return stop
