"""A rule of law as a value: whose it is, what calls it covers, what it demands, and who says so."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from shared.domain.calendar import Calendar
from shared.domain.frequency import FrequencyCap, Silence


class CallKind(StrEnum):
    """What a campaign calls for."""

    SOLICITATION = "solicitation"
    DEBT_COLLECTION = "debt_collection"
    INFORMATIONAL = "informational"


@dataclass(frozen=True, slots=True)
class RingTime:
    """A call that nobody answers rings at least so long."""

    seconds: int


@dataclass(frozen=True, slots=True)
class AbandonmentLimit:
    """Abandoned calls are at most this share of those that a person answered, over `days`."""

    ratio: float
    days: int


@dataclass(frozen=True, slots=True)
class Duty:
    """What a dialer cannot decide: consent, registries, records. It is shown and not enforced."""


Demand = Calendar | FrequencyCap | Silence | RingTime | AbandonmentLimit | Duty


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Holds for calls of its kinds into its jurisdiction from `effective_from` until the day before
    `effective_until`; `automated_only` leaves calls alone in which a person speaks.

    A rule that is not `verified` is off until a tenant turns it on. `pack` is the pack and version
    that it came from, like US@2026-11-21.
    """

    name: str
    pack: str
    jurisdiction: str
    says: str
    source: str
    demand: Demand
    kinds: frozenset[CallKind]
    automated_only: bool = False
    verified: bool = True
    effective_from: date | None = None
    effective_until: date | None = None


def covers(rule: Rule, jurisdictions: tuple[str, ...]) -> bool:
    """Whether the rule holds in any of these places: a country's rules hold in all its parts."""
    return any(
        place == rule.jurisdiction or place.startswith(rule.jurisdiction + "-")
        for place in jurisdictions
    )
