"""The facts by which each gate forbids a call, as typed values."""

from dataclasses import dataclass
from datetime import datetime

from shared.domain.contacts import ContactState
from shared.domain.outcomes import Outcome
from shared.domain.policy.frequency import Event, Length, Scope
from shared.domain.reasons import Reason


@dataclass(frozen=True, slots=True)
class ContactDetail:
    """The contact is not pending: it is being called, or finished with an outcome."""

    state: ContactState
    outcome: str | None


@dataclass(frozen=True, slots=True)
class CampaignDetail:
    """The campaign is not running; `state` is what its owner wants, or how it ended."""

    state: str


@dataclass(frozen=True, slots=True)
class SuppressionDetail:
    """The number is suppressed; `list` names the campaigns for which it is."""

    reason: str
    list: str | None


@dataclass(frozen=True, slots=True)
class ExpiryDetail:
    expired_at: datetime


@dataclass(frozen=True, slots=True)
class BudgetDetail:
    attempts: int
    max_total: int


@dataclass(frozen=True, slots=True)
class ZoneDetail:
    """No zone is known; `source` is where the zones come from."""

    source: str


@dataclass(frozen=True, slots=True)
class BlackoutDetail:
    reason: str
    area: str | None


@dataclass(frozen=True, slots=True)
class HoursDetail:
    """Hours that are over; `closes_at` is the end of the next ones."""

    zones: tuple[str, ...]
    zone_source: str
    closes_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class WaitDetail:
    waits_for: Reason


@dataclass(frozen=True, slots=True)
class CapDetail:
    """`counted` calls since `since`, of which `max_calls` are allowed `within` a length of time."""

    counted: int
    max_calls: int
    since: datetime
    by: Scope
    within: Length


@dataclass(frozen=True, slots=True)
class SilenceDetail:
    """The event after which no call is allowed for the length of time `lasts`."""

    after: Event
    outcome: Outcome | None
    at: datetime
    by: Scope
    lasts: Length


Detail = (
    ContactDetail
    | CampaignDetail
    | SuppressionDetail
    | ExpiryDetail
    | BudgetDetail
    | ZoneDetail
    | BlackoutDetail
    | HoursDetail
    | WaitDetail
    | CapDetail
    | SilenceDetail
)
