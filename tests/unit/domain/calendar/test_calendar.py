"""Calling windows by name and number: ordinary days, clock changes, edges, dates, refusals."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from shared.domain.calendar.calendar import Calendar, Span, WeeklyWindow, is_open, next_span
from shared.domain.calendar.zones import UnknownZoneError
from tests.unit.domain.calendar.oracle import MINUTE, clock_changes

MONDAY, TUESDAY, FRIDAY, SATURDAY, SUNDAY = 0, 1, 4, 5, 6
TICK = timedelta(microseconds=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def span(opens_at: str, closes_at: str) -> Span:
    return Span(opens_at=utc(opens_at), closes_at=utc(closes_at))


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


@pytest.mark.parametrize(
    ("calendar", "zone", "now", "expected"),
    [
        pytest.param(
            daily("09:00", "17:00"),
            "Europe/London",
            "2026-07-01T06:00",
            span("2026-07-01T08:00", "2026-07-01T16:00"),
            id="summer time is an hour ahead",
        ),
        pytest.param(
            daily("09:00", "17:00", 0, 1, 2, 3, 4),
            "Europe/London",
            "2026-07-03T16:00",
            span("2026-07-06T08:00", "2026-07-06T16:00"),
            id="friday evening waits for monday",
        ),
        pytest.param(
            daily("09:00", "17:00"),
            "Asia/Kathmandu",
            "2026-07-01T00:00",
            span("2026-07-01T03:15", "2026-07-01T11:15"),
            id="an offset of 5:45",
        ),
        pytest.param(
            daily("22:00", "26:00", FRIDAY),
            "UTC",
            "2026-07-04T01:00",
            span("2026-07-03T22:00", "2026-07-04T02:00"),
            id="a window that crosses midnight belongs to the day it began on",
        ),
        pytest.param(
            daily("00:00", "24:00", FRIDAY, SATURDAY),
            "UTC",
            "2026-07-03T12:00",
            span("2026-07-03T00:00", "2026-07-05T00:00"),
            id="touching windows are one span",
        ),
        pytest.param(
            daily("18:00", "42:00", SUNDAY),
            "UTC",
            "2026-07-06T17:59",
            span("2026-07-05T18:00", "2026-07-06T18:00"),
            id="a window of 24 hours",
        ),
        pytest.param(
            daily("20:00", "28:00"),
            "Asia/Tokyo",
            "2026-12-31T14:00",
            span("2026-12-31T11:00", "2026-12-31T19:00"),
            id="over the end of the year",
        ),
        pytest.param(
            daily("01:00", "02:00"),
            "America/New_York",
            "2026-11-01T04:00",
            span("2026-11-01T05:00", "2026-11-01T07:00"),
            id="new york: 01:00 comes twice",
        ),
        pytest.param(
            daily("01:15", "01:45"),
            "America/New_York",
            "2026-11-01T05:45",
            span("2026-11-01T06:15", "2026-11-01T06:45"),
            id="new york: a half hour comes twice, as two spans",
        ),
        pytest.param(
            daily("02:00", "03:00"),
            "America/New_York",
            "2027-03-14T05:00",
            span("2027-03-15T06:00", "2027-03-15T07:00"),
            id="new york: 02:00 is missing",
        ),
        pytest.param(
            daily("01:30", "03:30"),
            "America/New_York",
            "2027-03-14T05:00",
            span("2027-03-14T06:30", "2027-03-14T07:30"),
            id="new york: a window over the gap is shorter",
        ),
        pytest.param(
            daily("00:30", "01:30"),
            "Europe/London",
            "2026-10-24T23:00",
            span("2026-10-24T23:30", "2026-10-25T00:30"),
            id="london: the first 01:00 closes",
        ),
        pytest.param(
            daily("00:30", "01:30"),
            "Europe/London",
            "2026-10-25T00:30",
            span("2026-10-25T01:00", "2026-10-25T01:30"),
            id="london: and the second opens again",
        ),
        pytest.param(
            daily("01:00", "02:00"),
            "Europe/London",
            "2027-03-28T00:00",
            span("2027-03-29T00:00", "2027-03-29T01:00"),
            id="london: 01:00 is missing",
        ),
        pytest.param(
            daily("23:00", "25:00", SATURDAY),
            "UTC",
            "2027-01-01T00:00",
            span("2027-01-02T23:00", "2027-01-03T01:00"),
            id="the first week of a year",
        ),
    ],
)
def test_next_span(calendar: Calendar, zone: str, now: str, expected: Span) -> None:
    assert next_span((calendar,), (zone,), now=utc(now)) == expected


class TestEdges:
    calendar = daily("09:00", "17:00")

    @pytest.mark.parametrize(
        ("at", "expected"),
        [
            (utc("2026-07-01T09:00") - TICK, False),
            (utc("2026-07-01T09:00"), True),
            (utc("2026-07-01T17:00") - TICK, True),
            (utc("2026-07-01T17:00"), False),
        ],
    )
    def test_windows_are_half_open(self, at: datetime, expected: bool) -> None:
        assert is_open((self.calendar,), ("UTC",), at=at) is expected

    def test_at_the_close_the_next_day_is_next(self) -> None:
        result = next_span((self.calendar,), ("UTC",), now=utc("2026-07-01T17:00"))

        assert result == span("2026-07-02T09:00", "2026-07-02T17:00")

    def test_a_microsecond_before_the_close_it_is_still_this_day(self) -> None:
        result = next_span((self.calendar,), ("UTC",), now=utc("2026-07-01T17:00") - TICK)

        assert result == span("2026-07-01T09:00", "2026-07-01T17:00")

    def test_instants_of_any_zone_are_understood(self) -> None:
        at = datetime.fromisoformat("2026-07-01T18:00:00+09:00")

        assert is_open((self.calendar,), ("UTC",), at=at)
        assert next_span((self.calendar,), ("UTC",), now=at) == span(
            "2026-07-01T09:00", "2026-07-01T17:00"
        )

    def test_naive_instants_are_refused(self) -> None:
        naive = utc("2026-07-01T09:00").replace(tzinfo=None)

        with pytest.raises(ValueError, match="naive"):
            is_open((self.calendar,), ("UTC",), at=naive)
        with pytest.raises(ValueError, match="naive"):
            next_span((self.calendar,), ("UTC",), now=naive)


class TestZones:
    calendar = daily("09:00", "17:00")

    def test_without_a_zone_it_is_never_open(self) -> None:
        always = daily("00:00", "24:00")

        assert not is_open((always,), (), at=utc("2026-07-01T12:00"))
        assert next_span((always,), (), now=utc("2026-07-01T12:00")) is None

    def test_every_zone_must_be_open(self) -> None:
        zones = ("America/Los_Angeles", "America/New_York")

        result = next_span((self.calendar,), zones, now=utc("2026-07-01T00:00"))

        assert result == span("2026-07-01T16:00", "2026-07-01T21:00")
        assert not is_open((self.calendar,), zones, at=utc("2026-07-01T15:59"))
        assert not is_open((self.calendar,), zones, at=utc("2026-07-01T21:00"))

    def test_zones_that_never_overlap_have_no_span(self) -> None:
        zones = ("Asia/Tokyo", "America/New_York")

        assert next_span((self.calendar,), zones, now=utc("2026-07-01T00:00")) is None

    def test_an_unknown_zone_is_an_error_and_no_permission(self) -> None:
        with pytest.raises(UnknownZoneError):
            is_open((self.calendar,), ("Mars/Olympus",), at=utc("2026-07-01T12:00"))
        with pytest.raises(UnknownZoneError):
            next_span((self.calendar,), ("Mars/Olympus",), now=utc("2026-07-01T12:00"))


class TestDates:
    def test_both_dates_are_inside(self) -> None:
        day = date(2026, 7, 1)
        calendar = replace(daily("09:00", "17:00"), start_date=day, end_date=day)

        assert next_span((calendar,), ("UTC",), now=utc("2026-01-01T00:00")) == span(
            "2026-07-01T09:00", "2026-07-01T17:00"
        )
        assert next_span((calendar,), ("UTC",), now=utc("2026-07-01T17:00")) is None

    def test_the_last_day_cuts_a_window_that_crosses_midnight(self) -> None:
        calendar = replace(daily("22:00", "26:00"), end_date=date(2026, 7, 1))

        assert next_span((calendar,), ("UTC",), now=utc("2026-07-01T12:00")) == span(
            "2026-07-01T22:00", "2026-07-02T00:00"
        )

    def test_the_night_before_the_first_day_does_not_run_into_it(self) -> None:
        calendar = replace(daily("22:00", "26:00"), start_date=date(2026, 7, 1))

        assert next_span((calendar,), ("UTC",), now=utc("2026-06-30T12:00")) == span(
            "2026-07-01T22:00", "2026-07-02T02:00"
        )

    def test_the_last_hour_of_the_last_day_comes_twice(self) -> None:
        """Santiago repeats 23:00 to 24:00; the campaign ends after the second one."""
        name = "America/Santiago"
        back = next(at for at in clock_changes(name) if at.year == 2026 and at.month == 4)
        ends_on = (back - timedelta(hours=12)).date()
        calendar = replace(daily("23:00", "24:00"), end_date=ends_on)

        result = next_span((calendar,), (name,), now=back - timedelta(hours=6))

        assert result == Span(opens_at=back - 60 * MINUTE, closes_at=back + 60 * MINUTE)

    def test_a_far_start_is_beyond_the_horizon(self) -> None:
        now = utc("2026-07-01T00:00")
        near = replace(daily("09:00", "17:00"), start_date=date(2027, 8, 1))
        far = replace(daily("09:00", "17:00"), start_date=date(2027, 8, 20))

        assert next_span((near,), ("UTC",), now=now) == span("2027-08-01T09:00", "2027-08-01T17:00")
        assert next_span((far,), ("UTC",), now=now) is None

    @pytest.mark.parametrize("first", [None, date.min])
    @pytest.mark.parametrize("last", [None, date.max])
    def test_the_widest_dates(self, first: date | None, last: date | None) -> None:
        calendar = replace(daily("09:00", "17:00"), start_date=first, end_date=last)

        assert next_span((calendar,), ("UTC",), now=utc("2026-07-01T12:00")) == span(
            "2026-07-01T09:00", "2026-07-01T17:00"
        )


class TestRefused:
    @pytest.mark.parametrize(
        ("weekday", "start", "end"),
        [(-1, 0, 60), (7, 0, 60), (0, -1, 60), (0, 1_440, 1_500), (0, 60, 60), (0, 60, 1_501)],
    )
    def test_windows_that_make_no_sense(self, weekday: int, start: int, end: int) -> None:
        with pytest.raises(ValueError, match="must be"):
            WeeklyWindow(weekday=weekday, start=start, end=end)

    def test_an_end_before_the_start(self) -> None:
        with pytest.raises(ValueError, match="end_date"):
            Calendar(windows=(), start_date=date(2026, 7, 2), end_date=date(2026, 7, 1))

    def test_a_calendar_without_windows_is_never_open(self) -> None:
        assert not is_open((Calendar(windows=()),), ("UTC",), at=utc("2026-07-01T12:00"))
        assert next_span((Calendar(windows=()),), ("UTC",), now=utc("2026-07-01T12:00")) is None


def test_an_endless_calendar_reaches_a_week_ahead() -> None:
    now = utc("2026-07-01T12:00")

    result = next_span((daily("00:00", "24:00"),), ("Europe/London",), now=now)

    assert result is not None
    assert result.opens_at <= now
    assert result.closes_at >= now + timedelta(days=7)
