"""The statistics of a campaign in SmartAlex's words, made of its counters."""

from collections.abc import Mapping

from shared.db import counters
from shared.dialects.smartalex import CallStatus, call_status
from shared.dialects.smartalex_events import REACHED
from shared.domain.outcomes import Outcome


def statistics(values: Mapping[str, int], *, callbacks: int) -> dict[str, int | float]:
    """`completed` are contacts that were reached, by a person or a machine; rates are shares.

    `callbacks` is how many contacts wait for another call.
    """
    made = _by_outcome(values, counters.OUTCOME)
    finished = _by_outcome(values, counters.FINISHED)
    total, calls, done = (
        values.get(counters.CONTACTS, 0),
        sum(made.values()),
        sum(finished.values()),
    )
    dropped = values.get(counters.DROPPED, 0)
    live = values.get(counters.ATTEMPTS, 0) - dropped - calls
    completed = sum(count for outcome, count in finished.items() if call_status(outcome) in REACHED)
    answered = _with(made, CallStatus.COMPLETED)
    return {
        "total_contacts": total,
        "pending": total - done - live,
        "in_progress": live,
        "completed": completed,
        "failed": done - completed,
        "calls_made": calls,
        "answered": answered,
        "voicemail": _with(made, CallStatus.VOICEMAIL),
        "no_answer": _with(made, CallStatus.NO_ANSWER),
        "busy": made.get(Outcome.BUSY, 0),
        "callbacks_pending": callbacks,
        "completion_rate": _share(done, total),
        "answer_rate": _share(answered, calls),
    }


def _by_outcome(values: Mapping[str, int], prefix: str) -> dict[Outcome, int]:
    return {
        Outcome(name.removeprefix(prefix)): count
        for name, count in values.items()
        if name.startswith(prefix)
    }


def _with(made: Mapping[Outcome, int], status: CallStatus) -> int:
    return sum(count for outcome, count in made.items() if call_status(outcome) is status)


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0
