"""The calendar against the minute walk: random zones, calendars and instants, seeded."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from shared.domain.calendar import Calendar, Span, WeeklyWindow, is_open, next_span
from tests.unit.domain_oracle import (
    FIRST,
    LAST,
    MINUTE,
    Walk,
    all_zones,
    clock_changes,
    random_calendar,
    walk,
)

INSTANTS = 36


def differences(seed: int, zones: tuple[str, ...], days: int = 3) -> list[str]:
    """One random calendar, a few days and 36 instants for each zone; what disagrees."""
    random = Random(seed)
    found: list[str] = []
    for name in zones:
        start = _somewhere(random, name, days)
        calendar = random_calendar(random, start.date())
        group = (name, random.choice(all_zones())) if random.random() < 0.2 else (name,)
        walked = walk(calendar, group, start, days=days)
        for _ in range(INSTANTS):
            now = start + timedelta(microseconds=random.randrange(days * 86_400_000_000))
            if is_open((calendar,), group, at=now) != walked.open_at(now):
                found.append(f"is_open {group} {calendar} {now.isoformat()}")
            if wrong := _wrong_span(walked, next_span((calendar,), group, now=now), now):
                found.append(f"next_span {wrong} {group} {calendar} {now.isoformat()}")
    return found


def _somewhere(random: Random, name: str, days: int) -> datetime:
    """Half of the walks lead over a change of the clocks, where the zone has any."""
    changes = clock_changes(name)
    if changes and random.random() < 0.5:
        at = random.choice(changes) - timedelta(days=random.uniform(0.5, days - 0.5))
    else:
        at = FIRST + random.random() * (LAST - FIRST)
    return at.replace(second=0, microsecond=0)


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


@pytest.mark.parametrize("part", range(6))
def test_every_zone_agrees_with_the_minute_walk(part: int) -> None:
    assert differences(seed=20_260_000 + part, zones=all_zones()[part::6]) == []


def test_the_comparison_notices_a_window_that_is_a_minute_off() -> None:
    start, zones = datetime(2026, 10, 30, tzinfo=UTC), ("America/New_York",)
    right = Calendar(windows=(WeeklyWindow(weekday=4, start=540, end=1_020),))
    wrong = Calendar(windows=(WeeklyWindow(weekday=4, start=540, end=1_019),))
    walked = walk(right, zones, start, days=2)

    assert _wrong_span(walked, next_span((right,), zones, now=start), start) is None
    assert _wrong_span(walked, next_span((wrong,), zones, now=start), start) is not None
