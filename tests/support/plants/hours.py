"""Bugs of I3: calls outside of their campaign's own hours."""

from datetime import UTC, datetime, timedelta

from tests.support.histories import BERLIN, LATER, NEW_YORK, SECOND, START, History
from tests.support.plants.acts import Plant, change_definition


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


BUGS: list[tuple[str, Plant]] = [
    ("I3", called_before_opening),
    ("I3", called_at_closing),
    ("I3", called_by_the_offset_of_the_day_before),
    ("I3", called_after_the_last_day),
    ("I3", called_by_one_of_two_zones),
    ("I3", called_in_an_unknown_zone),
]
