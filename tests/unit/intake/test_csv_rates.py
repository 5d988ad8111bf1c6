"""Rates from a file: defaults, spellings of carriers, and each fault by line and column."""

import io
from decimal import Decimal

import pytest

from shared.domain.rates import Rate
from shared.intake.csv_rates import ReadRates, read_rates
from shared.intake.row_errors import FileError

HEAD = "prefix,price_per_minute"


def read(text: str) -> ReadRates:
    return read_rates(io.BytesIO(text.encode()))


def test_rates_are_read_with_their_increments_and_without() -> None:
    full = read(
        "Prefix;Destination;Price per minute;first_seconds;increment_seconds\n"
        "1;USA;0.0125;30;6\n\n+4420;London;0.5;;\n"
    )

    assert full.rates == {
        "1": Rate(per_minute=Decimal("0.0125"), first_seconds=30, increment_seconds=6),
        "4420": Rate(per_minute=Decimal("0.5"), first_seconds=60, increment_seconds=60),
    }
    assert (full.errors, full.ignored) == ([], ["Destination"])


@pytest.mark.parametrize(
    ("row", "column", "says"),
    [
        ("0044,1", "prefix", "country code"),
        (",1", "prefix", "country code"),
        ("USA,1", "prefix", "country code"),
        ("44", "price_per_minute", "0.0125"),
        ('44,"0,5"', "price_per_minute", "0.0125"),
        ("44,-1", "price_per_minute", "0.0125"),
        ("44,1001", "price_per_minute", "at most 1000"),
        ("44,nan", "price_per_minute", "0.0125"),
        ("44,1,0", "first_seconds", "from 1 to 3600"),
        ("44,1,,9999", "increment_seconds", "from 1 to 3600"),
        ("44,1,1.5,1", "first_seconds", "whole seconds"),
        ("1,2", "prefix", "line 2 has this prefix"),
        ("44,0,02,60,60", None, "with a point"),
    ],
)
def test_each_fault_names_its_line_and_column(row: str, column: str | None, says: str) -> None:
    faulty = read(f"{HEAD},first_seconds,increment_seconds\n1,1\n{row}\n")

    [error] = faulty.errors
    assert (error.line, error.field) == (3, column)
    assert says in error.remedy


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", 1, "column prefix"),
        ("1,0.5\n", 1, "column prefix"),
        ("prefix,price\n1,1\n", 1, "column price_per_minute"),
        (f"{HEAD}\n", 1, "no rate below"),
        ("prefix,prefix,price_per_minute\n", 1, "prefix once"),
    ],
)
def test_a_file_without_rates_says_what_is_missing(text: str, line: int, says: str) -> None:
    with pytest.raises(FileError) as refused:
        read(text)

    assert refused.value.error.line == line
    assert says in refused.value.error.remedy
