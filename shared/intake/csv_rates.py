"""A CSV file of rates: a header, then the price of a minute for each prefix."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import BinaryIO

from shared.domain.rates import Rate
from shared.intake.csv_file import DELIMITERS, LONGEST_RECORD
from shared.intake.encodings import as_text
from shared.intake.row_errors import FileError, RowError

REQUIRED = ("prefix", "price_per_minute")
# Columns that may be left out, with the seconds that hold without them: each started minute.
SECONDS = {"first_seconds": 60, "increment_seconds": 60}
LONGEST_INCREMENT = 3_600
HIGHEST_PRICE = Decimal(1_000)
RATES_MOST = 500_000
_PREFIX = re.compile(r"\+?([1-9][0-9]{0,14})", re.ASCII)
_PRICE = re.compile(r"[0-9]{1,4}(\.[0-9]{1,10})?", re.ASCII)
_SECONDS = re.compile(r"[0-9]{1,4}", re.ASCII)


@dataclass(slots=True)
class ReadRates:
    """The rates by prefix, all refused rows, and the names of columns that were passed over."""

    rates: dict[str, Rate] = field(default_factory=dict)
    errors: list[RowError] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)


def read_rates(file: BinaryIO) -> ReadRates:
    """Raises FileError for a file that cannot be read as a whole."""
    text = as_text(file)
    head = text.readline(LONGEST_RECORD)
    text.seek(0)
    rows = csv.reader(text, delimiter=max(DELIMITERS, key=head.count), skipinitialspace=True)
    read = ReadRates()
    lines: dict[str, int] = {}
    try:
        header = next(rows, [])
        columns, width = _columns(header, read), len(header)
        for cells in rows:
            if not any(cell.strip() for cell in cells):
                continue
            if any(cell.strip() for cell in cells[width:]):
                detail = "has more cells than the header; write a price with a point, like 0.02"
                read.errors.append(_fault(rows.line_num, None, detail))
                continue
            found = _rate(cells, columns, rows.line_num, read.errors)
            if found is None:
                continue
            prefix, rate = found
            if prefix in lines:
                detail = f"line {lines[prefix]} has this prefix already; leave one out"
                read.errors.append(_fault(rows.line_num, "prefix", detail))
            lines.setdefault(prefix, rows.line_num)
            read.rates[prefix] = rate
            if len(read.rates) > RATES_MOST:
                raise FileError(rows.line_num, None, "", detail=f"more than {RATES_MOST} rates")
    except (csv.Error, UnicodeError) as error:
        raise FileError(
            rows.line_num, None, "", detail=f"this is no CSV in UTF-8: {error}"
        ) from None
    if not read.rates and not read.errors:
        raise FileError(1, None, "", detail="the file has no rate below its header")
    return read


def _columns(header: list[str], read: ReadRates) -> dict[str, int]:
    names = [name.strip().casefold().replace(" ", "_") for name in header]
    for name in REQUIRED:
        if names.count(name) != 1:
            others = ", ".join((*REQUIRED, *SECONDS))
            detail = f"the first line must name the column {name} once; it may name {others}"
            raise FileError(1, name, "", detail=detail)
    known = {name: at for at, name in enumerate(names) if name in (*REQUIRED, *SECONDS)}
    read.ignored = [name for at, name in enumerate(header) if names[at] not in known]
    return known


def _rate(
    cells: list[str], columns: dict[str, int], line: int, errors: list[RowError]
) -> tuple[str, Rate] | None:
    """The prefix and its rate, or None after the faults of the row were added."""
    texts = {name: cells[at].strip() if at < len(cells) else "" for name, at in columns.items()}
    faults = list(_faults(texts, line))
    errors += faults
    if faults:
        return None
    seconds = {name: int(texts.get(name) or usual) for name, usual in SECONDS.items()}
    prefix = texts["prefix"].removeprefix("+")
    return prefix, Rate(per_minute=Decimal(texts["price_per_minute"]), **seconds)


def _faults(texts: dict[str, str], line: int) -> Iterator[RowError]:
    if not _PREFIX.fullmatch(texts["prefix"]):
        detail = "must be the first digits of numbers with country code, like 1 or 4420"
        yield _fault(line, "prefix", detail)
    price = texts["price_per_minute"]
    if not (_PRICE.fullmatch(price) and Decimal(price) <= HIGHEST_PRICE):
        detail = f"must be a price like 0.0125, at most {HIGHEST_PRICE}"
        yield _fault(line, "price_per_minute", detail)
    for name in SECONDS:
        text = texts.get(name, "")
        if text and not (_SECONDS.fullmatch(text) and 1 <= int(text) <= LONGEST_INCREMENT):
            detail = f"must be whole seconds from 1 to {LONGEST_INCREMENT}, or empty for 60"
            yield _fault(line, name, detail)


def _fault(line: int, column: str | None, detail: str) -> RowError:
    return RowError(line=line, field=column, reason="", detail=detail)
