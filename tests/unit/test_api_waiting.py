"""What pending contacts wait for, from counts and the calendar alone."""

from datetime import UTC, date, datetime, timedelta

from services.api.waiting import explain
from shared.db.contacts import Pending
from shared.domain.calendar import Calendar, WeeklyWindow

# A Monday: 13:00 in Berlin, 07:00 in New York.
NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
NINE_TO_EIGHT = tuple(WeeklyWindow(weekday=day, start=540, end=1200) for day in range(7))
DAILY = Calendar(windows=NINE_TO_EIGHT)
OVER = Calendar(windows=NINE_TO_EIGHT, end_date=date(2026, 11, 1))
BERLIN, NEW_YORK = ("Europe/Berlin",), ("America/New_York",)


def pending(
    zones: tuple[str, ...], *, due: int = 0, later: int = 0, later_from: datetime | None = None
) -> Pending:
    return Pending(zones=zones, due=due, later=later, later_from=later_from)


def told(calendar: Calendar, *groups: Pending) -> list[tuple[int, str, datetime | None]]:
    entries = explain(calendar, groups, now=NOW)
    return [(entry.contacts, entry.reason, entry.opens_at) for entry in entries]


def test_who_may_be_called_waits_for_capacity() -> None:
    assert told(DAILY, pending(BERLIN, due=3)) == [(3, "pacing", None)]


def test_a_closed_zone_waits_for_its_opening() -> None:
    opening = datetime(2026, 11, 2, 14, tzinfo=UTC)

    assert told(DAILY, pending(NEW_YORK, due=3)) == [(3, "window", opening)]


def test_several_zones_wait_for_the_last_to_open() -> None:
    opening = datetime(2026, 11, 2, 14, tzinfo=UTC)

    assert told(DAILY, pending(BERLIN + NEW_YORK, due=3)) == [(3, "window", opening)]


def test_a_retry_is_due_inside_the_window() -> None:
    later = NOW + timedelta(minutes=5)

    assert told(DAILY, pending(BERLIN, later=2, later_from=later)) == [(2, "retry", later)]


def test_a_retry_after_closing_waits_for_the_morning() -> None:
    later = NOW + timedelta(hours=9)
    morning = datetime(2026, 11, 3, 8, tzinfo=UTC)

    assert told(DAILY, pending(BERLIN, later=2, later_from=later)) == [(2, "retry", morning)]


def test_due_and_later_are_told_apart() -> None:
    later = NOW + timedelta(minutes=5)
    group = pending(BERLIN, due=3, later=2, later_from=later)

    assert told(DAILY, group) == [(3, "pacing", None), (2, "retry", later)]


def test_nobody_is_called_without_a_zone_or_after_the_end() -> None:
    later = NOW + timedelta(minutes=5)
    groups = (pending((), due=3, later=1, later_from=later), pending(BERLIN, due=2))

    assert told(OVER, *groups) == [(4, "unknown_zone", None), (2, "ended", None)]
    assert told(OVER, pending(BERLIN, later=1, later_from=later)) == [(1, "ended", None)]
