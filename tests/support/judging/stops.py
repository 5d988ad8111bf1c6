"""I8: pause, cancel and suppression stop new originates within a bound."""

from collections.abc import Iterator

from tests.support.judging.facts import Facts, Violation


def dialed_after_stop(facts: Facts, *, within_seconds: float) -> Iterator[Violation]:
    for line, attempt, contact, campaign in facts.known():
        stopped = _stopped_at(facts.changes.get(campaign.id, []), line.at)
        if stopped is not None and line.at - stopped[0] > within_seconds:
            evidence = f"originated {line.at - stopped[0]:.3f} s after {stopped[1]}"
            yield Violation(invariant="I8", id=str(attempt.id), evidence=evidence)
        suppressed_at = facts.suppressions.get((campaign.tenant_id, contact.number))
        if suppressed_at is not None and line.at - suppressed_at > within_seconds:
            evidence = f"originated {line.at - suppressed_at:.3f} s after the suppression"
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
