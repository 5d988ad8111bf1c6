"""Postal code, country and region in a file of contacts: read, rejected, and grouped by."""

import pytest

from shared.intake import contact_rows
from shared.intake.contact_rows import Rows
from tests.support.contact_files import ContactFile

A = "+12025550123"


def groups(file: str) -> list[tuple[str, ...]]:
    """The jurisdictions of each row, in order."""
    read = ContactFile(file)
    return [read.groups[row.group - 1].jurisdictions for _, row in read.rows]


@pytest.mark.parametrize("postal_code", ["postal_code", "ZIP", "zip_code", "Postcode"])
@pytest.mark.parametrize("region", ["region", "State", "province"])
def test_an_address_has_columns_of_its_own(postal_code: str, region: str) -> None:
    file = f"number,{postal_code},Country,{region}\n{A},30301,,\n{A},,CA,ON\n{A},,,\n{A},,, fl \n"

    assert groups(file) == [
        ("US-DC", "US-GA"),
        ("CA-ON", "US-DC"),
        ("US-DC",),
        ("US-DC", "US-FL"),
    ]


def test_an_address_is_no_attribute() -> None:
    ((_, row),) = ContactFile(f"number,zip,country,state,language\n{A},20500,US,DC,en\n").rows

    assert row.attributes == '{"language":"en"}'


def test_numbers_of_one_zone_and_two_states_are_in_two_groups() -> None:
    assert groups("number\n+13055550123\n+14045550123\n") == [("US-FL",), ("US-GA",)]


def test_rows_of_one_place_share_a_group_however_it_is_written() -> None:
    rows = "".join(f"{A},20{n:03},\n" for n in range(1, 100)) + f"{A},,D.C.\n{A},, dc \n"

    read = ContactFile(f"number,zip,state\n{rows}")

    assert [group.jurisdiction_source for group in read.groups] == [
        "postal_code+number",
        "contact+number",
    ]


@pytest.mark.parametrize(
    ("row", "error"),
    [
        ("33,US,", (2, "Zip", "invalid_postal_code")),
        ("331O1,US,", (2, "Zip", "invalid_postal_code")),
        (",XX,", (2, "country", "unknown_country")),
        (",,Atlantis", (2, "State", "unknown_region")),
        (",CA,FL", (2, "State", "unknown_region")),
        ("33101,CA,", (2, "Zip", "invalid_postal_code")),
    ],
)
def test_an_impossible_address_is_reported_by_its_column(
    row: str, error: tuple[int, str, str]
) -> None:
    read = ContactFile(f"number,Zip,country,State\n{A},{row}\n{A},,,\n")

    (fault,) = read.file.errors.first
    assert (fault.line, fault.field, fault.reason) == error
    assert len(read.rows) == 1


def test_places_that_were_read_do_not_fill_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contact_rows, "MOST_PLACES", 10)
    rows = Rows(default_region=None, default_zone=None)

    for code in range(100):
        rows.read(A, postal_code=f"10{code:03}")

    assert len(rows._places) <= 10
    assert len(rows.groups) == 1
