"""Imported files: reads them in a thread, and explains each refusal in a sentence."""

import asyncio
import itertools
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from typing import TypeVar

from services.api.refusals import InvalidField, Refused
from shared.intake.csv_file import FileError, RowError

T = TypeVar("T")

# Enough rows to be worth a thread, few enough that other requests hardly wait.
ROWS_AT_ONCE = 4096


def batches(rows: Iterator[T]) -> Iterator[list[T]]:
    while batch := list(itertools.islice(rows, ROWS_AT_ONCE)):
        yield batch


async def in_thread(items: Iterator[T]) -> AsyncGenerator[T, None]:
    """Yields the items; a thread makes the next one while the caller works on this one."""
    coming = _soon(items)
    try:
        while (item := await coming) is not None:
            coming = _soon(items)
            yield item
    finally:
        # The caller closes the file next; the thread must have stopped reading it.
        await asyncio.wait([coming])


def _soon(items: Iterator[T]) -> asyncio.Task[T | None]:
    return asyncio.create_task(asyncio.to_thread(next, items, None))


@contextmanager
def refusing_unreadable() -> Iterator[None]:
    try:
        yield
    except FileError as error:
        row = invalid_row(error.error)
        detail = f"line {error.error.line}: {row.detail}"
        raise Refused("unreadable_file", detail, errors=[row]) from None


def invalid_row(error: RowError) -> InvalidField:
    detail = REASONS.get(error.reason, error.reason.replace("_", " "))
    field = None if error.field is None else (error.field,)
    return InvalidField(code=error.reason, detail=detail, field=field, line=error.line)


REASONS = {
    "empty": "there is no number",
    "not_a_number": "not a phone number",
    "no_country": "no country code, and the campaign has no default_region for it",
    "not_assigned": "no such number can exist",
    "wrong_length": "no number of this country is so long",
    "unknown_zone": "unknown time zone; use an IANA name such as Europe/London",
    "invalid_postal_code": "no such code in this country, which is the number's if not given",
    "unknown_country": "unknown country; use ISO 3166-1, such as US",
    "unknown_region": "unknown in this country, which is the number's if not given; use ISO 3166-2",
    "not_an_instant": "not an instant with its offset, like 2031-01-31T00:00:00Z",
    "in_the_past": "must be in the future",
    "too_far": "must be within a hundred years; leave it out for good",
    "nul_byte": "must not contain a NUL byte",
    "not_utf8": "must be UTF-8",
    "bad_quoting": "a quote stands where none may be",
    "unclosed_quote": "a quote is opened here and never closed",
    "too_few_cells": "fewer cells than the header has",
    "too_many_cells": "more cells than the header has",
    "unnamed_column": "a cell in a column without a name",
    "missing_column": "the header has no column `number`",
    "duplicate_column": "the header has this column twice",
}
