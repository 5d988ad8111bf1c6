"""How many leads of a campaign are in which state, made of its counters."""

from collections.abc import Collection, Mapping

from shared.db import counters
from shared.domain.outcomes import Outcome


def lead_counts(values: Mapping[str, int], answered: Collection[Outcome]) -> dict[str, int]:
    """`waiting` leads have a call before them; `unanswered` ones have none left, or opted out."""
    finished = _by_outcome(values, counters.FINISHED)
    calls = sum(_by_outcome(values, counters.OUTCOME).values())
    total, done = values.get(counters.CONTACTS, 0), sum(finished.values())
    in_call = values.get(counters.ATTEMPTS, 0) - values.get(counters.DROPPED, 0) - calls
    reached = sum(count for outcome, count in finished.items() if outcome in answered)
    return {
        "total": total,
        "waiting": total - done - in_call,
        "in_call": in_call,
        "answered": reached,
        "unanswered": done - reached,
        "calls": calls,
    }


def _by_outcome(values: Mapping[str, int], prefix: str) -> dict[Outcome, int]:
    return {
        Outcome(name.removeprefix(prefix)): count
        for name, count in values.items()
        if name.startswith(prefix)
    }
