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
class DestinationDetail:
    """The number is of a kind or a country that is not called; REMEDIES explains `refused`."""

    refused: str


@dataclass(frozen=True, slots=True)
class SuppressionDetail:
    """The number is suppressed; `list` names the campaigns for which it is."""

    reason: str
    list: str | None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class ExpiryDetail:
    expired_at: datetime


@dataclass(frozen=True, slots=True)
class BudgetDetail:
    attempts: int
    max_total: int


@dataclass(frozen=True, slots=True)
class VariableDetail:
    """Variables of the call flow that the contact lacks and that have no default."""

    variables: tuple[str, ...]


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
    """Hours that are over; `closes_at` is the end of the next ones.

    `shut_in` are the zones in which they are shut now; empty if the group has one zone only.
    `holidays` names those from today to the next hours, each with its date.
    """

    zones: tuple[str, ...]
    zone_source: str
    closes_at: datetime | None = None
    shut_in: tuple[str, ...] = ()
    holidays: str | None = None


@dataclass(frozen=True, slots=True)
class WaitDetail:
    waits_for: Reason


@dataclass(frozen=True, slots=True)
class TrunkDetail:
    """None of the campaign's trunks has taken calls since `since`.

    `cause` is the last word of the provider of the trunk that failed then.
    """

    trunks: tuple[str, ...]
    since: datetime
    cause: str


@dataclass(frozen=True, slots=True)
class CallerIdDetail:
    """No caller ID can be shown; `named` is the one that the campaign names."""

    named: str


@dataclass(frozen=True, slots=True)
class SpendDetail:
    """A ceiling that allows no call: `amount` may be spent, and `reserved` calls are under way."""

    ceiling: str
    currency: str
    amount: str
    spent: str
    reserved: str
    call_most: str


@dataclass(frozen=True, slots=True)
class CapDetail:
    """`counted` calls since `since`, of which `max_calls` are allowed `within` a length of time.

    `calls` are the instants at which they were dialed.
    """

    counted: int
    max_calls: int
    since: datetime
    by: Scope
    within: Length
    calls: tuple[datetime, ...]


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
    | DestinationDetail
    | SuppressionDetail
    | ExpiryDetail
    | BudgetDetail
    | VariableDetail
    | ZoneDetail
    | BlackoutDetail
    | HoursDetail
    | WaitDetail
    | TrunkDetail
    | CallerIdDetail
    | SpendDetail
    | CapDetail
    | SilenceDetail
)
