"""IANA time zones, read from the tzdata package and never from the machine."""

import zoneinfo
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from importlib import import_module
from zoneinfo import ZoneInfo

# Python prefers the machine's zone files, which may be years old: this turns them off for the
# whole process. It must come before the first zone, so every zone is asked for here.
zoneinfo.reset_tzpath(())
ZoneInfo.clear_cache()

# "Factory" is the database's word for "not set": it names no place.
_NAMES = frozenset(zoneinfo.available_timezones()) - {"Factory"}

_DAY = 86_400
_EPOCH = date(1970, 1, 1).toordinal()
# Offsets are compared at this distance and a difference is bisected. No zone has ever changed
# its offset and changed it back within so short a time (tests/unit/test_domain_zones.py).
_PROBE = 6 * 3_600


class UnknownZoneError(ValueError):
    """The name is not in the zone data in force."""


def is_zone(name: str) -> bool:
    return name in _NAMES


@cache
def zone(name: str) -> ZoneInfo:
    if name not in _NAMES:
        raise UnknownZoneError(f"unknown time zone: {name[:64]!r}")
    # ZoneInfo itself keeps only eight zones and reads the others again from their files.
    return ZoneInfo(name)


def tzdata_version() -> str:
    """The IANA release in force, like 2026b."""
    version: str = import_module("tzdata").IANA_VERSION
    return version


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


def _first_with(name: str, offset: int, low: int, high: int) -> int:
    while high - low > 1:
        middle = (low + high) // 2
        if utc_offset(name, middle) == offset:
            high = middle
        else:
            low = middle
    return high


@lru_cache(maxsize=16_384)
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
