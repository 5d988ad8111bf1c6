"""Days with clock changes in the installed zone data, checked minute by minute."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from shared.domain.calendar.calendar import Calendar, Span, WeeklyWindow, is_open, next_span
from shared.domain.calendar.zones import day_start, zone
from tests.unit.domain.calendar.oracle import MINUTE, clock_changes, walk


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


# (zone, instant, minutes by which its clocks go forward), each checked in the installed data.
NAMED = (
    ("America/New_York", "2026-11-01T06:00", -60),
    ("America/New_York", "2027-03-14T07:00", 60),
    ("Europe/London", "2026-10-25T01:00", -60),
    ("Europe/London", "2027-03-28T01:00", 60),
    ("Australia/Lord_Howe", "2027-04-03T15:00", -30),
    ("Australia/Lord_Howe", "2027-10-02T15:30", 30),
    ("Antarctica/Troll", "2027-03-28T01:00", 120),
    ("Pacific/Chatham", "2027-04-03T14:00", -60),
    ("Pacific/Chatham", "2027-09-25T14:00", 60),
    ("Asia/Beirut", "2027-03-27T22:00", 60),
    ("Africa/Cairo", "2027-04-29T22:00", 60),
    ("America/Santiago", "2027-04-04T03:00", -60),
    ("America/Santiago", "2027-09-05T04:00", 60),
    ("Asia/Gaza", "2027-03-27T00:00", 60),
)
# Changes that governments have abolished: in 2026f Cuba keeps summer time through that winter,
# and Morocco has no changes around Ramadan.
GONE = (
    ("America/Havana", "2027-03-14T05:00"),
    ("Africa/Casablanca", "2027-02-07T02:00"),
    ("Africa/Casablanca", "2027-03-14T02:00"),
)


@pytest.mark.parametrize(("name", "at", "forward"), NAMED)
def test_a_named_change_is_there_and_every_minute_around_it_is_right(
    name: str, at: str, forward: int
) -> None:
    change = utc(at)

    assert change in clock_changes(name)
    assert _offset(name, change) - _offset(name, change - MINUTE) == forward * MINUTE
    for calendar in _windows_around(change):
        assert _disagreements(calendar, name, change - timedelta(hours=30), days=2.5) == []


@pytest.mark.parametrize(("name", "at"), GONE)
def test_a_change_that_was_given_up_is_not_there_and_its_days_are_ordinary(
    name: str, at: str
) -> None:
    day = timedelta(days=1)

    assert not any(utc(at) - day < change < utc(at) + day for change in clock_changes(name))
    for calendar in _windows_around(utc(at)):
        assert _disagreements(calendar, name, utc(at) - timedelta(hours=30), days=2.5) == []


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("Asia/Beirut", "2027-03-28"),
        ("Africa/Cairo", "2027-04-30"),
        ("America/Santiago", "2027-09-05"),
    ],
)
def test_a_day_without_a_midnight_opens_with_its_first_minute(name: str, day: str) -> None:
    change = day_start(name, date.fromisoformat(day))
    calendar = daily("00:00", "02:00", change.astimezone(zone(name)).weekday())

    assert change in clock_changes(name)
    assert change.astimezone(zone(name)).hour == 1
    assert next_span((calendar,), (name,), now=change - timedelta(hours=5)) == Span(
        opens_at=change, closes_at=change + timedelta(hours=1)
    )


@pytest.mark.parametrize("name", ["Asia/Beirut", "Africa/Cairo", "America/Santiago"])
def test_an_hour_before_midnight_that_comes_twice_is_of_the_date_before(name: str) -> None:
    back = next(
        at
        for at in clock_changes(name)
        if at.year >= 2026 and _offset(name, at) < _offset(name, at - MINUTE)
    )
    today = (back - MINUTE).astimezone(zone(name)).date()
    calendar = replace(daily("23:00", "24:00"), excluded=frozenset({today + timedelta(days=1)}))

    assert back.astimezone(zone(name)).date() == today
    assert next_span((calendar,), (name,), now=back) == Span(
        opens_at=back - timedelta(hours=1), closes_at=back + timedelta(hours=1)
    )


def test_chatham_is_three_quarters_of_an_hour_off() -> None:
    offsets = {_offset("Pacific/Chatham", utc(f"2027-{month:02}-15T00:00")) for month in (1, 6)}

    assert offsets == {timedelta(hours=12, minutes=45), timedelta(hours=13, minutes=45)}


def _offset(name: str, at: datetime) -> timedelta:
    return at.astimezone(zone(name)).utcoffset() or timedelta(0)


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
        ("America/Vancouver", 2025),  # no changes any more
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
    walked = walk((calendar,), (name,), start, days=days)
    wrong = []
    for index, truth in enumerate(walked.minutes):
        now = start + index * MINUTE
        if is_open((calendar,), (name,), at=now) != truth:
            wrong.append(f"is_open at {now.isoformat()}")
        span = next_span((calendar,), (name,), now=now)
        if (span is not None and span.opens_at <= now) != truth:
            wrong.append(f"next_span at {now.isoformat()}")
        closing = walked.closing(now) if truth else None
        if span is not None and closing is not None and span.closes_at != closing:
            wrong.append(f"closing at {now.isoformat()}")
    return wrong
