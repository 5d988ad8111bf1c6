"""Hours, and why nobody of a calling group can be called, in the words of a definition."""

from collections.abc import Iterable, Sequence
from typing import assert_never

from shared.definitions.calendar import DAYS
from shared.domain.calendar.calendar import MINUTES_A_DAY, Calendar
from shared.domain.calendar.holidays import HolidaySet
from shared.domain.decision.reachability import Change, ChangeKind, Unreachable
from shared.domain.policy.calling_rules import Hours
from shared.domain.reasons import Reason

WITHOUT_ZONE = (
    "no zone is known of them; give the contacts a zone or a postal code, "
    "or the campaign a default_zone"
)
LOCATE = "give the contacts a zone or a postal code, so that fewer zones have to be open"
NONE_OPEN = "no hour of the campaign's windows is"


def unreachable_text(unreachable: Unreachable) -> str:
    """The reason as a sentence, with the smallest change that helps."""
    match unreachable.reason:
        case Reason.UNKNOWN_ZONE:
            return WITHOUT_ZONE
        case Reason.ENDED if unreachable.end_date is not None:
            return f"no window opens until end_date {unreachable.end_date} is over"
        case Reason.ENDED:
            return "no window opens within 400 days; look at dates, excluded_dates and holidays"
        case Reason.ZONES:
            return f"{NONE_OPEN} open{_at_once(unreachable.zones)}; {LOCATE}"
        case Reason.DEFAULT_ZONE_WINDOWS:
            hours = hours_text(unreachable.hours[0].calendar)
            return f"{NONE_OPEN} inside default_zone_windows; those are {hours}"
        case _:
            return _by_law(unreachable)


def hours_text(calendar: Calendar) -> str:
    """Days of the same hours together: Mon-Fri 09:00-18:00, Sat 10:00-17:00; or none."""
    days_of: dict[str, list[int]] = {}
    for weekday in range(7):
        windows = sorted(
            (window.start, window.end) for window in calendar.windows if window.weekday == weekday
        )
        hours = " and ".join(f"{clock(start)}-{clock(end)}" for start, end in windows)
        if hours:
            days_of.setdefault(hours, []).append(weekday)
    text = ", ".join(f"{days_text(days)} {hours}" for hours, days in days_of.items())
    return (text or "none") + _on_holidays(calendar)


def _on_holidays(calendar: Calendar) -> str:
    if not calendar.holidays:
        return ""
    places = " and ".join(map(_place, calendar.holidays))
    hours = " and ".join(f"{clock(start)}-{clock(end)}" for start, end in calendar.holiday_hours)
    return f", {hours} on holidays of {places}" if hours else f", except on holidays of {places}"


def _place(holidays: HolidaySet) -> str:
    place = f"{holidays.country}-{holidays.region}" if holidays.region else holidays.country
    more = ", ".join(map(_further, holidays.days))
    return f"{place} (with {more})" if more else place


def _further(day: str) -> str:
    """Fri from 11-23, for the first one from that date on."""
    weekday, _, first = day.rpartition(">=")
    return f"{weekday.title()} from {first}" if weekday else day


def days_text(days: Sequence[int]) -> str:
    """Three or more in a row as a span: Mon-Wed, Fri."""
    runs: list[list[int]] = []
    for day in days:
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ", ".join(
        f"{_day(run[0])}-{_day(run[-1])}" if len(run) > 2 else ", ".join(map(_day, run))
        for run in runs
    )


def clock(minute: int) -> str:
    """24:00 is the end of the day; a later minute is in the morning of the next day."""
    if minute > MINUTES_A_DAY:
        minute -= MINUTES_A_DAY
    return f"{minute // 60:02}:{minute % 60:02}"


def _by_law(unreachable: Unreachable) -> str:
    if len(unreachable.hours) > 1:
        names = ", ".join(_name(hours) for hours in unreachable.hours)
        return f"{NONE_OPEN} inside all of {names}; the law's are {_each(unreachable.hours)}"
    (strictest,) = unreachable.hours
    text = f"{NONE_OPEN} inside {_name(strictest)}"
    if unreachable.zones:
        text += _at_once(unreachable.zones)
    text += f"; the law's are {hours_text(strictest.calendar)}"
    if unreachable.is_split:
        return f"{text}; {LOCATE}"
    change = unreachable.change
    return text if change is None else f"{text}; the smallest change: {_change_text(change)}"


def _change_text(change: Change) -> str:
    match change.kind:
        case ChangeKind.CHOOSE_DATE:
            return "choose a date in dates that the law allows, or add weekly windows"
        case ChangeKind.ADD_WINDOW:
            return f"add a window on one of {days_text(change.weekdays)}"
        case ChangeKind.BEGIN_EARLIER:
            return f"let the window of {_window(change)} begin before {clock(change.limit)}"
        case ChangeKind.END_LATER:
            return f"let the window of {_window(change)} end after {clock(change.limit)}"
        case ChangeKind.LATER_END_DATE:
            return f"a later end_date than {change.end_date}"
        case ChangeKind.FEWER_EXCEPTIONS:
            return "fewer excluded_dates, dates and holidays"
        case _:
            assert_never(change.kind)


def _window(change: Change) -> str:
    window = change.window
    return (
        ""
        if window is None
        else (f"{_day(window.weekday)} {clock(window.start)}-{clock(window.end)}")
    )


def _each(law: Iterable[Hours]) -> str:
    return "; ".join(f"{_name(hours)}: {hours_text(hours.calendar)}" for hours in law)


def _name(hours: Hours) -> str:
    return "" if hours.rule is None else hours.rule.name


def _at_once(zones: Sequence[str]) -> str:
    return f" in all of {', '.join(zones)} at once"


def _day(weekday: int) -> str:
    return DAYS[weekday].title()
