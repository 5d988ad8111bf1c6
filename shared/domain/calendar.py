"""When a campaign may call: weekly windows in wall time, turned into exact spans of UTC."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from shared.domain.zones import offset_segments, refuse_naive, zone

_MINUTES = 1_440
_DAY = 86_400
# Spans are worked out and remembered a week at a time.
_CHUNK = 7 * _DAY
_HORIZON = 400 * _DAY
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_EPOCH_WEEKDAY = 3

# Ascending, disjoint, not touching; seconds since 1970.
_Spans = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklyWindow:
    """Minutes [start, end) of the day on which it begins; past 1440 it runs into the next day."""

    weekday: int
    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.weekday <= 6:
            raise ValueError("weekday must be 0 (Monday) to 6 (Sunday)")
        if not 0 <= self.start < _MINUTES:
            raise ValueError("start must be a minute of the day, 0 to 1439")
        if not self.start < self.end <= self.start + _MINUTES:
            raise ValueError("end must be after start, by at most 1440 minutes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Weekly windows between two local dates, both inclusive."""

    windows: tuple[WeeklyWindow, ...]
    start_date: date | None = None
    end_date: date | None = None

    def __post_init__(self) -> None:
        if self.start_date and self.end_date and self.end_date < self.start_date:
            raise ValueError("end_date must not be before start_date")


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Open from opens_at until just before closes_at, in UTC."""

    opens_at: datetime
    closes_at: datetime


def is_open(calendar: Calendar, zones: tuple[str, ...], *, at: datetime) -> bool:
    """Whether every zone is inside a window at this instant; without a zone, never."""
    refuse_naive(at)
    return bool(zones) and all(_is_open_in(calendar, name, at) for name in zones)


def next_span(calendar: Calendar, zones: tuple[str, ...], *, now: datetime) -> Span | None:
    """The span that contains `now`, with its true opening, or the next one within 400 days.

    `closes_at` is the first closed instant. Only where it stays open for more than a week on end
    may the span be cut: it then still reaches a week ahead, and is to be asked for again.
    """
    refuse_naive(now)
    since_epoch = now - _EPOCH
    found = _next_open(calendar, zones, since_epoch.days * _DAY + since_epoch.seconds)
    if found is None:
        return None
    opens, closes = found
    return Span(
        opens_at=_EPOCH + timedelta(seconds=opens), closes_at=_EPOCH + timedelta(seconds=closes)
    )


def _is_open_in(calendar: Calendar, name: str, at: datetime) -> bool:
    wall = at.astimezone(zone(name))
    today, minute = wall.date(), wall.hour * 60 + wall.minute
    if not _in_range(calendar, today):
        return False
    weekday = today.weekday()
    for window in calendar.windows:
        if window.weekday == weekday and window.start <= minute < window.end:
            return True
        began_yesterday = window.weekday == (weekday - 1) % 7 and minute + _MINUTES < window.end
        if began_yesterday and _in_range(calendar, today - timedelta(days=1)):
            return True
    return False


def _in_range(calendar: Calendar, day: date) -> bool:
    first, last = calendar.start_date, calendar.end_date
    return (first is None or first <= day) and (last is None or day <= last)


def _next_open(calendar: Calendar, zones: tuple[str, ...], at: int) -> tuple[int, int] | None:
    if not zones or not calendar.windows:
        return None
    first, last = at // _CHUNK, (at + _HORIZON) // _CHUNK
    if calendar.start_date:
        first = max(first, (_days(calendar.start_date) - 1) * _DAY // _CHUNK)
    if calendar.end_date:
        last = min(last, (_days(calendar.end_date) + 2) * _DAY // _CHUNK)
    for chunk in range(first, last + 1):
        spans = _open_spans(calendar, zones, chunk)
        index = bisect_right(spans, at, key=_closing)
        if index < len(spans):
            opens, closes = _joined(calendar, zones, chunk, spans[index])
            return (opens, closes) if opens <= at + _HORIZON else None
    return None


def _closing(span: tuple[int, int]) -> int:
    return span[1]


def _joined(
    calendar: Calendar, zones: tuple[str, ...], chunk: int, span: tuple[int, int]
) -> tuple[int, int]:
    """The span with what touches it across the edges of its week."""
    opens, closes = span
    if opens == chunk * _CHUNK:
        before = _open_spans(calendar, zones, chunk - 1)
        if before and before[-1][1] == opens:
            opens = before[-1][0]
    if closes == (chunk + 1) * _CHUNK:
        after = _open_spans(calendar, zones, chunk + 1)
        if after and after[0][0] == closes:
            closes = after[0][1]
    return opens, closes


@lru_cache(maxsize=8_192)
def _open_spans(calendar: Calendar, zones: tuple[str, ...], chunk: int) -> _Spans:
    spans = _open_in_zone(calendar, zones[0], chunk)
    for name in zones[1:]:
        if not spans:
            break
        spans = _intersection(spans, _open_in_zone(calendar, name, chunk))
    return spans


@lru_cache(maxsize=8_192)
def _open_in_zone(calendar: Calendar, name: str, chunk: int) -> _Spans:
    spans = [
        (max(opens, begin) - offset, min(closes, end) - offset)
        for begin, end, offset in _wall_segments(name, chunk)
        for opens, closes in _wall_spans(calendar, begin, end)
    ]
    return _merged(spans)


@lru_cache(maxsize=8_192)
def _wall_segments(name: str, chunk: int) -> tuple[tuple[int, int, int], ...]:
    """The week as stretches of wall time, each with the offset that held in it."""
    segments = offset_segments(name, chunk * _CHUNK, (chunk + 1) * _CHUNK)
    return tuple((begin + offset, end + offset, offset) for begin, end, offset in segments)


def _wall_spans(calendar: Calendar, begin: int, end: int) -> Iterator[tuple[int, int]]:
    """Open wall time that meets [begin, end), as if no clock were ever changed."""
    first, last = calendar.start_date, calendar.end_date
    for day in range(begin // _DAY - 1, end // _DAY + 1):
        if first and day < _days(first):
            continue
        limit = (_days(last) + 1) * _DAY if last else end
        for window in calendar.windows:
            if window.weekday == (day + _EPOCH_WEEKDAY) % 7:
                opens = day * _DAY + window.start * 60
                closes = min(day * _DAY + window.end * 60, limit)
                if max(opens, begin) < min(closes, end):
                    yield opens, closes


def _days(day: date) -> int:
    return day.toordinal() - _EPOCH_DAY


def _merged(spans: list[tuple[int, int]]) -> _Spans:
    merged: list[tuple[int, int]] = []
    for opens, closes in sorted(spans):
        if merged and opens <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(closes, merged[-1][1]))
        else:
            merged.append((opens, closes))
    return tuple(merged)


def _intersection(left: _Spans, right: _Spans) -> _Spans:
    common: list[tuple[int, int]] = []
    i = j = 0
    while i < len(left) and j < len(right):
        opens, closes = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if opens < closes:
            common.append((opens, closes))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return tuple(common)
