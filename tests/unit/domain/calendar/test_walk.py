"""Compares the calendar with the minute walk for seeded random zones, calendars and instants."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest

from shared.domain.calendar.calendar import (
    Calendar,
    DatedWindow,
    Span,
    WeeklyWindow,
    is_open,
    next_span,
)
from shared.domain.calendar.holidays import HolidaySet
from tests.unit.domain.calendar.oracle import MINUTE, Walk, all_zones, walk, wall_clock_says_open
from tests.unit.domain.calendar.random_calendars import random_calendars, random_group, random_start

TRIPLES = 100_000
PARTS = 8
# A walk of three days costs as much as 4,000 answers, so each walk is used for many instants.
INSTANTS = 36
DAYS = 3


def triples(part: int) -> tuple[int, list[str]]:
    """Compare two instants for each zone and calendar; return the open ones and the differences."""
    random, zones = Random(20_270_000 + part), all_zones()
    opened, wrong = 0, []
    for number in range(part, TRIPLES // 2, PARTS):
        name = zones[number % len(zones)]
        start = random_start(random, name, DAYS)
        calendars, group = random_calendars(random, start.date()), random_group(random, name)
        for _ in range(2):
            at = start + timedelta(microseconds=random.randrange(DAYS * 86_400_000_000))
            truth = wall_clock_says_open(calendars, group, at)
            opened += truth
            if is_open(calendars, group, at=at) != truth:
                wrong.append(f"is_open {group} {calendars} {at.isoformat()}")
    return opened, wrong


def differences(seed: int, zones: tuple[str, ...]) -> list[str]:
    """Compare random calendars over three days and 36 instants per zone; return the differences."""
    random = Random(seed)
    faults: list[str] = []
    for name in zones:
        start = random_start(random, name, DAYS)
        calendars, group = random_calendars(random, start.date()), random_group(random, name)
        walked = walk(calendars, group, start, days=DAYS)
        for _ in range(INSTANTS):
            now = start + timedelta(microseconds=random.randrange(DAYS * 86_400_000_000))
            if is_open(calendars, group, at=now) != walked.open_at(now):
                faults.append(f"is_open {group} {calendars} {now.isoformat()}")
            if wrong := _wrong_span(walked, next_span(calendars, group, now=now), now):
                faults.append(f"next_span {wrong} {group} {calendars} {now.isoformat()}")
    return faults


def _wrong_span(walked: Walk, span: Span | None, now: datetime) -> str | None:
    opening = now if walked.open_at(now) else walked.opening(now)
    end = walked.start + len(walked.minutes) * MINUTE
    if opening is None:
        return None if span is None or span.opens_at >= end else "opens too early"
    if span is None:
        return "missed"
    began = walked.opened(opening)
    if began is None:
        began = min(span.opens_at, walked.start)
    if span.opens_at != began:
        return f"opens at {span.opens_at.isoformat()}"
    closing = walked.closing(opening)
    if closing is None:
        return None if span.closes_at >= end else "closes too early"
    return None if span.closes_at == closing else f"closes at {span.closes_at.isoformat()}"


@pytest.mark.parametrize("part", range(PARTS))
def test_a_hundred_thousand_random_triples_agree_with_the_wall_clock(part: int) -> None:
    opened, wrong = triples(part)

    assert wrong == []
    # If almost all were open or closed, the comparison would prove little.
    assert 0.2 < opened / (TRIPLES / PARTS) < 0.8


@pytest.mark.parametrize("part", range(6))
def test_every_zone_agrees_with_the_minute_walk(part: int) -> None:
    assert differences(seed=20_260_000 + part, zones=all_zones()[part::6]) == []


FRIDAY = date(2026, 10, 30)
RIGHT = Calendar(
    windows=(WeeklyWindow(weekday=4, start=1_020, end=1_560),),
    dated=(DatedWindow(day=FRIDAY + timedelta(days=2), start=600, end=660),),
)


@pytest.mark.parametrize(
    "wrong",
    [
        replace(RIGHT, windows=(WeeklyWindow(weekday=4, start=1_020, end=1_559),)),
        replace(RIGHT, dated=()),
        replace(RIGHT, dated=(replace(RIGHT.dated[0], start=601),)),
        replace(RIGHT, dated=(*RIGHT.dated, DatedWindow(day=FRIDAY, start=1_020, end=1_080))),
        replace(RIGHT, excluded=frozenset({FRIDAY})),
        replace(RIGHT, excluded=frozenset({FRIDAY + timedelta(days=1)})),
        replace(RIGHT, holidays=(HolidaySet(country="US", region="NV"),)),  # Nevada Day
        replace(RIGHT, start_date=FRIDAY + timedelta(days=1)),
        replace(RIGHT, effective_from=FRIDAY + timedelta(days=1)),
        replace(RIGHT, effective_until=FRIDAY + timedelta(days=1)),
    ],
)
def test_the_comparison_notices_what_is_wrong(wrong: Calendar) -> None:
    start, zones = datetime(2026, 10, 29, tzinfo=UTC), ("America/New_York",)
    walked = walk((RIGHT,), zones, start, days=4)

    def faults(calendar: Calendar) -> list[str]:
        instants = (start + hour * 60 * MINUTE for hour in range(96))
        spans = ((next_span((calendar,), zones, now=now), now) for now in instants)
        return [fault for span, now in spans if (fault := _wrong_span(walked, span, now))]

    assert faults(RIGHT) == []
    assert faults(wrong) != []
