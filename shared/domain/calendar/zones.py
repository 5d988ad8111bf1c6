"""IANA time zones of the `tzdata` package, read once when a process starts."""

import zoneinfo
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from tzdata import IANA_VERSION

# Python prefers the zone files of the machine, which may be years old. An empty search path leaves
# only the package, for the whole process.
zoneinfo.reset_tzpath(())
ZoneInfo.clear_cache()

_DAY = 86_400
_EPOCH = date(1970, 1, 1).toordinal()
# Offsets are compared at this distance and a difference is bisected. No zone has ever changed
# its offset and changed it back within so short a time (tests/unit/domain/calendar/test_zones.py).
_PROBE = 6 * 3_600

# All zones at once: a zone that is read later could belong to another release, if the package is
# upgraded meanwhile. "Factory" is the database's word for "not set" and names no place.
_ZONES = {name: ZoneInfo(name) for name in zoneinfo.available_timezones() - {"Factory"}}


# Names that stand for an offset and not for a place, beside those that begin with Etc/.
_OFFSETS = frozenset(
    {"EST", "GMT", "GMT+0", "GMT-0", "GMT0", "Greenwich", "HST", "MST"}
    | {"UCT", "UTC", "Universal", "Zulu"}
)
# One instant in each month; clocks that are changed for a season differ at two of them.
_MONTHS = tuple(int(datetime(2027, month, 15, tzinfo=UTC).timestamp()) for month in range(1, 13))


class UnknownZoneError(ValueError):
    """The zone data have no zone of this name."""


def tzdata_version() -> str:
    """The IANA release of the zone data, like 2026b."""
    return str(IANA_VERSION)


def is_zone(name: str) -> bool:
    return name in _ZONES


def zone(name: str) -> ZoneInfo:
    try:
        return _ZONES[name]
    except KeyError:
        raise UnknownZoneError(f"unknown time zone: {name[:64]!r}") from None


def is_offset(name: str) -> bool:
    """Whether the name stands for an offset from UTC that never changes, like EST or Etc/GMT+5."""
    return name.startswith("Etc/") or name in _OFFSETS


@cache
def has_summer_time(name: str) -> bool:
    """Whether clocks in the zone are put forward and back within a year."""
    return len({utc_offset(name, at) for at in _MONTHS}) > 1


def utc_offset(name: str, at: int) -> int:
    """Seconds east of UTC at an instant given in seconds since 1970."""
    offset = datetime.fromtimestamp(at, zone(name)).utcoffset() or timedelta(0)
    return offset.days * _DAY + offset.seconds


def offset_segments(name: str, start: int, end: int) -> tuple[tuple[int, int, int], ...]:
    """Cut [start, end) into (start, end, offset) pieces in which the zone's offset is constant.

    Inside a piece wall time and UTC map one to one. A result that is computed piece by piece is
    therefore exact, also on a day on which the clocks are changed.
    """
    pieces: list[tuple[int, int, int]] = []
    begin, offset = start, utc_offset(name, start)
    low = start
    while low < end:
        high = min(low + _PROBE, end)
        later = utc_offset(name, high)
        if later != offset:
            change = _first_with(name, later, low, high)
            pieces.append((begin, change, offset))
            begin, offset = change, later
        low = high
    if begin < end:
        pieces.append((begin, end, offset))
    return tuple(pieces)


@lru_cache(maxsize=8_192)
def wall_segments(name: str, start: int, end: int) -> tuple[tuple[int, int, int], ...]:
    """The same pieces in wall time, each with its offset."""
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


@lru_cache(maxsize=16_384)
def day_start(name: str, day: date) -> datetime:
    """The first UTC instant from which on the zone's date is `day` or later.

    The search goes over instants, because some midnights do not exist and others come twice.
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
