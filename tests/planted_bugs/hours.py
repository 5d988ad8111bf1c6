"""Bugs of I3: calls outside of their campaign's own hours."""

from datetime import UTC, datetime, timedelta

from tests.planted_bugs.acts import Plant, change_definition
from tests.support.histories import BERLIN, LATER, NEW_YORK, SECOND, START, History


async def called_before_opening(history: History) -> None:
    dora = await history.contact("+13035550101", "America/Denver", source="number")
    opening = datetime(2026, 11, 2, 16, tzinfo=UTC)
    await history.call(dora, at=opening - timedelta(milliseconds=1), outcome="declined")


async def called_at_closing(history: History) -> None:
    dora = await history.contact("+4930123457", BERLIN)
    closing = datetime(2026, 11, 2, 19, tzinfo=UTC)
    await history.call(dora, at=closing, outcome="declined")


async def called_by_the_offset_of_the_day_before(history: History) -> None:
    dora = await history.contact("+12125550103", NEW_YORK, source="number")
    half_past_eight = datetime(2026, 11, 1, 13, 30, tzinfo=UTC)
    await history.call(dora, at=half_past_eight, outcome="declined")


async def called_after_the_last_day(history: History) -> None:
    await change_definition(history, ["calendar", "end_date"], "2026-11-01")


async def called_by_one_of_two_zones(history: History) -> None:
    dora = await history.contact("+16055550101", "America/Chicago", source="number")
    await history.call(dora, at=LATER + timedelta(minutes=5), outcome="declined")


async def called_in_an_unknown_zone(history: History) -> None:
    dora = await history.contact("+8811234568", source="unknown")
    await history.call(dora, at=START + 60 * SECOND, outcome="declined")


async def called_beside_the_hours_of_a_date(
    history: History, *, start: str = "09:00", end: str = "12:00"
) -> None:
    """Special hours replace the weekly ones on that date; the call before noon was in New York."""
    special = {"date": "2026-11-02", "windows": [{"start": start, "end": end}]}
    await change_definition(history, ["calendar", "dates"], [special])


async def called_in_the_hours_of_a_date(history: History) -> None:
    await called_beside_the_hours_of_a_date(history, end="22:00")
    dora = await history.contact("+4930123457", BERLIN)
    await history.call(dora, at=datetime(2026, 11, 2, 20, 30, tzinfo=UTC), outcome="declined")


async def called_on_an_excluded_date(history: History, *, date: str = "2026-11-02") -> None:
    await change_definition(history, ["calendar", "excluded_dates"], [date])


async def called_on_the_day_before_an_excluded_date(history: History) -> None:
    await called_on_an_excluded_date(history, date="2026-11-03")


async def called_on_a_holiday(history: History, *, region: str = "BY") -> None:
    """All Saints' Day, a Sunday, is a holiday in Bavaria and not in Berlin."""
    kept = [{"country": "DE", "region": region}]
    await change_definition(history, ["calendar", "holidays"], kept)
    dora = await history.contact("+4930123457", BERLIN)
    await history.call(dora, at=START - timedelta(days=1), outcome="declined")


async def called_on_a_holiday_of_another_region(history: History) -> None:
    await called_on_a_holiday(history, region="BE")


async def called_by_its_default_zone_outside_of_those_hours(
    history: History, *, source: str = "campaign"
) -> None:
    stricter = [{"days": ["mon"], "start": "10:00", "end": "16:00"}]
    await change_definition(history, ["default_zone_windows"], stricter)
    dora = await history.contact("+4930123457", BERLIN, source=source)
    await history.call(dora, at=START + 60 * SECOND, outcome="declined")


async def called_outside_of_the_hours_of_those_without_a_zone(history: History) -> None:
    await called_by_its_default_zone_outside_of_those_hours(history, source="contact")


BUGS: list[tuple[str, Plant]] = [
    ("I3", called_before_opening),
    ("I3", called_at_closing),
    ("I3", called_by_the_offset_of_the_day_before),
    ("I3", called_after_the_last_day),
    ("I3", called_by_one_of_two_zones),
    ("I3", called_in_an_unknown_zone),
    ("I3", called_beside_the_hours_of_a_date),
    ("I3", called_on_an_excluded_date),
    ("I3", called_on_a_holiday),
    ("I3", called_by_its_default_zone_outside_of_those_hours),
]
NEAR_MISSES: list[Plant] = [
    called_in_the_hours_of_a_date,
    called_on_the_day_before_an_excluded_date,
    called_on_a_holiday_of_another_region,
    called_outside_of_the_hours_of_those_without_a_zone,
]
