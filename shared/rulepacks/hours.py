"""Weekly hours as a pack writes them: `mon-fri = "10:00-13:00, 14:00-20:00"`."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated

from pydantic import StringConstraints

from shared.definitions.calendar import DAYS, minute_of_day
from shared.domain.calendar.calendar import WeeklyWindow

_DAY = f"({'|'.join(DAYS)})"
_TIME = "([01][0-9]|2[0-3]):[0-5][0-9]"
_SPAN = f"{_TIME}-({_TIME}|24:00)"

DAYS_PATTERN = f"^{_DAY}(-{_DAY})?$"
Days = Annotated[str, StringConstraints(pattern=DAYS_PATTERN)]
Hours = Annotated[str, StringConstraints(pattern=f"^{_SPAN}(, {_SPAN})*$", max_length=100)]


def weekly_windows(hours: Mapping[str, str]) -> tuple[WeeklyWindow, ...]:
    """The windows of all days; ValueError for a day named twice and for overlapping spans."""
    by_day: dict[int, list[WeeklyWindow]] = {}
    for days, spans in hours.items():
        for weekday in _weekdays(days):
            if weekday in by_day:
                raise ValueError(f"hours: {DAYS[weekday]} is named twice")
            by_day[weekday] = [
                WeeklyWindow(weekday=weekday, start=start, end=end)
                for start, end in minutes_of("hours", spans)
            ]
    return tuple(window for weekday in sorted(by_day) for window in by_day[weekday])


def minutes_of(key: str, spans: str) -> tuple[tuple[int, int], ...]:
    """The (start, end) of each span, in minutes of the day; ValueError names the key on overlap."""
    edges = [minute_of_day(time) for span in spans.split(", ") for time in span.split("-")]
    if any(later <= earlier for earlier, later in pairwise(edges)):
        raise ValueError(f"{key}: {spans}: each time must be later than the one before it")
    return tuple(zip(edges[::2], edges[1::2], strict=True))


def _weekdays(days: str) -> range:
    first, _, last = days.partition("-")
    weekdays = range(DAYS.index(first), DAYS.index(last or first) + 1)
    if not weekdays:
        raise ValueError(f"hours: {days} goes backwards; a week begins with mon")
    return weekdays
