"""How commands write and read in the terminal: plain tables, counts with their noun, instants."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.table import Table

from outdial.errors import OutdialError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

FIRST, LAST = datetime(1971, 1, 1, tzinfo=UTC), datetime(2190, 1, 1, tzinfo=UTC)


def plain_table(*columns: str, right: tuple[int, ...] = ()) -> Table:
    """A table without lines; the columns at the indexes `right` hold numbers."""
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index in right else "left")
    return table


def counted(number: int, noun: str) -> str:
    """Like 1 call, or 2,000 calls."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def entry(row: "DataclassInstance") -> dict[str, Any]:
    """A row of the database as JSON has it, with its instants as text."""
    fields: dict[str, Any] = json.loads(json.dumps(asdict(row), default=datetime.isoformat))
    return fields


def with_options(text: str) -> str:
    """A remedy of the API, which names its parameters, with the options of commands."""
    for parameter in ("column", "encoding", "delimiter"):
        text = text.replace(f"{parameter}=", f"--{parameter} ")
    return text.replace("header=false", "--no-header")


def instant_of(option: str, text: str) -> datetime:
    """The instant in an option, in UTC; it must say its offset, so that no zone is guessed."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.utcoffset() is None:
        raise OutdialError(
            f"{option}: {text!r} is not a time with its offset from UTC; "
            "write it like 2031-01-31T08:00Z"
        )
    if not FIRST <= at <= LAST:
        raise OutdialError(f"{option}: {text!r} is not from {FIRST:%Y} to {LAST:%Y}")
    return at.astimezone(UTC)
