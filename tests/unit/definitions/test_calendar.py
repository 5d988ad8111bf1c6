"""A calendar's definition: the domain and the oracle read it alike."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.definitions.base import STORED
from shared.definitions.calendar import CalendarDefinition, WindowDefinition
from shared.domain.calendar.calendar import Calendar, DatedWindow, WeeklyWindow, is_open
from shared.domain.calendar.holidays import HolidaySet
from tests.oracle.hours import open_at

NIGHT = {"days": ["fri"], "start": "22:00", "end": "02:00"}
ZONES = ("Europe/London", "America/New_York", "Pacific/Auckland", "America/Santiago")


def test_every_part_reaches_the_domain() -> None:
    definition = CalendarDefinition.model_validate(
        {
            "windows": [NIGHT | {"crosses_midnight": True}],
            "dates": [{"date": "2026-12-24", "windows": [{"start": "09:00", "end": "24:00"}]}],
            "excluded_dates": ["2026-12-31"],
            "holidays": [{"country": "US", "region": "AL"}, {"country": "FR"}],
            "start_date": "2026-12-01",
            "end_date": "2027-01-31",
            "zone": "Europe/London",
        }
    )

    day = definition.dates[0].date
    assert definition.calendar() == Calendar(
        windows=(WeeklyWindow(weekday=4, start=1_320, end=1_560),),
        start_date=definition.start_date,
        end_date=definition.end_date,
        dated=(DatedWindow(day=day, start=540, end=1_440),),
        excluded=frozenset({day + timedelta(days=7)}),
        holidays=(HolidaySet(country="US", region="AL"), HolidaySet(country="FR")),
        zone="Europe/London",
    )


def test_an_unknown_zone_is_refused() -> None:
    written = {"windows": [NIGHT | {"crosses_midnight": True}], "zone": "Mars/Olympus"}

    with pytest.raises(ValidationError, match="unknown time zone"):
        CalendarDefinition.model_validate(written)


def test_a_day_from_start_to_the_same_time_is_24_hours() -> None:
    window = WindowDefinition.model_validate(
        {"days": ["sun"], "start": "18:00", "end": "18:00", "crosses_midnight": True}
    )

    assert window.windows() == [WeeklyWindow(weekday=6, start=1_080, end=2_520)]


def test_a_stored_window_from_before_the_flag_still_crosses_midnight() -> None:
    window = TypeAdapter(WindowDefinition).validate_python(NIGHT, context=STORED)

    assert window.windows() == [WeeklyWindow(weekday=4, start=1_320, end=1_560)]


def test_the_oracle_reads_every_definition_as_the_domain_does() -> None:
    random = Random(20_261_121)
    opened = 0
    for _ in range(400):
        written = _written(random)
        calendar = CalendarDefinition.model_validate(written).calendar()
        for _ in range(20):
            at = datetime(2026, 12, 21, tzinfo=UTC) + timedelta(
                minutes=random.randrange(12 * 1_440)
            )
            zone = random.choice(ZONES)

            judged = open_at(written, zone, at)

            assert is_open((calendar,), (zone,), at=at) == judged, (written, zone, at)
            opened += judged

    assert 1_000 < opened < 7_000


def _written(random: Random) -> dict[str, Any]:
    days = [f"2026-12-{day}" for day in range(20, 32)]
    return {
        "windows": [
            {"days": random.sample(["mon", "tue", "wed", "thu", "fri", "sat", "sun"], 5)}
            | _hours(random)
            for _ in range(random.choice((1, 2)))
        ],
        "dates": [{"date": day, "windows": [_hours(random)]} for day in random.sample(days, 3)],
        "excluded_dates": random.sample(days, random.choice((0, 2))),
        "holidays": random.sample([{"country": "US"}, {"country": "GB", "region": "SCT"}], 1),
        "start_date": random.choice((None, "2026-12-22")),
        "end_date": random.choice((None, "2026-12-30")),
    }


def _hours(random: Random) -> dict[str, Any]:
    start, end = random.randrange(1_440), random.randrange(1_440)
    return {
        "start": f"{start // 60:02}:{start % 60:02}",
        "end": f"{end // 60:02}:{end % 60:02}",
        "crosses_midnight": end <= start,
    }
