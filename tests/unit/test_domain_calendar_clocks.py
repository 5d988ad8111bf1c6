"""The days on which clocks change, as the zone data in force have them, minute by minute."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.calendar import Calendar, WeeklyWindow, is_open, next_span
from tests.unit.domain_oracle import MINUTE, clock_changes, walk


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def clock(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def daily(start: str, end: str, *weekdays: int) -> Calendar:
    return Calendar(
        windows=tuple(
            WeeklyWindow(weekday=weekday, start=clock(start), end=clock(end))
            for weekday in weekdays or range(7)
        )
    )


# Every zone whose clocks do something unusual. The changes themselves are computed from the zone
# data in force, because governments move them; only whether there are any is written here.
@pytest.mark.parametrize(
    ("name", "since"),
    [
        ("America/New_York", 2026),
        ("Europe/London", 2026),
        ("Australia/Lord_Howe", 2026),  # 30 minutes
        ("Antarctica/Troll", 2026),  # 2 hours
        ("Pacific/Chatham", 2026),  # 12:45 and 13:45
        ("America/Havana", 2025),  # at midnight
        ("Asia/Beirut", 2026),  # at midnight
        ("Africa/Cairo", 2026),  # at midnight
        ("America/Santiago", 2026),  # at midnight
        ("Africa/Casablanca", 2025),  # around Ramadan
        ("Asia/Gaza", 2026),
        ("America/Nuuk", 2026),  # the day before
        ("Antarctica/Casey", 2020),  # 3 hours, at 00:01
        ("America/Vancouver", 2025),  # gave up changing
    ],
)
def test_the_days_on_which_clocks_change(name: str, since: int) -> None:
    changes = [at for at in clock_changes(name) if at.year >= since][:2]
    assert changes

    for change in changes:
        start = (change - timedelta(hours=30)).replace(second=0)
        for calendar in _windows_around(change):
            assert _disagreements(calendar, name, start, days=2.5) == []


@pytest.mark.parametrize("name", ["America/Phoenix", "Asia/Kathmandu", "Asia/Kolkata"])
def test_zones_without_changes(name: str) -> None:
    assert clock_changes(name) == ()
    calendar = daily("09:00", "17:00")
    assert _disagreements(calendar, name, utc("2026-10-30T00:00"), days=4) == []


def test_apia_changes_no_more() -> None:
    assert [at for at in clock_changes("Pacific/Apia") if at.year > 2021] == []
    assert (
        _disagreements(daily("23:00", "25:00"), "Pacific/Apia", utc("2026-10-30T00:00"), days=4)
        == []
    )


def _windows_around(change: datetime) -> tuple[Calendar, ...]:
    changed_on = change.date()
    return (
        daily("00:00", "01:00"),
        daily("23:00", "25:30"),
        daily("02:00", "02:30"),
        daily("01:45", "03:15"),
        replace(daily("22:30", "26:00"), end_date=changed_on),
        replace(daily("00:00", "24:00"), start_date=changed_on, end_date=changed_on),
    )


def _disagreements(calendar: Calendar, name: str, start: datetime, *, days: float) -> list[str]:
    walked = walk(calendar, (name,), start, days=days)
    wrong = []
    for index, truth in enumerate(walked.minutes):
        now = start + index * MINUTE
        if is_open((calendar,), (name,), at=now) != truth:
            wrong.append(f"is_open at {now.isoformat()}")
        found = next_span((calendar,), (name,), now=now)
        if (found is not None and found.opens_at <= now) != truth:
            wrong.append(f"next_span at {now.isoformat()}")
        closing = walked.closing(now) if truth else None
        if found is not None and closing is not None and found.closes_at != closing:
            wrong.append(f"closing at {now.isoformat()}")
    return wrong
