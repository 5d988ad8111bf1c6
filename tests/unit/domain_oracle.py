"""A second opinion on calendars: walks UTC minute by minute and asks the wall clock of each one."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib import resources
from random import Random
from zoneinfo import ZoneInfo

from shared.domain.calendar import Calendar, WeeklyWindow

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


def wall_clock_says_open(calendar: Calendar, zones: tuple[str, ...], at: datetime) -> bool:
    return bool(zones) and all(_open_in(calendar, name, at) for name in zones)


def _open_in(calendar: Calendar, name: str, at: datetime) -> bool:
    wall = at.astimezone(loaded(name)).replace(tzinfo=None)
    if not _dated(calendar, wall.date()):
        return False
    for back in (0, 1):
        begun = wall.date() - timedelta(days=back)
        midnight = datetime.combine(begun, time())
        elapsed = (wall - midnight) / MINUTE
        for window in calendar.windows:
            fits = window.weekday == begun.weekday() and window.start <= elapsed < window.end
            if fits and _dated(calendar, begun):
                return True
    return False


def _dated(calendar: Calendar, day: date) -> bool:
    after = calendar.start_date is None or day >= calendar.start_date
    return after and (calendar.end_date is None or day <= calendar.end_date)


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """For each minute from `start`: is it open?"""

    start: datetime
    minutes: tuple[bool, ...]

    def open_at(self, at: datetime) -> bool:
        return self.minutes[(at - self.start) // MINUTE]

    def closing(self, at: datetime) -> datetime | None:
        """The first closed minute from an open instant on, if the walk got there."""
        return self._first(False, (at - self.start) // MINUTE)

    def opening(self, at: datetime) -> datetime | None:
        return self._first(True, (at - self.start) // MINUTE)

    def opened(self, at: datetime) -> datetime | None:
        """When the span of an open instant began, if the walk began before."""
        index = (at - self.start) // MINUTE
        while index >= 0 and self.minutes[index]:
            index -= 1
        return None if index < 0 else self.start + (index + 1) * MINUTE

    def _first(self, state: bool, index: int) -> datetime | None:
        try:
            return self.start + self.minutes.index(state, index) * MINUTE
        except ValueError:
            return None


def walk(calendar: Calendar, zones: tuple[str, ...], start: datetime, *, days: float) -> Walk:
    minutes = tuple(
        wall_clock_says_open(calendar, zones, start + index * MINUTE)
        for index in range(int(days * 1_440))
    )
    return Walk(start=start, minutes=minutes)


@cache
def clock_changes(name: str) -> tuple[datetime, ...]:
    """Every change of the zone's offset from 2020 to 2037, by hourly steps, to the second."""
    zone, found, hour = loaded(name), [], timedelta(hours=1)
    at, before = FIRST, FIRST.astimezone(zone).utcoffset()
    while at < LAST:
        day = at + 24 * hour
        if day.astimezone(zone).utcoffset() != before:
            low, high = at, day
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) // 2
                middle = middle.replace(microsecond=0)
                if middle.astimezone(zone).utcoffset() == before:
                    low = middle
                else:
                    high = middle
            found.append(high)
            before = day.astimezone(zone).utcoffset()
        at = day
    return tuple(found)


def stored_changes(name: str) -> Iterator[tuple[int, int]]:
    """(instant, offset after it) as the zone's file has them, read without zoneinfo."""
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


def random_calendar(random: Random, near: date) -> Calendar:
    """Windows of every kind: split, touching, across midnight, whole days, a single minute."""
    windows = []
    for weekday in random.sample(range(7), random.randint(1, 7)):
        for _ in range(random.choice((1, 1, 2, 3))):
            start = random.choice((0, 60, 120, 180, 1_380, random.randrange(1_440)))
            longest = start + 1_440
            end = random.choice((start + 1, 1_440, longest, random.randint(start + 1, longest)))
            windows.append(WeeklyWindow(weekday=weekday, start=start, end=end))
    first = near + timedelta(days=random.randint(-4, 9)) if random.random() < 0.3 else None
    last = near + timedelta(days=random.randint(9, 14)) if random.random() < 0.3 else None
    if first is None and last is not None:
        last -= timedelta(days=9)
    return Calendar(windows=tuple(windows), start_date=first, end_date=last)
