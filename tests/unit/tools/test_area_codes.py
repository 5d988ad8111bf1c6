"""The stored table of area codes equals the script's output from phonenumbers' geodata."""

from pathlib import Path

import pytest
from phonenumbers.geodata import GEOCODE_DATA

from shared.domain.places import tables
from tools import area_codes

STORED = Path(__file__).parents[3] / "shared" / "domain" / "places" / "data" / "numbers.csv"


def test_the_stored_table_is_the_one_that_is_made() -> None:
    """After an upgrade of phonenumbers: write the output of `python -m tools.area_codes` to it."""
    assert STORED.read_text() == area_codes.table()


def test_every_geographic_area_code_is_in_one_place_but_those_that_are_shared() -> None:
    several = {code: places for code, places in tables.area_codes().items() if len(places) > 1}

    assert {code for code, _ in area_codes.geographic()} == tables.area_codes().keys()
    assert set(several.values()) == set(area_codes.SHARED.values())
    assert several.keys() == {"782", "867", "902"}


def test_numbers_of_no_place_have_no_area_code() -> None:
    for code in ("500", "600", "700", "800", "833", "844", "855", "866", "877", "888", "900"):
        assert code not in tables.area_codes()


@pytest.mark.parametrize("name", ["Atlantis", "Ontario", ""])
def test_an_area_code_of_an_unknown_place_is_not_left_out(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(GEOCODE_DATA, "1212", {"en": name})

    with pytest.raises(area_codes.AreaCodeError, match="212"):
        area_codes.table()
