"""Frequency caps and cooling-off periods: limits on the calls of a tenant to one person.

Both count the calls of all its campaigns to a number. The API calls a cooling-off a silence.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shared.domain.calendar.zones import day_start, local_date
from shared.domain.outcomes import Outcome


class Scope(StrEnum):
    """The calls that count: of the tenant to the person, about the same subject or about any."""

    SUBJECT = "subject"
    PERSON = "person"


class Event(StrEnum):
    """The event that begins a silence (a cooling-off)."""

    CONVERSATION = "conversation"
    REFUSAL = "refusal"
    ABANDONED = "abandoned"
    MACHINE = "machine"


# A call with an unknown end may have been a conversation.
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
    """Rolling hours, or local calendar days; the day of the call or event is the first of them."""

    hours: int | None = None
    local_days: int | None = None

    def __post_init__(self) -> None:
        if (self.hours is None) == (self.local_days is None):
            raise ValueError("exactly one of hours and local_days")
        hours = 24 * (self.local_days or 0) if self.hours is None else self.hours
        if not 1 <= hours <= 24 * 366:
            raise ValueError("from 1 hour to 366 days")

    def after(self, at: datetime, zones: tuple[str, ...]) -> datetime:
        """The first instant at which this length of time has passed since `at` in every zone."""
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
    """No call to the person for a length of time after an event."""

    after: Event
    lasts: Length
    by: Scope


@dataclass(frozen=True, slots=True)
class PastCall:
    """A call to the person. Without an outcome it is live, or its end is not known yet."""

    dialing_at: datetime
    subject: str
    outcome: Outcome | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A limit forbids a call `until` then, because of the call `since`.

    `calls` are those that a cap counted, in the order in which they leave its length of time; for a
    cooling-off the one that began it.
    """

    until: datetime
    since: PastCall
    calls: tuple[PastCall, ...]


def held_by(
    limit: FrequencyCap | CoolingOff,
    calls: Iterable[PastCall],
    *,
    subject: str,
    zones: tuple[str, ...],
    now: datetime,
) -> Held | None:
    """The block of one more call at `now` by a limit; None when the limit allows the call."""
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
    # One more call is allowed when at most `max_calls - 1` of the calls still count.
    until, call = recent[len(recent) - cap.max_calls]
    return Held(until=until, since=call, calls=tuple(call for _, call in recent))


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
    return Held(until=until, since=call, calls=(call,))
