"""A rule of law as a value: whose it is, what calls it covers, what it demands, and who says so."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from shared.domain.calendar.calendar import Calendar
from shared.domain.policy.frequency import CoolingOff, FrequencyCap


class CallKind(StrEnum):
    """What a campaign calls for."""

    SOLICITATION = "solicitation"
    DEBT_COLLECTION = "debt_collection"
    INFORMATIONAL = "informational"


@dataclass(frozen=True, slots=True)
class RingTime:
    """A call that nobody answers rings at least so long."""

    seconds: int

    def __post_init__(self) -> None:
        if not 1 <= self.seconds <= 120:
            raise ValueError("a ring time is from 1 to 120 seconds")


@dataclass(frozen=True, slots=True)
class AbandonmentLimit:
    """Abandoned calls are at most this share of those that a person answered, over `days`."""

    ratio: float
    days: int

    def __post_init__(self) -> None:
        if not 0 <= self.ratio < 1:
            raise ValueError("the ratio is a share: from 0 to below 1, 0.03 for 3 %")
        if not 1 <= self.days <= 366:
            raise ValueError("from 1 to 366 days")


@dataclass(frozen=True, slots=True)
class Duty:
    """What a dialer cannot decide: consent, registries, records. It is shown and not enforced."""


Demand = Calendar | FrequencyCap | CoolingOff | RingTime | AbandonmentLimit | Duty


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Holds for calls of its kinds into its jurisdiction from `effective_from` until the day before
    `effective_until`; `automated_only` leaves calls alone in which a person speaks.

    A rule that is not `verified` is off until a tenant turns it on. `pack` is the pack and version
    that it came from, like US@2026-11-21. `grade` says how well the source was read: D, S, 3, K or
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
    verified: bool = True
    effective_from: date | None = None
    effective_until: date | None = None


def holds_on(rule: Rule, *, day: date) -> bool:
    """Whether the rule is in effect on this local date."""
    begun = rule.effective_from is None or rule.effective_from <= day
    return begun and (rule.effective_until is None or day < rule.effective_until)
