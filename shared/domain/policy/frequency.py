"""How often a person may be called, and for how long not at all after an event.

Both look at the calls that a tenant has made to a number in all its campaigns.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shared.domain.calendar.zones import day_start, local_date
from shared.domain.outcomes import Outcome


class Scope(StrEnum):
    """Which calls to the person count: those about the same subject, or all of the tenant's."""

    SUBJECT = "subject"
    PERSON = "person"


class Event(StrEnum):
    """What a silence begins with."""

    CONVERSATION = "conversation"
    REFUSAL = "refusal"
    ABANDONED = "abandoned"
    MACHINE = "machine"


# A call of which nobody knows the end may have been a conversation.
BEGINS: dict[Event, frozenset[Outcome]] = {
    Event.CONVERSATION: frozenset(
        {
            Outcome.ANSWERED_HUMAN,
            Outcome.CALLBACK_REQUESTED,
            Outcome.OPT_OUT,
            Outcome.UNKNOWN,
        }
    ),
    Event.REFUSAL: frozenset({Outcome.DECLINED, Outcome.OPT_OUT}),
    Event.ABANDONED: frozenset({Outcome.OVERFLOW}),
    Event.MACHINE: frozenset({Outcome.MACHINE_MESSAGE_LEFT, Outcome.MACHINE_NO_MESSAGE}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """Rolling hours, or local calendar days of which the first call's or event's is the first."""

    hours: int | None = None
    local_days: int | None = None

    def __post_init__(self) -> None:
        if (self.hours is None) == (self.local_days is None):
            raise ValueError("exactly one of hours and local_days")
        hours = 24 * (self.local_days or 0) if self.hours is None else self.hours
        if not 1 <= hours <= 24 * 366:
            raise ValueError("from 1 hour to 366 days")

    def after(self, at: datetime, zones: tuple[str, ...]) -> datetime:
        """The first instant at which `at` is this long ago, in every one of the zones."""
        if self.hours is not None:
            return at + timedelta(hours=self.hours)
        days = timedelta(days=self.local_days or 0)
        return max(day_start(name, local_date(name, at) + days) for name in zones or ("UTC",))


@dataclass(frozen=True, slots=True, kw_only=True)
class FrequencyCap:
    """At most `max_calls` in a length of time; outcomes in `ignore` do not count."""

    max_calls: int
    within: Length
    by: Scope
    ignore: frozenset[Outcome] = frozenset()

    def __post_init__(self) -> None:
        if self.max_calls < 1:
            raise ValueError("max_calls must be at least 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class CoolingOff:
    """No call for a length of time after an event."""

    after: Event
    lasts: Length
    by: Scope


@dataclass(frozen=True, slots=True)
class PastCall:
    """A call to the person. Without an outcome it is up, or its end is not known yet."""

    dialing_at: datetime
    subject: str
    outcome: Outcome | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Until when a limit forbids a call, and the call that it goes back to.

    `counted` are the calls a cap has counted; a silence has counted one.
    """

    until: datetime
    since: PastCall
    counted: int


def held_by(
    limit: FrequencyCap | CoolingOff,
    calls: Iterable[PastCall],
    *,
    subject: str,
    zones: tuple[str, ...],
    now: datetime,
) -> Held | None:
    """What a limit says to one more call at `now`; None when it allows it."""
    mine = [call for call in calls if limit.by is Scope.PERSON or call.subject == subject]
    if isinstance(limit, FrequencyCap):
        return _capped(limit, mine, zones=zones, now=now)
    return _cooling_off(limit, mine, zones=zones, now=now)


def _capped(
    cap: FrequencyCap, calls: Sequence[PastCall], *, zones: tuple[str, ...], now: datetime
) -> Held | None:
    if len(calls) < cap.max_calls:
        return None
    counted = [
        (cap.within.after(call.dialing_at, zones), call)
        for call in calls
        if call.outcome not in cap.ignore
    ]
    recent = sorted(
        ((until, call) for until, call in counted if until > now), key=lambda pair: pair[0]
    )
    if len(recent) < cap.max_calls:
        return None
    # One more is allowed when all but `max_calls - 1` of them are long enough ago.
    until, call = recent[len(recent) - cap.max_calls]
    return Held(until=until, since=call, counted=len(recent))


def _cooling_off(
    cooling_off: CoolingOff, calls: Sequence[PastCall], *, zones: tuple[str, ...], now: datetime
) -> Held | None:
    begun = [
        (cooling_off.lasts.after(max(call.dialing_at, call.ended_at), zones), call)
        for call in calls
        if call.ended_at is not None and call.outcome in BEGINS[cooling_off.after]
    ]
    until, call = max(begun, key=lambda pair: pair[0], default=(now, None))
    if call is None or until <= now:
        return None
    return Held(until=until, since=call, counted=1)
