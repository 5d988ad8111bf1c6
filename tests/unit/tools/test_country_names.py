"""The stored table of countries' names equals the script's output."""

from pathlib import Path

from phonenumbers import SUPPORTED_REGIONS

from shared.domain.places import tables
from shared.domain.places.address import country_of
from tools import country_names

STORED = Path(__file__).parents[3] / "shared" / "domain" / "places" / "data" / "country_names.csv"


def test_the_stored_table_is_the_one_that_is_made() -> None:
    """After an upgrade of a package: write the output of `python -m tools.country_names` to it."""
    assert STORED.read_text(encoding="utf-8") == country_names.table()


def test_every_country_with_numbers_has_a_name() -> None:
    assert set(tables.country_names().values()) == SUPPORTED_REGIONS


def test_a_code_comes_before_a_name() -> None:
    """Without accents, the Vietnamese names of Austria and Belgium are codes of others."""
    assert {code: country_of(code.lower(), None) for code in SUPPORTED_REGIONS} == {
        code: code for code in SUPPORTED_REGIONS
    }
