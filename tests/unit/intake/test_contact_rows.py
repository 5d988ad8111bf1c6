"""The country of a row is the region in which its number is read."""

import pytest

from shared.intake.contact_rows import Fault, Row, Rows


def number_of(
    number: str,
    *,
    country: str | None = None,
    region: str | None = None,
    default_region: str | None = None,
) -> str | tuple[str, str]:
    """The number, or field and reason without it."""
    rows = Rows(default_region=default_region, default_zone=None)
    row = rows.read(number, country=country, region=region)
    return row.number if isinstance(row, Row) else (row.field, row.reason)


@pytest.mark.parametrize("default_region", [None, "US", "DE"])
@pytest.mark.parametrize(
    ("number", "country", "expected"),
    [
        ("07712000123", "GB", "+447712000123"),
        ("7712000123", "uk", "+447712000123"),
        ("0612345678", "FR", "+33612345678"),
        ("9845551234", " in ", "+919845551234"),
        ("2079460018", "GB", "+442079460018"),
        ("5512345678", "MX", "+525512345678"),
        ("2125552671", "USA", "+12125552671"),
        ("2125552671", "United States", "+12125552671"),
        ("07712000123", "United Kingdom", "+447712000123"),
        ("0301234567", "Deutschland", "+49301234567"),
        ("+12125552671", "FR", "+12125552671"),
    ],
)
def test_a_row_is_read_in_its_own_country_before_the_campaigns_region(
    number: str, country: str, expected: str, default_region: str | None
) -> None:
    assert number_of(number, country=country, default_region=default_region) == expected


def test_a_region_with_its_country_says_the_country_too() -> None:
    assert number_of("2125552671", region="US-NY", default_region="GB") == "+12125552671"
    assert number_of("02079460018", region="ENG", default_region="GB") == "+442079460018"


def test_a_row_of_an_unknown_country_is_not_read_in_another() -> None:
    unknown = ("country", "unknown_country")

    assert number_of("2125552671", country="Atlantis", default_region="US") == unknown


def test_the_owner_of_the_list_says_how_numbers_without_plus_are_read() -> None:
    national = Rows(default_region="DE", default_zone=None, numbers="national")
    international = Rows(default_region="DE", default_zone=None, numbers="international")
    unsaid = Rows(default_region="DE", default_zone=None)

    read = [rows.read("15123456789") for rows in (national, international, unsaid)]

    assert [row.number for row in read if isinstance(row, Row)] == [
        "+4915123456789",
        "+15123456789",
    ]
    assert read[2] == Fault(field="number", reason="ambiguous")
