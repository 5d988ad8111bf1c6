"""What is true of a call, by all reports on it: they come doubled, late and out of order.

A record keeps its reports as a set in one fixed order, so the order in which they came does not
matter. What a report of a higher state says stands against one of a lower state; between two of
the same state the earlier stands. What does not stand is kept as well, for whoever asks.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from functools import reduce

from shared.domain.calls import NO_FACTS, CallFacts, CallState
from shared.domain.outcomes import Outcome

# No call has so many truths; it bounds the row of a carrier that never stops reporting.
REPORTS_MOST = 50

_RANKS = {state: rank for rank, state in enumerate(CallState)}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptReport:
    """A report as the record of its call keeps it; `at` is the carrier's time."""

    state: CallState
    at: datetime
    outcome: Outcome | None = None
    facts: CallFacts = NO_FACTS

    @property
    def said(self) -> tuple[CallState, Outcome | None, CallFacts]:
        """The report without its time: a repeat says the same."""
        return self.state, self.outcome, self.facts


def kept(reports: Iterable[KeptReport]) -> tuple[KeptReport, ...]:
    """The reports, each once, by how far they are believed; of repeats the earliest.

    Of more than `REPORTS_MOST` the least believed are left out.
    """
    earliest: dict[tuple[CallState, Outcome | None, CallFacts], KeptReport] = {}
    for report in reports:
        if report.said not in earliest or report.at < earliest[report.said].at:
            earliest[report.said] = report
    return tuple(sorted(earliest.values(), key=_place)[:REPORTS_MOST])


def adds(after: Iterable[KeptReport], before: Iterable[KeptReport]) -> bool:
    """Whether `after` says something that `before` did not."""
    return not {report.said for report in after} <= {report.said for report in before}


def truth(reports: Iterable[KeptReport]) -> CallFacts:
    """What all reports say together. They are in the order of `kept`."""
    return reduce(CallFacts.merged, (report.facts for report in reports), NO_FACTS)


def _place(report: KeptReport) -> tuple[int, datetime, str, tuple[str, ...]]:
    """The highest state first, then the earliest; the last two only make the order whole."""
    facts = report.facts
    texts = (
        str(sorted(facts.tags)) if field.name == "tags" else str(getattr(facts, field.name))
        for field in fields(facts)
    )
    return -_RANKS[report.state], report.at, report.outcome or "", tuple(texts)
