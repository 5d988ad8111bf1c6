"""Why nobody of a calling group can be called at any time, and what would change that least."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.domain.calendar.calendar import MINUTES_A_DAY, Calendar, WeeklyWindow, next_span
from shared.domain.policy.calling_rules import CallingRules, Hours
from shared.domain.policy.rules import Rule
from shared.domain.reasons import Reason

# How far next_span looks.
SEARCHED = timedelta(days=400)
WITHOUT_ZONE = (
    "no zone is known of them; give the contacts a zone or a postal code, "
    "or the campaign a default_zone"
)
LOCATE = "give the contacts a zone or a postal code, so that fewer zones have to be open"
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreachable:
    """`rules` are those of law that leave no hour, if it is they; `detail` is for people."""

    reason: Reason
    rules: tuple[Rule, ...] = ()
    detail: str


def unreachable(rules: CallingRules, *, now: datetime) -> Unreachable | None:
    """Why no window opens for the group any more; None when one does."""
    zones = rules.group.zones
    if not zones:
        return Unreachable(reason=Reason.UNKNOWN_ZONE, detail=WITHOUT_ZONE)
    if rules.opening(now=now) is not None:
        return None
    own = tuple(each.calendar for each in rules.hours if each.rule is None)
    return _by_own(own, zones, now=now) or _by_law(rules, own, zones, now=now)


def _by_own(
    own: tuple[Calendar, ...], zones: tuple[str, ...], *, now: datetime
) -> Unreachable | None:
    calendar = own[0]
    if not any(next_span((calendar,), (zone,), now=now) for zone in zones):
        return Unreachable(reason=Reason.ENDED, detail=_ended(calendar, now=now))
    if next_span((calendar,), zones, now=now) is None:
        at_once = f"in all of {', '.join(zones)} at once"
        detail = f"no hour of the campaign's windows is open {at_once}; {LOCATE}"
        return Unreachable(reason=Reason.ZONES, detail=detail)
    if next_span(own, zones, now=now) is None:
        detail = (
            "no hour of the campaign's windows is inside default_zone_windows; "
            f"those are {in_words(own[1])}"
        )
        return Unreachable(reason=Reason.DEFAULT_ZONE_WINDOWS, detail=detail)
    return None


def _ended(calendar: Calendar, *, now: datetime) -> str:
    if calendar.end_date is not None and calendar.end_date < (now + SEARCHED).date():
        return f"no window opens until end_date {calendar.end_date} is over"
    return "no window opens within 400 days; look at dates, excluded_dates and holidays"


def _by_law(
    rules: CallingRules, own: tuple[Calendar, ...], zones: tuple[str, ...], *, now: datetime
) -> Unreachable:
    """The rules that by themselves leave no hour, else all of them, for then it is all."""
    legal = [each for each in rules.hours if each.rule is not None]
    alone = [each for each in legal if next_span((*own, each.calendar), zones, now=now) is None]
    if alone:
        # What satisfies the strictest is likeliest to satisfy the others.
        alone.sort(key=lambda each: _minutes(each.calendar))
        detail = _excluded(own, alone[0], zones, now=now)
        return Unreachable(reason=Reason.LAW, rules=_rules(alone), detail=detail)
    names = ", ".join(rule.name for rule in _rules(legal))
    hours = "; ".join(f"{rule.name}: {in_words(each.calendar)}" for each, rule in _named(legal))
    detail = f"no hour of the campaign's windows is inside all of {names}; the law's are {hours}"
    return Unreachable(reason=Reason.LAW, rules=_rules(legal), detail=detail)


def _minutes(calendar: Calendar) -> int:
    return sum(window.end - window.start for window in calendar.windows)


def _named(legal: Iterable[Hours]) -> Iterator[tuple[Hours, Rule]]:
    return ((each, each.rule) for each in legal if each.rule is not None)


def _rules(legal: Iterable[Hours]) -> tuple[Rule, ...]:
    return tuple(rule for _, rule in _named(legal))


def _excluded(
    own: tuple[Calendar, ...], law: Hours, zones: tuple[str, ...], *, now: datetime
) -> str:
    name = law.rule.name if law.rule is not None else ""
    told = f"no hour of the campaign's windows is inside {name}"
    if len(zones) > 1:
        told += f" in all of {', '.join(zones)} at once"
    told += f"; the law's are {in_words(law.calendar)}"
    if any(next_span((*own, law.calendar), (zone,), now=now) for zone in zones):
        return f"{told}; {LOCATE}"
    change = _smallest_change(own[0], law.calendar)
    return f"{told}; the smallest change: {change}" if change else told


def _smallest_change(calendar: Calendar, law: Calendar) -> str | None:
    """How little one window would have to be moved, were every date an ordinary one."""
    if not calendar.windows:
        return "choose a date in dates that the law allows, or add weekly windows"
    pairs = [
        (max(mine.start, legal.start) - min(mine.end, legal.end), mine, legal)
        for mine in _by_day(calendar.windows)
        for legal in _by_day(law.windows)
        if mine.weekday == legal.weekday
    ]
    if not pairs:
        days = _days(sorted({window.weekday for window in law.windows}))
        return f"add a window on one of {days}" if days else None
    gap, mine, legal = min(pairs, key=lambda pair: (pair[0], pair[1].weekday, pair[1].start))
    if gap < 0:
        return _dates(calendar)
    window = f"{DAYS[mine.weekday]} {clock(mine.start)}-{clock(mine.end)}"
    if mine.start >= legal.end:
        return f"let the window of {window} begin before {clock(legal.end)}"
    return f"let the window of {window} end after {clock(legal.start)}"


def _dates(calendar: Calendar) -> str:
    """The hours of a week agree, so it is the dates."""
    end = calendar.end_date
    return f"a later end_date than {end}" if end else "fewer excluded_dates, dates and holidays"


def _by_day(windows: Iterable[WeeklyWindow]) -> Iterator[WeeklyWindow]:
    """The same minutes, none past midnight."""
    for window in windows:
        day, start, end = window.weekday, window.start, window.end
        yield WeeklyWindow(weekday=day, start=start, end=min(end, MINUTES_A_DAY))
        if end > MINUTES_A_DAY:
            yield WeeklyWindow(weekday=(day + 1) % 7, start=0, end=end - MINUTES_A_DAY)


def in_words(calendar: Calendar) -> str:
    """Days of the same hours together: Mon-Fri 09:00-18:00, Sat 10:00-17:00; no holidays of US."""
    days_of: dict[str, list[int]] = {}
    for weekday in range(7):
        windows = [each for each in calendar.windows if each.weekday == weekday]
        windows.sort(key=lambda window: window.start)
        hours = " and ".join(f"{clock(each.start)}-{clock(each.end)}" for each in windows)
        if hours:
            days_of.setdefault(hours, []).append(weekday)
    told = ", ".join(f"{_days(days)} {hours}" for hours, days in days_of.items())
    places = [
        f"{each.country}-{each.region}" if each.region else each.country
        for each in calendar.holidays
    ]
    return told + (f", except on holidays of {' and '.join(places)}" if places else "")


def _days(days: Sequence[int]) -> str:
    """Three or more in a row as a span."""
    runs: list[list[int]] = []
    for day in days:
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ", ".join(
        f"{DAYS[run[0]]}-{DAYS[run[-1]]}" if len(run) > 2 else ", ".join(DAYS[day] for day in run)
        for run in runs
    )


def clock(minute: int) -> str:
    """24:00 is the end of the day, and past it comes the next one's morning."""
    if minute > MINUTES_A_DAY:
        minute -= MINUTES_A_DAY
    return f"{minute // 60:02}:{minute % 60:02}"
