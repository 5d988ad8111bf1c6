"""Special hours, excluded dates, holidays, dates of effect, and several calendars at once."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice

import pytest

from shared.domain.calendar.calendar import (
    Calendar,
    DatedWindow,
    Span,
    WeeklyWindow,
    is_open,
    next_span,
    opening_days,
)
from shared.domain.calendar.holidays import HolidaySet

NINE_TO_FIVE = tuple(WeeklyWindow(weekday=day, start=540, end=1_020) for day in range(7))
NIGHTS = tuple(WeeklyWindow(weekday=day, start=1_320, end=1_560) for day in range(7))
WEDNESDAY = date(2026, 7, 1)
THURSDAY = date(2026, 7, 2)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def spans(calendar: Calendar, since: str, count: int, zone: str = "UTC") -> list[tuple[str, str]]:
    return shown((calendar,), since, count, zone)


def shown(
    calendars: tuple[Calendar, ...], since: str, count: int, zone: str = "UTC"
) -> list[tuple[str, str]]:
    result, now = [], utc(since)
    for _ in range(count):
        span = next_span(calendars, (zone,), now=now)
        if span is None:
            break
        result.append((f"{span.opens_at:%m-%d %H:%M}", f"{span.closes_at:%m-%d %H:%M}"))
        now = span.closes_at
    return result


def special(day: date, start: int, end: int) -> DatedWindow:
    return DatedWindow(day=day, start=start, end=end)


class TestSpecialHours:
    def test_they_replace_the_weekly_ones_of_their_date(self) -> None:
        dated = (special(WEDNESDAY, 600, 660), special(WEDNESDAY, 720, 780))
        calendar = Calendar(windows=NINE_TO_FIVE, dated=dated)

        assert spans(calendar, "2026-06-30T18:00", 3) == [
            ("07-01 10:00", "07-01 11:00"),
            ("07-01 12:00", "07-01 13:00"),
            ("07-02 09:00", "07-02 17:00"),
        ]

    def test_a_weekly_window_of_the_night_before_does_not_run_into_them(self) -> None:
        calendar = Calendar(windows=NIGHTS, dated=(special(WEDNESDAY, 600, 660),))

        assert spans(calendar, "2026-06-30T12:00", 3) == [
            ("06-30 22:00", "07-01 00:00"),
            ("07-01 10:00", "07-01 11:00"),
            ("07-02 22:00", "07-03 02:00"),
        ]

    def test_they_run_past_midnight_into_an_ordinary_day(self) -> None:
        calendar = Calendar(windows=NINE_TO_FIVE, dated=(special(WEDNESDAY, 1_380, 1_600),))

        assert spans(calendar, "2026-06-30T18:00", 2) == [
            ("07-01 23:00", "07-02 02:40"),
            ("07-02 09:00", "07-02 17:00"),
        ]

    def test_they_run_into_the_next_special_day(self) -> None:
        dated = (special(WEDNESDAY, 1_380, 1_500), special(THURSDAY, 600, 660))
        calendar = Calendar(windows=NIGHTS, dated=dated)

        assert spans(calendar, "2026-07-01T12:00", 2) == [
            ("07-01 23:00", "07-02 01:00"),
            ("07-02 10:00", "07-02 11:00"),
        ]

    def test_they_need_no_weekly_ones(self) -> None:
        calendar = Calendar(windows=(), dated=(special(WEDNESDAY, 600, 660),))

        assert spans(calendar, "2026-01-01T00:00", 2) == [("07-01 10:00", "07-01 11:00")]

    def test_outside_of_the_dates_they_do_not_hold(self) -> None:
        calendar = Calendar(
            windows=NINE_TO_FIVE, dated=(special(WEDNESDAY, 0, 1_440),), start_date=THURSDAY
        )

        assert spans(calendar, "2026-06-30T00:00", 1) == [("07-02 09:00", "07-02 17:00")]

    @pytest.mark.parametrize(("start", "end"), [(600, 600), (600, 2_041), (-1, 5), (1_440, 1_441)])
    def test_those_that_make_no_sense_are_refused(self, start: int, end: int) -> None:
        with pytest.raises(ValueError, match="must be"):
            special(WEDNESDAY, start, end)


class TestExcludedDates:
    def test_nothing_begins_on_them_and_nothing_runs_into_them(self) -> None:
        calendar = Calendar(windows=NIGHTS, excluded=frozenset({WEDNESDAY}))

        assert spans(calendar, "2026-06-30T12:00", 2) == [
            ("06-30 22:00", "07-01 00:00"),
            ("07-02 22:00", "07-03 02:00"),
        ]

    def test_hours_that_began_on_one_do_not_run_on(self) -> None:
        calendar = Calendar(windows=NIGHTS, excluded=frozenset({WEDNESDAY}))

        assert not is_open((calendar,), ("UTC",), at=utc("2026-07-02T01:00"))
        assert is_open((calendar,), ("UTC",), at=utc("2026-07-03T01:00"))

    def test_special_hours_do_not_open_them(self) -> None:
        calendar = Calendar(
            windows=NINE_TO_FIVE,
            dated=(special(WEDNESDAY, 600, 660),),
            excluded=frozenset({WEDNESDAY}),
        )

        assert spans(calendar, "2026-06-30T18:00", 1) == [("07-02 09:00", "07-02 17:00")]

    def test_they_are_days_of_the_contacts_own_zone(self) -> None:
        calendar = Calendar(windows=NINE_TO_FIVE, excluded=frozenset({WEDNESDAY}))

        assert spans(calendar, "2026-06-30T12:00", 1, "Pacific/Auckland") == [
            ("07-01 21:00", "07-02 05:00")
        ]


class TestHolidays:
    calendar = Calendar(
        windows=NIGHTS, holidays=(HolidaySet(country="US", region="RI"), HolidaySet(country="FR"))
    )

    def test_their_own_hours_replace_those_of_the_weekday(self) -> None:
        # Victory Day in Rhode Island is Monday 2026-08-10.
        calendar = replace(self.calendar, windows=NINE_TO_FIVE, holiday_hours=((780, 840),))

        assert spans(calendar, "2026-08-09T18:00", 2) == [
            ("08-10 13:00", "08-10 14:00"),
            ("08-11 09:00", "08-11 17:00"),
        ]

    def test_no_night_before_runs_into_their_own_hours(self) -> None:
        calendar = replace(self.calendar, holiday_hours=((780, 840),))

        assert spans(calendar, "2026-08-09T12:00", 3) == [
            ("08-09 22:00", "08-10 00:00"),
            ("08-10 13:00", "08-10 14:00"),
            ("08-11 22:00", "08-12 02:00"),
        ]

    def test_every_set_closes_its_days(self) -> None:
        victory_day, bastille_day = date(2026, 8, 10), date(2026, 7, 14)

        for day in (victory_day, bastille_day):
            at = datetime(day.year, day.month, day.day, 23, tzinfo=UTC)
            assert not is_open((self.calendar,), ("UTC",), at=at)
            assert is_open((self.calendar,), ("UTC",), at=at + timedelta(days=2))

    def test_the_night_into_a_holiday_ends_at_midnight(self) -> None:
        assert spans(self.calendar, "2026-12-24T12:00", 2) == [
            ("12-24 22:00", "12-25 00:00"),
            ("12-26 22:00", "12-27 02:00"),
        ]


class TestDatesOfEffect:
    law = Calendar(windows=NINE_TO_FIVE, effective_from=WEDNESDAY, effective_until=THURSDAY)

    def test_outside_of_them_every_minute_is_open(self) -> None:
        assert spans(self.law, "2026-06-30T12:00", 2)[0][1] == "07-01 00:00"
        assert is_open((self.law,), ("UTC",), at=utc("2026-06-30T23:59"))
        assert not is_open((self.law,), ("UTC",), at=utc("2026-07-01T08:59"))
        assert is_open((self.law,), ("UTC",), at=utc("2026-07-01T09:00"))
        assert not is_open((self.law,), ("UTC",), at=utc("2026-07-01T23:59"))
        assert is_open((self.law,), ("UTC",), at=utc("2026-07-02T00:00"))

    def test_they_are_local_dates(self) -> None:
        assert is_open((self.law,), ("Asia/Tokyo",), at=utc("2026-06-30T14:59"))
        assert not is_open((self.law,), ("Asia/Tokyo",), at=utc("2026-06-30T15:00"))

    def test_a_ban_without_windows_is_over_when_its_effect_is(self) -> None:
        ban = Calendar(windows=(), effective_until=THURSDAY)

        assert next_span((ban,), ("UTC",), now=utc("2026-07-01T12:00")) == Span(
            opens_at=utc("2026-07-02T00:00"), closes_at=utc("2026-07-16T00:00")
        )

    def test_a_campaign_under_a_law_that_changes_in_its_middle(self) -> None:
        campaign = Calendar(
            windows=tuple(WeeklyWindow(weekday=day, start=480, end=1_200) for day in range(7))
        )
        stricter = Calendar(windows=NINE_TO_FIVE, effective_from=THURSDAY)

        assert shown((campaign, stricter), "2026-07-01T00:00", 2) == [
            ("07-01 08:00", "07-01 20:00"),
            ("07-02 09:00", "07-02 17:00"),
        ]


class TestSeveralCalendars:
    def test_all_must_be_open(self) -> None:
        mornings = Calendar(windows=(WeeklyWindow(weekday=2, start=480, end=600),))
        days = Calendar(windows=NINE_TO_FIVE)

        assert shown((mornings, days), "2026-06-30T00:00", 1) == [("07-01 09:00", "07-01 10:00")]

    def test_touching_spans_of_one_are_not_opened_by_the_other(self) -> None:
        assert (
            shown((Calendar(windows=NIGHTS), Calendar(windows=NINE_TO_FIVE)), "2026-07-01", 1) == []
        )

    def test_one_that_never_opens_closes_all(self) -> None:
        calendars = (Calendar(windows=()), Calendar(windows=NINE_TO_FIVE))

        assert next_span(calendars, ("UTC",), now=utc("2026-07-01T12:00")) is None

    def test_equal_calendars_are_one_to_the_memory(self) -> None:
        one = Calendar(windows=NIGHTS, holidays=(HolidaySet(country="US"),))
        other = Calendar(windows=NIGHTS, holidays=(HolidaySet(country="US"),))

        assert one == other
        assert hash(one) == hash(other)
        assert one != Calendar(windows=NIGHTS)


class TestOpeningDays:
    def test_days_that_are_closed_are_left_out(self) -> None:
        tuesdays = Calendar(
            windows=(WeeklyWindow(weekday=1, start=540, end=600),),
            dated=(special(WEDNESDAY, 600, 660),),
            excluded=frozenset({date(2026, 7, 7)}),
        )

        days = list(islice(opening_days(tuesdays, date(2026, 6, 30)), 3))

        assert days == [date(2026, 6, 30), WEDNESDAY, date(2026, 7, 14)]

    def test_only_special_hours_end(self) -> None:
        calendar = Calendar(windows=(), dated=(special(WEDNESDAY, 1_380, 1_500),))

        assert list(opening_days(calendar, date(2020, 1, 1))) == [WEDNESDAY, THURSDAY]
        assert list(opening_days(calendar, THURSDAY)) == [THURSDAY]
        assert list(opening_days(calendar, date(2026, 7, 3))) == []

    def test_a_calendar_that_is_over_has_none(self) -> None:
        calendar = Calendar(windows=NINE_TO_FIVE, end_date=WEDNESDAY)

        assert list(opening_days(calendar, THURSDAY)) == []
