"""Why no contact of a calling group can ever be called, and the smallest change that helps."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from shared.domain.calendar.calendar import (
    MINUTES_A_DAY,
    Calendar,
    WeeklyWindow,
    next_span,
    opening_days,
)
from shared.domain.policy.calling_rules import CallingRules, Hours
from shared.domain.policy.rules import Rule
from shared.domain.reasons import Reason

# How far next_span looks.
SEARCHED = timedelta(days=400)
# The zones in which a date ends last and first, and Greenwich: if none of them ever opens, no
# contact can be called.
OUTER_ZONES = ("Etc/GMT+12", "Etc/UTC", "Pacific/Kiritimati")
TWO_DAYS = timedelta(days=2)


class ChangeKind(StrEnum):
    """What an owner can change in the calendar of a campaign."""

    CHOOSE_DATE = "choose_date"
    ADD_WINDOW = "add_window"
    BEGIN_EARLIER = "begin_earlier"
    END_LATER = "end_later"
    LATER_END_DATE = "later_end_date"
    FEWER_EXCEPTIONS = "fewer_exceptions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The smallest change of the campaign's calendar that meets the law.

    `window` begins before, or ends after, the minute `limit` of its day; a new window is on one
    of `weekdays`.
    """

    kind: ChangeKind
    window: WeeklyWindow | None = None
    limit: int = 0
    weekdays: tuple[int, ...] = ()
    end_date: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreachable:
    """Why no window opens for a group any more.

    `rules` are all rules of law that leave no hour, the strictest first, and `hours` are the hours
    that leave none: of the strictest rule, of all rules where only all together leave none, or of
    the default zone. `zones` are set where several have to be open at once; `is_split` says that
    one of them alone would have an hour. `end_date` is set where the campaign ends too early.
    """

    reason: Reason
    zones: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    hours: tuple[Hours, ...] = ()
    end_date: date | None = None
    is_split: bool = False
    change: Change | None = None


def unreachable(rules: CallingRules, *, now: datetime) -> Unreachable | None:
    """Why no window opens for the group any more; None when one does."""
    zones = rules.group.zones
    if not zones:
        return Unreachable(reason=Reason.UNKNOWN_ZONE)
    if rules.opening(now=now) is not None:
        return None
    own = tuple(hours for hours in rules.hours if hours.rule is None)
    law = [hours for hours in rules.hours if hours.rule is not None]
    return _by_own(own, zones, now=now) or _by_law(own, law, zones, now=now)


def opens_anywhere(calendar: Calendar, *, now: datetime) -> bool:
    """Whether the calendar has an open minute from now on, in any zone of the Earth."""
    if calendar.windows and calendar.end_date is None:
        return True
    for day in opening_days(calendar, (now - TWO_DAYS).date()):
        start = max(now, datetime.combine(day, time(), UTC) - TWO_DAYS)
        if any(next_span((calendar,), (zone,), now=start) for zone in OUTER_ZONES):
            return True
    return False


def is_over_everywhere(calendar: Calendar, *, now: datetime) -> bool:
    """Whether the last date of the calendar has ended in every zone of the Earth."""
    end = calendar.end_date
    return end is not None and datetime.combine(end, time(), UTC) + TWO_DAYS < now


def _by_own(own: tuple[Hours, ...], zones: tuple[str, ...], *, now: datetime) -> Unreachable | None:
    calendar = own[0].calendar
    if not any(_opens(own[:1], (zone,), now=now) for zone in zones):
        end = calendar.end_date
        is_over = end is not None and end < (now + SEARCHED).date()
        return Unreachable(reason=Reason.ENDED, end_date=end if is_over else None)
    if not _opens(own[:1], zones, now=now):
        return Unreachable(reason=Reason.ZONES, zones=zones, is_split=True)
    if not _opens(own, zones, now=now):
        return Unreachable(reason=Reason.DEFAULT_ZONE_WINDOWS, hours=own[1:])
    return None


def _by_law(
    own: tuple[Hours, ...], law: list[Hours], zones: tuple[str, ...], *, now: datetime
) -> Unreachable:
    """By the rules of which each alone leaves no hour, otherwise by all of them together."""
    alone = [hours for hours in law if not _opens((*own, hours), zones, now=now)]
    if not alone:
        return Unreachable(reason=Reason.LAW, rules=_rules(law), hours=tuple(law))
    # A change that satisfies the strictest rule probably satisfies the others.
    alone.sort(key=lambda hours: _minutes(hours.calendar))
    strictest = alone[0]
    is_split = any(_opens((*own, strictest), (zone,), now=now) for zone in zones)
    # Hours of two zones have no smallest change that holds all year.
    has_zone = own[0].calendar.zone is not None
    change = None if is_split or has_zone else _smallest_change(own[0].calendar, strictest.calendar)
    return Unreachable(
        reason=Reason.LAW,
        zones=zones if len(zones) > 1 else (),
        rules=_rules(alone),
        hours=(strictest,),
        is_split=is_split,
        change=change,
    )


def _opens(hours: Iterable[Hours], zones: tuple[str, ...], *, now: datetime) -> bool:
    return next_span(tuple(each.calendar for each in hours), zones, now=now) is not None


def _minutes(calendar: Calendar) -> int:
    return sum(window.end - window.start for window in calendar.windows)


def _rules(law: Iterable[Hours]) -> tuple[Rule, ...]:
    return tuple(hours.rule for hours in law if hours.rule is not None)


def _smallest_change(calendar: Calendar, law: Calendar) -> Change | None:
    """The window that needs the fewest minutes more, as if every date were an ordinary one."""
    if not calendar.windows:
        return Change(kind=ChangeKind.CHOOSE_DATE)
    pairs = [
        (max(own.start, legal.start) - min(own.end, legal.end), own, legal)
        for own in _by_day(calendar.windows)
        for legal in _by_day(law.windows)
        if own.weekday == legal.weekday
    ]
    if not pairs:
        weekdays = tuple(sorted({window.weekday for window in law.windows}))
        return Change(kind=ChangeKind.ADD_WINDOW, weekdays=weekdays) if weekdays else None
    gap, own, legal = min(pairs, key=lambda pair: (pair[0], pair[1].weekday, pair[1].start))
    if gap < 0:
        # The hours of a week agree, so the dates do not.
        if calendar.end_date is None:
            return Change(kind=ChangeKind.FEWER_EXCEPTIONS)
        return Change(kind=ChangeKind.LATER_END_DATE, end_date=calendar.end_date)
    if own.start >= legal.end:
        return Change(kind=ChangeKind.BEGIN_EARLIER, window=own, limit=legal.end)
    return Change(kind=ChangeKind.END_LATER, window=own, limit=legal.start)


def _by_day(windows: Iterable[WeeklyWindow]) -> Iterator[WeeklyWindow]:
    """The same minutes, with no window that passes midnight."""
    for window in windows:
        day, start, end = window.weekday, window.start, window.end
        yield WeeklyWindow(weekday=day, start=start, end=min(end, MINUTES_A_DAY))
        if end > MINUTES_A_DAY:
            yield WeeklyWindow(weekday=(day + 1) % 7, start=0, end=end - MINUTES_A_DAY)
