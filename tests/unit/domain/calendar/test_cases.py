"""Edge cases of windows: midnight, first and last days, zones, the turn of the year."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from shared.domain.calendar.calendar import Calendar, Span, WeeklyWindow, is_open, next_span
from shared.domain.calendar.holidays import HolidaySet
from shared.domain.places.numbers import PhoneNumber, parse_number
from tests.unit.domain.calendar.oracle import clock_changes, walk

TICK = timedelta(microseconds=1)
NEW_YORK, LOS_ANGELES, DENVER = "America/New_York", "America/Los_Angeles", "America/Denver"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def on(start: int, end: int, *weekdays: int) -> Calendar:
    days = weekdays or range(7)
    return Calendar(windows=tuple(WeeklyWindow(weekday=day, start=start, end=end) for day in days))


NINE_TO_FIVE = on(540, 1_020)


def agrees(calendar: Calendar, zones: tuple[str, ...], start: str, *, days: int) -> bool:
    walked = walk((calendar,), zones, utc(start), days=days)
    instants = (utc(start) + timedelta(minutes=minute) for minute in range(days * 1_440))
    return any(walked.minutes) and all(
        is_open((calendar,), zones, at=at) == walked.open_at(at) for at in instants
    )


def test_a_window_that_crosses_midnight() -> None:
    assert agrees(on(1_320, 1_560, 4), (NEW_YORK,), "2026-10-29T00:00", days=5)


def test_a_window_of_no_length_cannot_be() -> None:
    with pytest.raises(ValueError, match="end must be after start"):
        on(540, 540)


def test_a_window_of_24_hours_on_a_day_of_25() -> None:
    sunday = utc("2026-11-01T04:00")

    span = next_span((on(0, 1_440, 6),), (NEW_YORK,), now=sunday)

    assert span == Span(opens_at=sunday, closes_at=sunday + timedelta(hours=25))


def test_each_weekday_has_its_own_windows() -> None:
    calendar = Calendar(windows=on(540, 1_020, 0, 2, 4).windows + on(720, 780, 1, 3).windows)

    assert agrees(calendar, (NEW_YORK,), "2026-10-26T00:00", days=8)


def test_a_holiday_closes_its_local_day() -> None:
    calendar = replace(NINE_TO_FIVE, holidays=(HolidaySet(country="US"),))

    span = next_span((calendar,), (LOS_ANGELES,), now=utc("2026-12-25T08:00"))

    assert span == Span(opens_at=utc("2026-12-26T17:00"), closes_at=utc("2026-12-27T01:00"))
    assert agrees(calendar, (LOS_ANGELES,), "2026-12-24T00:00", days=4)


def test_a_campaign_that_ends_on_a_day_whose_hour_comes_twice() -> None:
    back = next(at for at in clock_changes(NEW_YORK) if at.year == 2026 and at.month == 11)
    calendar = replace(on(60, 120), end_date=back.date())

    span = next_span((calendar,), (NEW_YORK,), now=back - timedelta(hours=1))

    hour = timedelta(hours=1)
    assert span == Span(opens_at=back - hour, closes_at=back + hour)
    assert next_span((calendar,), (NEW_YORK,), now=back + hour) is None


def test_a_number_that_was_ported_is_called_by_the_zone_that_is_known() -> None:
    """A New York number of a contact with the zone of California."""
    at = utc("2026-07-01T13:30")

    assert is_open((NINE_TO_FIVE,), (NEW_YORK,), at=at)
    assert not is_open((NINE_TO_FIVE,), (LOS_ANGELES,), at=at)
    assert not is_open((NINE_TO_FIVE,), (NEW_YORK, LOS_ANGELES), at=at)


def test_an_unknown_zone_is_never_open() -> None:
    assert not is_open((on(0, 1_440),), (), at=utc("2026-07-01T12:00"))
    assert next_span((on(0, 1_440),), (), now=utc("2026-07-01T12:00")) is None


def test_an_area_code_over_two_zones_is_open_when_both_are() -> None:
    number = parse_number("+1 605 555 0123", default_region=None)
    assert isinstance(number, PhoneNumber)
    assert len(number.zones) == 2

    span = next_span((NINE_TO_FIVE,), number.zones, now=utc("2026-07-01T00:00"))

    assert span == Span(opens_at=utc("2026-07-01T15:00"), closes_at=utc("2026-07-01T22:00"))
    assert agrees(NINE_TO_FIVE, number.zones, "2026-10-31T00:00", days=3)


def test_a_window_that_closes_between_the_permit_and_the_call() -> None:
    closes_at = utc("2026-07-01T21:00")

    assert is_open((NINE_TO_FIVE,), (NEW_YORK,), at=closes_at - TICK)
    assert not is_open((NINE_TO_FIVE,), (NEW_YORK,), at=closes_at)


def test_a_retry_that_falls_on_the_close_waits_for_the_next_day() -> None:
    span = next_span((NINE_TO_FIVE,), (NEW_YORK,), now=utc("2026-07-01T21:00"))

    assert span is not None
    assert span.opens_at == utc("2026-07-02T13:00")


def test_no_leap_second_is_counted() -> None:
    """Unix time has no leap seconds: 31 December 2016 has 86,400 seconds too."""
    calendar = on(0, 1_440, 5)
    span = next_span((calendar,), ("UTC",), now=utc("2016-12-31T23:59:59"))

    assert span == Span(opens_at=utc("2016-12-31T00:00"), closes_at=utc("2017-01-01T00:00"))


def test_the_end_of_the_year_is_the_end_of_its_last_date() -> None:
    calendar = replace(on(1_320, 1_560), end_date=date(2026, 12, 31))

    span = next_span((calendar,), (NEW_YORK,), now=utc("2026-12-31T12:00"))

    assert span == Span(opens_at=utc("2027-01-01T03:00"), closes_at=utc("2027-01-01T05:00"))
    assert agrees(calendar, (NEW_YORK,), "2026-12-30T00:00", days=4)
    assert agrees(on(1_320, 1_560), (NEW_YORK,), "2026-12-30T00:00", days=4)
