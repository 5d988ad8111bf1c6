"""A rule of law as a value: its jurisdiction, the calls that it covers, its demand, its source."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from shared.domain.calendar.calendar import Calendar
from shared.domain.policy.frequency import CoolingOff, FrequencyCap


class CallKind(StrEnum):
    """The purpose of a campaign's calls."""

    SOLICITATION = "solicitation"
    DEBT_COLLECTION = "debt_collection"
    INFORMATIONAL = "informational"
    RESEARCH = "research"


@dataclass(frozen=True, slots=True)
class RingTime:
    """An unanswered call rings for at least so many seconds."""

    seconds: int

    def __post_init__(self) -> None:
        if not 1 <= self.seconds <= 120:
            raise ValueError("a ring time is from 1 to 120 seconds")


@dataclass(frozen=True, slots=True)
class AbandonmentLimit:
    """Abandoned calls are at most this share of the calls that a person answered, over `days`."""

    ratio: float
    days: int

    def __post_init__(self) -> None:
        if not 0 <= self.ratio < 1:
            raise ValueError("the ratio is a share: from 0 to below 1, 0.03 for 3 %")
        if not 1 <= self.days <= 366:
            raise ValueError("from 1 to 366 days")


@dataclass(frozen=True, slots=True)
class Duty:
    """A duty that a dialer cannot enforce, like consent or records; it is shown only."""


Demand = Calendar | FrequencyCap | CoolingOff | RingTime | AbandonmentLimit | Duty


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule for calls of its kinds into its jurisdiction; with `automated_only` it does not hold
    for calls in which a person speaks. Hours that hold `in_all_places` must be open in the zones of
    the number and in those of the address; others go by the address if there is one. It is in
    effect from `effective_from` until the day before `effective_until`.

    A rule that is not `verified` is off until a tenant turns it on. `pack` is the pack and version
    of the rule, like US@2026-11-21. `grade` says how well the source was checked: D, S, 3, K or
    design, as docs/rules.md explains.
    """

    name: str
    pack: str
    jurisdiction: str
    says: str
    source: str
    grade: str = ""
    demand: Demand
    kinds: frozenset[CallKind]
    automated_only: bool = False
    in_all_places: bool = False
    verified: bool = True
    effective_from: date | None = None
    effective_until: date | None = None


def holds_on(rule: Rule, *, day: date) -> bool:
    """Whether the rule is in effect on this local date."""
    begun = rule.effective_from is None or rule.effective_from <= day
    return begun and (rule.effective_until is None or day < rule.effective_until)
