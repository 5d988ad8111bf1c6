"""Rows with several numbers: their columns, their order, and what is wrong with them."""

import io
import json
from typing import Any

import pytest

from shared.intake.contact_rows import Row, Rows
from shared.intake.json_contacts import JsonContacts
from shared.intake.row_errors import Errors
from tests.support.contact_files import ContactFile

A, B, C = "+12025550123", "+81355550124", "+13105550199"
TOLL_FREE_OF_THE_WORLD = "+80012345678"

Fault = tuple[int, str | None, str]


def csv_rows(text: str) -> tuple[list[list[str]], list[Fault], list[Fault]]:
    """The numbers of each contact, the errors, and the warnings."""
    read = ContactFile(text.encode())
    rows = [numbers(row) for _, row in read.rows]
    return rows, faults(read.file.errors), faults(read.file.warnings)


def json_rows(*entries: Any) -> tuple[list[list[str]], list[Fault]]:
    lines = "\n".join(json.dumps(entry) for entry in entries).encode()
    reader = JsonContacts(io.BytesIO(lines), Rows(default_region=None, default_zone=None))
    return [numbers(row) for _, row in reader.rows()], faults(reader.errors)


def numbers(row: Row) -> list[str]:
    return [row.number, *(number for number, _ in row.others)]


def faults(errors: Errors) -> list[Fault]:
    return [(error.line, error.field, error.reason) for error in errors.first]


@pytest.mark.parametrize(
    "header",
    [
        "number,number2,number3",
        "phone,phone2,phone3",
        "Phone 1,Phone 2,Phone 3",
        "Mobile,Phone Number 2,mobile_3",
        "Phone 1 - Value,Phone 2 - Value,Phone 3 - Value",
        "Telefonnummer,Telefon 2,Telefon 3",
    ],
)
def test_numbered_columns_are_further_numbers_in_their_order(header: str) -> None:
    assert csv_rows(f"{header}\n{A},{B},{C}\n{A},,{C}\n{A},,\n") == (
        [[A, B, C], [A, C], [A]],
        [],
        [],
    )


def test_the_order_is_that_of_the_names_and_not_of_the_columns() -> None:
    rows, _, _ = csv_rows(f"phone3,phone2,phone\n{C},{B},{A}\n")

    assert rows == [[A, B, C]]


def test_a_row_without_the_first_number_begins_with_the_next() -> None:
    assert csv_rows(f"phone,phone2,phone3\n,{B},{C}\n-,,{C}\n") == ([[B, C], [C]], [], [])


def test_a_row_without_any_number_is_refused_at_the_first() -> None:
    rows, errors, _ = csv_rows(f"phone,phone2,name\n{A},{B},x\n,,x\n")

    assert rows == [[A, B]]
    assert errors == [(3, "phone", "empty")]


def test_a_further_number_that_is_wrong_costs_a_warning() -> None:
    rows, errors, warnings = csv_rows(f"phone,phone2,phone3,phone4\n{A},+1,{C},none at all\n")

    assert (rows, errors) == ([[A, C]], [])
    assert [(line, field) for line, field, _ in warnings] == [(2, "phone2"), (2, "phone4")]


def test_a_first_number_that_is_wrong_refuses_the_row() -> None:
    rows, errors, _ = csv_rows(f"phone,phone2\n+1,{B}\n")

    assert rows == []
    assert [(line, field) for line, field, _ in errors] == [(2, "phone")]


def test_a_fault_of_the_place_is_no_fault_of_a_number() -> None:
    rows, errors, _ = csv_rows(f"phone,phone2,zone\n{A},{B},Mars/Base\n")

    assert (rows, errors) == ([], [(2, "zone", "unknown_zone")])


def test_a_number_that_is_given_twice_is_one() -> None:
    rows, _, _ = csv_rows(f"phone,phone2,phone3\n{A},+1 202 555 0123,{B}\n")

    assert rows == [[A, B]]


def test_a_number_that_may_never_be_called_comes_last() -> None:
    rows, _, _ = csv_rows(f"phone,phone2,phone3\n{TOLL_FREE_OF_THE_WORLD},{B},{A}\n")

    assert rows == [[B, A, TOLL_FREE_OF_THE_WORLD]]


def test_each_number_has_a_group_of_its_own_and_the_place_holds_for_all() -> None:
    read = ContactFile(f"phone,phone2,region\n{A},{C},US-FL\n".encode())
    [(_, row)] = list(read.rows)
    [(_, other)] = row.others
    groups = [read.groups[group - 1] for group in (row.group, other)]

    assert [group.jurisdictions for group in groups] == [("US-DC", "US-FL"), ("US-CA", "US-FL")]


def test_json_has_further_numbers_as_a_list() -> None:
    rows, errors = json_rows(
        {"number": A, "numbers": [B, C]}, {"number": A, "numbers": []}, {"number": A}
    )

    assert (rows, errors) == ([[A, B, C], [A], [A]], [])


@pytest.mark.parametrize(
    ("numbers", "reason"),
    [
        ("+12025550124", "not_a_list"),
        ([1], "not_a_text"),
        (["+1"], "not_a_number"),
        ([""], "empty"),
        (["x" * 257], "too_long"),
        ([f"+1202555013{last}" for last in range(5)], "more_than_five_numbers"),
    ],
)
def test_a_list_that_cannot_be_read_refuses_the_line(numbers: Any, reason: str) -> None:
    assert json_rows({"number": A, "numbers": numbers}) == ([], [(1, "numbers", reason)])
