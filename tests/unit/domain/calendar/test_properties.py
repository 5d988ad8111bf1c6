"""Properties of every calendar, every group of zones and every instant."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.calendar.calendar import Calendar, DatedWindow, WeeklyWindow, is_open, next_span
from shared.domain.calendar.holidays import HolidaySet
from tests.unit.domain.calendar.oracle import all_zones

TICK = timedelta(microseconds=1)
START = datetime(2026, 1, 1, tzinfo=UTC)


@st.composite
def windows(draw: st.DrawFn) -> WeeklyWindow:
    start = draw(st.integers(0, 1_439))
    return WeeklyWindow(
        weekday=draw(st.integers(0, 6)),
        start=start,
        end=draw(st.integers(start + 1, start + 1_440)),
    )


@st.composite
def dated_windows(draw: st.DrawFn) -> DatedWindow:
    hours = draw(windows())
    return DatedWindow(day=draw(near), start=hours.start, end=hours.end)


near = st.dates(date(2025, 12, 1), date(2028, 1, 1))
calendars = st.builds(
    Calendar,
    windows=st.lists(windows(), max_size=6).map(tuple),
    dated=st.lists(dated_windows(), max_size=6).map(tuple),
    excluded=st.frozensets(near, max_size=6),
    holidays=st.sampled_from([(), (HolidaySet(country="US", region="LA"),)]),
    effective_from=st.none() | near,
    effective_until=st.none() | near,
    start_date=st.none() | st.dates(date(2025, 12, 1), date(2026, 6, 1)),
    end_date=st.none() | st.dates(date(2026, 6, 1), date(2028, 1, 1)),
)
instants = st.integers(0, 730 * 86_400).map(
    lambda seconds: START + timedelta(seconds=seconds, microseconds=seconds % 7)
)
groups = st.lists(st.sampled_from(all_zones()), min_size=1, max_size=3, unique=True).map(tuple)


@given(calendars, groups, instants)
@settings(max_examples=300, deadline=None)
def test_a_span_agrees_with_is_open_at_its_edges(
    calendar: Calendar, zones: tuple[str, ...], now: datetime
) -> None:
    span = next_span((calendar,), zones, now=now)

    if span is None:
        assert not is_open((calendar,), zones, at=now)
        return
    assert span.opens_at < span.closes_at
    assert now < span.closes_at
    assert is_open((calendar,), zones, at=now) == (span.opens_at <= now)
    assert is_open((calendar,), zones, at=span.opens_at)
    assert is_open((calendar,), zones, at=span.closes_at - TICK)
    week_long = span.closes_at - now >= timedelta(days=7)
    assert week_long or not is_open((calendar,), zones, at=span.closes_at)


@given(calendars, groups, instants, st.sampled_from(all_zones()))
@settings(max_examples=300, deadline=None)
def test_one_more_zone_never_opens_anything(
    calendar: Calendar, zones: tuple[str, ...], now: datetime, more: str
) -> None:
    if is_open((calendar,), (*zones, more), at=now):
        assert is_open((calendar,), zones, at=now)
        assert is_open((calendar,), (more,), at=now)


@given(calendars, groups, instants)
@settings(max_examples=100, deadline=None)
def test_spans_follow_each_other_without_touching(
    calendar: Calendar, zones: tuple[str, ...], now: datetime
) -> None:
    spans = []
    for _ in range(5):
        span = next_span((calendar,), zones, now=now)
        if span is None or span.closes_at - now >= timedelta(days=7):
            break
        spans.append(span)
        now = span.closes_at

    assert all(a.closes_at < b.opens_at for a, b in pairwise(spans))


@given(calendars, calendars, groups, instants)
@settings(max_examples=200, deadline=None)
def test_several_calendars_are_open_when_each_is(
    one: Calendar, other: Calendar, zones: tuple[str, ...], now: datetime
) -> None:
    answers = [is_open((calendar,), zones, at=now) for calendar in (one, other)]

    assert (
        is_open((one, other), zones, at=now) == is_open((other, one), zones, at=now) == all(answers)
    )
    assert next_span((one, other), zones, now=now) == next_span((other, one), zones, now=now)
