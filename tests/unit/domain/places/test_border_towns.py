"""The zones of towns that lie at a line of zones, by number and by postal code."""

import csv
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from shared.domain.calendar.zones import zone
from shared.domain.places.address import Address, Residence, locate
from shared.domain.places.numbers import PhoneNumber, parse_number

TOWNS = Path(__file__).parent / "border_towns.csv"
START = datetime(2026, 12, 1, 12, tzinfo=UTC)
# No town has this exchange, so that its numbers may be anywhere in the area code.
UNLISTED = "200"


def towns() -> list[dict[str, str]]:
    lines = TOWNS.read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


@cache
def clock(name: str) -> tuple[timedelta | None, ...]:
    return tuple(
        (START + timedelta(days=day)).astimezone(zone(name)).utcoffset() for day in range(730)
    )


def number(town: dict[str, str], exchange: str) -> PhoneNumber:
    result = parse_number(f"+1{town['area_code']}{exchange}0123", default_region=None)
    assert isinstance(result, PhoneNumber)
    return result


@pytest.mark.parametrize("town", towns(), ids=lambda town: f"{town['town']}, {town['place']}")
def test_a_town_at_a_line_is_never_without_its_clock(town: dict[str, str]) -> None:
    listed = number(town, town["exchange"] or UNLISTED)
    address = Address(postal_code=town["postal_code"], country=town["place"][:2])
    home = locate(listed, address)

    assert isinstance(home, Residence)
    for zones in (listed.zones, number(town, UNLISTED).zones, home.zones):
        assert clock(town["zone"]) in {clock(name) for name in zones}


def test_most_towns_with_a_known_exchange_have_one_zone() -> None:
    listed = [town for town in towns() if town["exchange"]]
    alone = [town for town in listed if len(number(town, town["exchange"]).zones) == 1]

    assert len(towns()) >= 200
    assert len(alone) > 0.9 * len(listed)
