"""Calendars: the windows in which a campaign may call, as exact spans of UTC."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache

from typing_extensions import override

from shared.domain.calendar.holidays import HolidaySet
from shared.domain.calendar.intervals import (
    Intervals,
    first_after,
    instant_of,
    intersection,
    seconds_of,
    union,
)
from shared.domain.calendar.zones import refuse_naive, wall_segments

MINUTES_A_DAY = 1_440
_DAY = 86_400
_ONE_DAY = timedelta(days=1)
# Spans are computed and cached a week at a time.
_CHUNK = 7 * _DAY
_HORIZON = 400 * _DAY
_EPOCH_DAY = date(1970, 1, 1).toordinal()

# The (start, end) of windows, by the weekday or the date on which a window begins.
_Hours = tuple[dict[int, list[tuple[int, int]]], dict[date, list[tuple[int, int]]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklyWindow:
    """Minutes [start, end) of the day on which it begins; past 1440 it runs into the next day."""

    weekday: int
    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.weekday <= 6:
            raise ValueError("weekday must be 0 (Monday) to 6 (Sunday)")
        _refuse_impossible(self.start, self.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedWindow:
    """Hours of one date, in minutes as above. They replace the weekly windows of that date."""

    day: date
    start: int
    end: int

    def __post_init__(self) -> None:
        _refuse_impossible(self.start, self.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Windows between two local dates, both inclusive, except on excluded dates and holidays.

    `holiday_hours` are the minutes [start, end) that are open on holidays, of whatever weekday;
    without them holidays are closed.

    A calendar of law restricts only the local dates from `effective_from` until the day before
    `effective_until`; on all other dates every minute is open. `also_in` are zones in which it must
    be open beside those that are asked about.

    With a `zone` its hours are those of this zone, whatever zones are asked about.
    """

    windows: tuple[WeeklyWindow, ...]
    start_date: date | None = None
    end_date: date | None = None
    dated: tuple[DatedWindow, ...] = ()
    excluded: frozenset[date] = frozenset()
    holidays: tuple[HolidaySet, ...] = ()
    holiday_hours: tuple[tuple[int, int], ...] = ()
    effective_from: date | None = None
    effective_until: date | None = None
    also_in: tuple[str, ...] = ()
    zone: str | None = None
    # Cached, because a calendar is part of the key of every cached span.
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.start_date and self.end_date and self.end_date < self.start_date:
            raise ValueError("end_date must not be before start_date")
        facts = (self.windows, self.start_date, self.end_date, self.dated, self.excluded)
        more = (self.holidays, self.holiday_hours, self.effective_from, self.effective_until)
        object.__setattr__(self, "_hash", hash((*facts, *more, self.also_in, self.zone)))

    @override
    def __hash__(self) -> int:
        return self._hash

    def judged_in(self, zones: tuple[str, ...]) -> tuple[str, ...]:
        """The zones in which it must be open for a contact that is in `zones`."""
        return (*zones, *self.also_in) if self.zone is None else (self.zone,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Open from opens_at until just before closes_at, in UTC."""

    opens_at: datetime
    closes_at: datetime


def is_open(calendars: tuple[Calendar, ...], zones: tuple[str, ...], *, at: datetime) -> bool:
    """Whether every calendar is open in every zone at this instant; False without a zone."""
    refuse_naive(at)
    if not zones:
        return False
    instant = seconds_of(at)
    span = first_after(_open_spans(calendars, zones, instant // _CHUNK), instant)
    return span is not None and span[0] <= instant


def next_span(
    calendars: tuple[Calendar, ...], zones: tuple[str, ...], *, now: datetime
) -> Span | None:
    """The span that contains `now`, with its true opening, or the next one within 400 days.

    `closes_at` is the first closed instant. A span that stays open for more than a week may be
    cut: it still reaches a week ahead, and the caller asks again at its end.
    """
    refuse_naive(now)
    span = _next_open(calendars, zones, seconds_of(now)) if zones else None
    if span is None:
        return None
    opens, closes = span
    return Span(opens_at=instant_of(opens), closes_at=instant_of(closes))


def opening_days(calendar: Calendar, first: date) -> Iterator[date]:
    """The local dates from `first` on that have an open minute, as if clocks were never changed.

    With weekly windows there is always a next date until `end_date`; without them the dates end.
    """
    if calendar.windows:
        start = max(first, calendar.start_date or first).toordinal()
        end = (calendar.end_date or date.max).toordinal()
        days: Iterable[date] = map(date.fromordinal, range(start, end + 1))
    else:
        begins = {window.day for window in calendar.dated}
        days = sorted(day for day in begins | {day + _ONE_DAY for day in begins} if day >= first)
    return (day for day in days if any(True for _ in _open_minutes(calendar, day)))


def _refuse_impossible(start: int, end: int) -> None:
    if not 0 <= start < MINUTES_A_DAY:
        raise ValueError("start must be a minute of the day, 0 to 1439")
    if not start < end <= start + MINUTES_A_DAY:
        raise ValueError("end must be after start, by at most 1440 minutes")


def _next_open(
    calendars: tuple[Calendar, ...], zones: tuple[str, ...], at: int
) -> tuple[int, int] | None:
    for chunk in _chunks_to_search(calendars, at):
        span = first_after(_open_spans(calendars, zones, chunk), at)
        if span is not None:
            opens, closes = _joined(calendars, zones, chunk, span)
            return (opens, closes) if opens <= at + _HORIZON else None
    return None


def _chunks_to_search(calendars: tuple[Calendar, ...], at: int) -> range:
    """The weeks up to the horizon, without weeks in which some calendar is surely closed."""
    first, last = at // _CHUNK, (at + _HORIZON) // _CHUNK
    for calendar in calendars:
        if calendar.effective_from or calendar.effective_until:
            continue
        if not calendar.windows and not calendar.dated:
            return range(0)
        if calendar.start_date:
            first = max(first, (_days(calendar.start_date) - 1) * _DAY // _CHUNK)
        if calendar.end_date:
            last = min(last, (_days(calendar.end_date) + 2) * _DAY // _CHUNK)
    return range(first, last + 1)


def _joined(
    calendars: tuple[Calendar, ...], zones: tuple[str, ...], chunk: int, span: tuple[int, int]
) -> tuple[int, int]:
    """The span together with the spans that touch it in the weeks before and after."""
    opens, closes = span
    if opens == chunk * _CHUNK:
        before = _open_spans(calendars, zones, chunk - 1)
        if before and before[-1][1] == opens:
            opens = before[-1][0]
    if closes == (chunk + 1) * _CHUNK:
        after = _open_spans(calendars, zones, chunk + 1)
        if after and after[0][0] == closes:
            closes = after[0][1]
    return opens, closes


@lru_cache(maxsize=16_384)
def _open_spans(calendars: tuple[Calendar, ...], zones: tuple[str, ...], chunk: int) -> Intervals:
    spans: Intervals = ((chunk * _CHUNK, (chunk + 1) * _CHUNK),)
    for calendar in calendars:
        for name in calendar.judged_in(zones):
            if spans:
                spans = intersection(spans, _open_in_zone(calendar, name, chunk))
    return spans


@lru_cache(maxsize=16_384)
def _open_in_zone(calendar: Calendar, name: str, chunk: int) -> Intervals:
    return union(
        (max(opens, begin) - offset, min(closes, end) - offset)
        for begin, end, offset in wall_segments(name, chunk * _CHUNK, (chunk + 1) * _CHUNK)
        for opens, closes in _wall_spans(calendar, begin, end)
        if max(opens, begin) < min(closes, end)
    )


def _wall_spans(calendar: Calendar, begin: int, end: int) -> Iterator[tuple[int, int]]:
    """Open wall time of the dates in [begin, end), as if clocks were never changed."""
    for day in range(begin // _DAY, (end - 1) // _DAY + 1):
        for opens, closes in _open_minutes(calendar, date.fromordinal(day + _EPOCH_DAY)):
            yield day * _DAY + opens * 60, day * _DAY + closes * 60


def _open_minutes(calendar: Calendar, day: date) -> Iterator[tuple[int, int]]:
    """The open minutes of a local date, cut at its midnights."""
    if not _binds(calendar, day):
        yield 0, MINUTES_A_DAY
    elif calendar.holiday_hours and _is_holiday(calendar, day):
        yield from calendar.holiday_hours
    elif _may_call(calendar, day):
        weekly, dated = _hours(calendar)
        for start, end in dated.get(day) or weekly[day.weekday()]:
            yield start, min(end, MINUTES_A_DAY)
        before = day - _ONE_DAY
        runs_over = dated.get(before) or ([] if day in dated else weekly[before.weekday()])
        for _, end in runs_over if _may_call(calendar, before) else ():
            if end > MINUTES_A_DAY:
                yield 0, end - MINUTES_A_DAY


def _binds(calendar: Calendar, day: date) -> bool:
    first, until = calendar.effective_from, calendar.effective_until
    return (first is None or first <= day) and (until is None or day < until)


def _may_call(calendar: Calendar, day: date) -> bool:
    first, last = calendar.start_date, calendar.end_date
    if (first is not None and day < first) or (last is not None and last < day):
        return False
    if day in calendar.excluded:
        return False
    return not _is_holiday(calendar, day)


def _is_holiday(calendar: Calendar, day: date) -> bool:
    return any(day in holidays.dates(day.year) for holidays in calendar.holidays)


@lru_cache(maxsize=4_096)
def _hours(calendar: Calendar) -> _Hours:
    dated: dict[date, list[tuple[int, int]]] = {}
    for special in calendar.dated:
        dated.setdefault(special.day, []).append((special.start, special.end))
    weekly: dict[int, list[tuple[int, int]]] = {weekday: [] for weekday in range(7)}
    for window in calendar.windows:
        weekly[window.weekday].append((window.start, window.end))
    return weekly, dated


def _days(day: date) -> int:
    return day.toordinal() - _EPOCH_DAY
