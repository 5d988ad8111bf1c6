"""A second implementation of calendars: walks UTC by minutes and compares each wall time."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

import holidays

from shared.domain.calendar.calendar import Calendar, DatedWindow, WeeklyWindow

MINUTE = timedelta(minutes=1)
FIRST = datetime(2020, 1, 1, tzinfo=UTC)
LAST = datetime(2038, 1, 1, tzinfo=UTC)


@cache
def all_zones() -> tuple[str, ...]:
    listed = resources.files("tzdata").joinpath("zones").read_text("utf-8").split()
    return tuple(sorted(set(listed) - {"Factory"}))


@cache
def loaded(name: str) -> ZoneInfo:
    with resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def wall_clock_says_open(
    calendars: tuple[Calendar, ...], zones: tuple[str, ...], at: datetime
) -> bool:
    return bool(zones) and all(
        _open_in(calendar, calendar.zone or name, at) for name in zones for calendar in calendars
    )


def _open_in(calendar: Calendar, name: str, at: datetime) -> bool:
    """Apply each rule of the calendar to the date and the time of a wall clock."""
    wall = at.astimezone(loaded(name)).replace(tzinfo=None)
    today = wall.date()
    if calendar.effective_from is not None and today < calendar.effective_from:
        return True
    if calendar.effective_until is not None and today >= calendar.effective_until:
        return True
    if not _allowed(calendar, today):
        return False
    windows: list[WeeklyWindow | DatedWindow] = [*calendar.windows, *calendar.dated]
    for window in windows:
        for begun in (today, today - timedelta(days=1)):
            if not _begins(window, begun) or not _allowed(calendar, begun):
                continue
            if isinstance(window, WeeklyWindow) and _has_special_hours(calendar, today, begun):
                continue
            elapsed = wall - datetime.combine(begun, time())
            if window.start * MINUTE <= elapsed < window.end * MINUTE:
                return True
    return False


def _begins(window: WeeklyWindow | DatedWindow, day: date) -> bool:
    if isinstance(window, DatedWindow):
        return window.day == day
    return window.weekday == day.weekday()


def _has_special_hours(calendar: Calendar, *days: date) -> bool:
    return any(window.day in days for window in calendar.dated)


def _allowed(calendar: Calendar, day: date) -> bool:
    if calendar.start_date is not None and day < calendar.start_date:
        return False
    if calendar.end_date is not None and day > calendar.end_date:
        return False
    if any(day == excluded for excluded in calendar.excluded):
        return False
    return not any(
        day in holidays_of(holiday.country, holiday.region) for holiday in calendar.holidays
    )


@cache
def holidays_of(country: str, region: str | None) -> frozenset[date]:
    """All holidays from 2018 to 2039, so that none is missed at the turn of a year."""
    return frozenset(holidays.country_holidays(country, subdiv=region, years=range(2018, 2040)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """Whether each minute from `start` on is open."""

    start: datetime
    minutes: tuple[bool, ...]

    def open_at(self, at: datetime) -> bool:
        return self.minutes[(at - self.start) // MINUTE]

    def closing(self, at: datetime) -> datetime | None:
        """The first closed minute after an open instant, or None if it lies beyond the walk."""
        return self._first(False, (at - self.start) // MINUTE)

    def opening(self, at: datetime) -> datetime | None:
        return self._first(True, (at - self.start) // MINUTE)

    def opened(self, at: datetime) -> datetime | None:
        """The start of the span of an open instant, or None if it lies before the walk."""
        index = (at - self.start) // MINUTE
        while index >= 0 and self.minutes[index]:
            index -= 1
        return None if index < 0 else self.start + (index + 1) * MINUTE

    def _first(self, state: bool, index: int) -> datetime | None:
        try:
            return self.start + self.minutes.index(state, index) * MINUTE
        except ValueError:
            return None


def walk(
    calendars: tuple[Calendar, ...], zones: tuple[str, ...], start: datetime, *, days: float
) -> Walk:
    minutes = tuple(
        wall_clock_says_open(calendars, zones, start + index * MINUTE)
        for index in range(int(days * 1_440))
    )
    return Walk(start=start, minutes=minutes)


@cache
def clock_changes(name: str) -> tuple[datetime, ...]:
    """Each change of the zone's offset from 2020 to 2037 to the second, found by daily steps."""
    zone, changes, day = loaded(name), [], timedelta(days=1)
    at, before = FIRST, FIRST.astimezone(zone).utcoffset()
    while at < LAST:
        after = (at + day).astimezone(zone).utcoffset()
        if after != before:
            low, high = at, at + day
            while high - low > timedelta(seconds=1):
                middle = (low + (high - low) // 2).replace(microsecond=0)
                if middle.astimezone(zone).utcoffset() == before:
                    low = middle
                else:
                    high = middle
            changes.append(high)
        at, before = at + day, after
    return tuple(changes)


def stored_changes(name: str) -> Iterator[tuple[int, int]]:
    """Read pairs (instant, offset after it) from the zone's file, without zoneinfo."""
    data = resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).read_bytes()
    counts = struct.unpack(">6l", data[20:44])
    second = 44 + counts[3] * 5 + counts[4] * 6 + counts[5] + counts[2] * 8 + counts[1] + counts[0]
    _, _, _, times, types, _ = struct.unpack(">6l", data[second + 20 : second + 44])
    begin = second + 44
    instants = struct.unpack(f">{times}q", data[begin : begin + 8 * times])
    kinds = data[begin + 8 * times : begin + 9 * times]
    offsets = [
        struct.unpack(">l", data[begin + 9 * times + 6 * kind : begin + 9 * times + 6 * kind + 4])[
            0
        ]
        for kind in range(types)
    ]
    yield from zip(instants, (offsets[kind] for kind in kinds), strict=True)
