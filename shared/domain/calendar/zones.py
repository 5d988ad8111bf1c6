"""IANA time zones by the release in force, which comes from the tzdata package only."""

import zoneinfo
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import ParamSpec, TypeVar, cast
from zoneinfo import ZoneInfo

from shared.domain.calendar.tzdata_release import ZoneRelease, installed_package, read_release

P = ParamSpec("P")
R = TypeVar("R")

# Python prefers the machine's zone files, which may be years old: this turns them off for the
# whole process, so that nothing in it can ask them by mistake.
zoneinfo.reset_tzpath(())
ZoneInfo.clear_cache()

_DAY = 86_400
_EPOCH = date(1970, 1, 1).toordinal()
# Offsets are compared at this distance and a difference is bisected. No zone has ever changed
# its offset and changed it back within so short a time (tests/unit/domain/calendar/test_zones.py).
_PROBE = 6 * 3_600

_in_force: ZoneRelease = read_release(installed_package())
_clearings: list[Callable[[], None]] = []


class UnknownZoneError(ValueError):
    """The name is not in the zone data in force."""


def zone_cache(maxsize: int | None) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """`lru_cache` for what depends on zone data: another release empties it."""

    def remember(function: Callable[P, R]) -> Callable[P, R]:
        cached = lru_cache(maxsize)(function)
        _clearings.append(cached.cache_clear)
        return cast("Callable[P, R]", cached)

    return remember


def use_release(release: ZoneRelease) -> bool:
    """Put a release in force, all at once; whether anything is different by it."""
    global _in_force  # noqa: PLW0603 - one process has one truth about zones
    if release == _in_force:
        return False
    _in_force = release
    for clear in _clearings:
        clear()
    return True


def release_in_force() -> ZoneRelease:
    return _in_force


def tzdata_version() -> str:
    """The IANA release in force, like 2026b."""
    return _in_force.version


def is_zone(name: str) -> bool:
    return name in _in_force.files


@zone_cache(None)
def zone(name: str) -> ZoneInfo:
    if name not in _in_force.files:
        raise UnknownZoneError(f"unknown time zone: {name[:64]!r}")
    return _in_force.load(name)


def utc_offset(name: str, at: int) -> int:
    """Seconds east of UTC at an instant given in seconds since 1970."""
    offset = datetime.fromtimestamp(at, zone(name)).utcoffset() or timedelta(0)
    return offset.days * _DAY + offset.seconds


def offset_segments(name: str, start: int, end: int) -> tuple[tuple[int, int, int], ...]:
    """Cut [start, end) into (start, end, offset) pieces in which the zone's offset is constant.

    Inside a piece wall time and UTC map one to one, so whatever is computed piece by piece is
    exact on every day, however the clocks were changed on it.
    """
    pieces: list[tuple[int, int, int]] = []
    begin, offset = start, utc_offset(name, start)
    low = start
    while low < end:
        high = min(low + _PROBE, end)
        found = utc_offset(name, high)
        if found != offset:
            change = _first_with(name, found, low, high)
            pieces.append((begin, change, offset))
            begin, offset = change, found
        low = high
    if begin < end:
        pieces.append((begin, end, offset))
    return tuple(pieces)


@zone_cache(8_192)
def wall_segments(name: str, start: int, end: int) -> tuple[tuple[int, int, int], ...]:
    """The same as stretches of wall time, each with the offset that held in it."""
    segments = offset_segments(name, start, end)
    return tuple((begin + offset, end + offset, offset) for begin, end, offset in segments)


def _first_with(name: str, offset: int, low: int, high: int) -> int:
    while high - low > 1:
        middle = (low + high) // 2
        if utc_offset(name, middle) == offset:
            high = middle
        else:
            low = middle
    return high


@zone_cache(16_384)
def day_start(name: str, day: date) -> datetime:
    """The first UTC instant from which on the zone's date is `day` or later.

    It is found from the instants themselves, because some midnights do not exist and others
    come twice.
    """
    midnight = (day.toordinal() - _EPOCH) * _DAY
    start = midnight - 2 * _DAY
    for begin, end, offset in offset_segments(name, start, midnight + 2 * _DAY):
        if begin < midnight - offset:
            start = max(start, min(end, midnight - offset))
    return datetime.fromtimestamp(start, UTC)


def local_date(name: str, at: datetime) -> date:
    refuse_naive(at)
    return at.astimezone(zone(name)).date()


def refuse_naive(at: datetime) -> None:
    if at.utcoffset() is None:
        raise ValueError("an instant needs a zone: naive datetimes are refused")
