"""The sample in examples/ equals its generator's output, and always has open and closed zones."""

import csv
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import phonenumbers
import pytest
from phonenumbers import timezone

from outdial import sample

EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    return list(sample.contacts())


def test_examples_are_as_generated(tmp_path: Path) -> None:
    for written in sample.write(tmp_path):
        assert (EXAMPLES / written.name).read_bytes() == written.read_bytes()


def test_a_thousand_different_valid_numbers_in_seven_countries(rows: list[dict[str, str]]) -> None:
    numbers = [phonenumbers.parse(row["number"]) for row in rows]

    assert len({row["number"] for row in rows}) == 1000
    assert all(map(phonenumbers.is_valid_number, numbers))
    regions = set(map(phonenumbers.region_code_for_number, numbers))
    assert regions == {"US", "CA", "GB", "FR", "DE", "SE", "AU"}


@pytest.mark.parametrize("hour", range(24))
def test_at_every_hour_some_may_be_called_and_some_not(
    rows: list[dict[str, str]], hour: int
) -> None:
    midnight = datetime(2026, 11, 21, tzinfo=UTC)

    for minute in (0, 30):
        now = midnight + timedelta(hours=hour, minutes=minute)
        callable_now = sum(all(map(_open_at(now), _zones(row))) for row in rows)
        assert 100 < callable_now < 900


def test_the_campaign_calls_on_all_days() -> None:
    campaign = json.loads((EXAMPLES / "campaign.json").read_text())
    (window,) = campaign["calendar"]["windows"]

    assert len(set(window["days"])) == 7
    assert (window["start"], window["end"]) == ("09:00", "20:00")


def test_the_list_has_its_columns() -> None:
    with (EXAMPLES / "contacts.csv").open(newline="") as file:
        assert tuple(next(csv.reader(file))) == sample.COLUMNS


def _zones(row: dict[str, str]) -> tuple[str, ...]:
    if row["zone"]:
        return (row["zone"],)
    zones: tuple[str, ...] = timezone.time_zones_for_number(phonenumbers.parse(row["number"]))
    return zones


def _open_at(now: datetime) -> Callable[[str], bool]:
    return lambda zone: 9 <= now.astimezone(ZoneInfo(zone)).hour < 20
