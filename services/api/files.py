"""Imported files: reads them in a thread, explains each refusal, and reports rows as a file."""

import asyncio
import csv
import io
import itertools
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterator,
    Sequence,
)
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from typing import BinaryIO, Literal, TypeVar

from services.api.http.auth import Caller
from services.api.http.resources import Resources
from services.api.refusals import InvalidField, Refused
from shared.db.types import Session
from shared.domain.places.numbers import Numbers
from shared.intake.csv_file import CsvFile
from shared.intake.csv_header import ColumnMap, ColumnMapError, Columns, column_map
from shared.intake.encodings import NAMES, as_text, codec_of
from shared.intake.row_errors import FileError, Findings, RowError

T = TypeVar("T")
OnDuplicate = Literal["skip", "update", "refuse"]

# Enough rows to be worth a thread, few enough that other requests hardly wait.
ROWS_AT_ONCE = 4096
FATES_HEADER = ("line", "result", "field", "reason", "first_line", "remedy")
READ_AT_ONCE = 64 * 1024


class RowFates:
    """The rows that were not taken as they are, written to a file as CSV.

    Results are refused, warning, duplicate and suppressed; the rows of one result are in order.
    """

    def __init__(self, file: BinaryIO, *, header: bool = True) -> None:
        self._file = file
        if header:
            self.add([FATES_HEADER])

    def refuse(self, error: RowError) -> None:
        self.add([(error.line, "refused", error.field, error.reason, None, error.remedy)])

    def warn(self, error: RowError) -> None:
        self.add([(error.line, "warning", error.field, error.reason, None, error.remedy)])

    def add(self, rows: Sequence[Sequence[object]]) -> None:
        text = io.StringIO()
        csv.writer(text).writerows(rows)
        self._file.write(text.getvalue().encode())

    def taken(self) -> bytes:
        """The rows since the last call, which are taken out of the file."""
        self._file.seek(0)
        rows = self._file.read()
        self._file.seek(0)
        self._file.truncate()
        return rows

    async def parts(self) -> AsyncIterator[bytes]:
        """The whole file, which is deleted afterwards."""
        with self._file as file:
            file.seek(0)
            while part := await asyncio.to_thread(file.read, READ_AT_ONCE):
                yield part


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a file is read. `numbers` says what numbers without + are; what is None is detected.

    `dry_run` stores nothing; with `refuse_errors` one bad row refuses the whole file. The rows up
    to line `after` were imported before; `fates` gets each other row that is not taken as it is.
    """

    chosen: ColumnMap
    is_ndjson: bool = False
    codec: str | None = None
    delimiter: str | None = None
    header: bool | None = None
    numbers: Numbers | None = None
    dry_run: bool = False
    refuse_errors: bool = False
    on_duplicate: OnDuplicate = "skip"
    after: int = 0
    fates: RowFates | None = None

    @asynccontextmanager
    async def opened(self, file: BinaryIO, columns: Columns) -> AsyncIterator[CsvFile]:
        """The file with its header read. A file that cannot be read is refused."""
        try:
            with await asyncio.to_thread(as_text, file, self.codec) as text:
                yield await asyncio.to_thread(self._table, text, columns)
        except FileError as error:
            row = invalid_row(error.error)
            detail = f"line {error.error.line}: {row.detail}"
            raise Refused("unreadable_file", detail, errors=[row]) from None

    def _table(self, text: TextIOWrapper, columns: Columns) -> CsvFile:
        table = CsvFile(
            text, columns, chosen=self.chosen, delimiter=self.delimiter, header=self.header
        )
        self.tell_fates(table)
        return table

    def tell_fates(self, found: Findings) -> None:
        """Let each refused row and each warning be written where it is found."""
        found.errors.after = found.warnings.after = self.after
        if self.fates:
            found.errors.also = self.fates.refuse
            found.warnings.also = self.fates.warn


@asynccontextmanager
async def transaction(
    resources: Resources, caller: Caller, *, dry_run: bool
) -> AsyncIterator[Session]:
    """The transaction of one import, of which there are only some at a time.

    A dry run is always rolled back: its answer is that of the real one.
    """
    async with (
        resources.import_slots.slot(caller.tenant_id),
        resources.pool.transaction(caller.tenant_id, keep=not dry_run) as conn,
    ):
        yield conn


async def stage(parts: Iterator[tuple[int, T]], store: Callable[[T], Awaitable[None]]) -> int:
    """Store each part of the rows while a thread reads the next; returns the number of rows.

    A part comes with its number of rows.
    """
    staged = 0
    async with aclosing(_in_thread(parts)) as read:
        async for count, part in read:
            await store(part)
            staged += count
    return staged


def batches(rows: Iterator[T]) -> Iterator[list[T]]:
    while batch := list(itertools.islice(rows, ROWS_AT_ONCE)):
        yield batch


async def _in_thread(items: Iterator[T]) -> AsyncGenerator[T, None]:
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


def invalid_row(error: RowError) -> InvalidField:
    field = None if error.field is None else (error.field,)
    return InvalidField(code=error.reason, detail=error.remedy, field=field, line=error.line)


def chosen_columns(texts: Sequence[str], columns: Columns) -> dict[str, str]:
    """The column map of a request, from entries such as `number:Mobile`."""
    try:
        return column_map(texts, columns)
    except ColumnMapError as error:
        raise Refused("invalid_column_map", str(error), field=("column",)) from None


def known_codec(name: str | None) -> str | None:
    """The codec of an encoding that a request states by one of its names."""
    codec = None if name is None else codec_of(name)
    if name is not None and codec is None:
        detail = f"no encoding of files here; it may be one of {', '.join(NAMES)}"
        raise Refused("unknown_encoding", detail, field=("encoding",))
    return codec
