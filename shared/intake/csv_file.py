"""Reads a CSV file with a header row by row, with line numbers and in bounded memory.

Python's csv module decides what a record is; this module decides what happens to a bad one.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

LONGEST_CELL = 64 * 1024
LONGEST_RECORD = 128 * 1024
LONGEST_NAME = 200
MOST_COLUMNS = 500
KEPT_ERRORS = 1000
DELIMITERS = ",;\t|"
LINE_ENDS = ("\n", "\r")

# The line on which a record begins, from 1, and its cells.
Record = tuple[int, list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowError:
    """`field` is the name of the column as the file writes it. The value is never in it."""

    line: int
    field: str | None
    reason: str


@dataclass(slots=True)
class Errors:
    """Counts all errors and keeps the first ones."""

    count: int = 0
    first: list[RowError] = field(default_factory=list)

    def add(self, line: int, field: str | None, reason: str) -> None:
        self.count += 1
        if len(self.first) < KEPT_ERRORS:
            self.first.append(RowError(line=line, field=field, reason=reason))


class FileError(Exception):
    """The file as a whole cannot be read."""

    def __init__(self, line: int, field: str | None, reason: str) -> None:
        super().__init__(reason)
        self.error = RowError(line=line, field=field, reason=reason)


def as_text(file: BinaryIO) -> io.TextIOWrapper:
    """The text of an uploaded file. Bytes that are no UTF-8 are kept, to name their cell."""
    return io.TextIOWrapper(file, "utf-8-sig", "surrogateescape", newline="")


class CsvFile:
    """Reads the header at once and the rows on iteration; `errors` collects the bad rows."""

    def __init__(
        self,
        file: io.TextIOWrapper,
        *,
        meanings: Mapping[str, str],
        delimiter: str | None = None,
        keeps_others: bool = False,
    ) -> None:
        """`meanings` maps the accepted names of columns to fields.

        Other columns are ignored; with `keeps_others` their own name is their meaning. Without
        a delimiter, the first that splits a name of the number column out of the header is used.
        """
        self.errors = Errors()
        self.names: list[str] = []
        self._lines = _Lines(file)
        self._delimiter = delimiter or _sniffed(file, meanings)
        self._records = self._read()
        line, cells = next((record for record in self._records if any(record[1])), (1, []))
        names = [cell.strip() for cell in cells]
        self.columns = _columns(line, names, meanings, keeps_others=keeps_others)
        self.names = names

    def rows(self) -> Iterator[Record]:
        """Yields the rows that have one cell per column and only text that can be stored."""
        width = len(self.names)
        for line, cells in self._records:
            if not any(cells):
                continue
            if len(cells) != width:
                reason = "too_few_cells" if len(cells) < width else "too_many_cells"
                self.errors.add(line, None, reason)
            elif not (self._lines.is_suspect and self._reject_unstorable(line, cells)):
                yield line, cells

    def _read(self) -> Iterator[Record]:
        lines = self._lines
        reader = csv.reader(lines, delimiter=self._delimiter, strict=True)
        while True:
            start = lines.begin_record()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except _TooLongError:
                self._skip(start)
            except csv.Error:
                self._reject_lines(start)
            else:
                if lines.size <= LONGEST_CELL or not self._reject_long_cell(start, cells):
                    yield start, cells

    def _skip(self, start: int) -> None:
        """Reject a record that is too long for memory, and continue after its end."""
        name = self._name(self._lines.cells_so_far(self._delimiter) - 1)
        if not self.names:
            raise FileError(start, None, "too_long")
        if not self._lines.skip_record():
            raise FileError(start, name, "unclosed_quote")
        self.errors.add(start, name, "too_long")

    def _reject_lines(self, start: int) -> None:
        """Reject all lines of a record with a misplaced quote: its cells are unknown."""
        if self._lines.is_at_end:
            name = self._name(self._lines.cells_so_far(self._delimiter) - 1)
            raise FileError(start, name, "unclosed_quote")
        if not self.names:
            raise FileError(start, None, "bad_quoting")
        for line in range(start, self._lines.number + 1):
            self.errors.add(line, None, "bad_quoting")

    def _reject_long_cell(self, line: int, cells: list[str]) -> bool:
        for column, cell in enumerate(cells):
            if len(cell) > LONGEST_CELL:
                if not self.names:
                    raise FileError(line, None, "too_long")
                self.errors.add(line, self._name(column), "too_long")
                return True
        return False

    def _reject_unstorable(self, line: int, cells: list[str]) -> bool:
        for name, cell in zip(self.names, cells, strict=True):
            reason = unstorable(cell)
            if reason:
                self.errors.add(line, name, reason)
                return True
        return False

    def _name(self, column: int) -> str | None:
        return self.names[column] or None if column < len(self.names) else None


class _TooLongError(Exception):
    """The lines of a record are too long for memory."""


class _Lines:
    """The lines of a file for csv's reader, with their numbers and a limit of size."""

    def __init__(self, file: io.TextIOWrapper) -> None:
        self.number = 0
        self.size = 0
        self.is_at_end = False
        self.is_suspect = False
        self._readline = file.readline
        self._record: list[str] = []

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._readline(LONGEST_RECORD + 1)
        if not line:
            self.is_at_end = True
            raise StopIteration
        self.number += 1
        self.size += len(line)
        self._record.append(line)
        if self.size > LONGEST_RECORD:
            raise _TooLongError
        if "\x00" in line or not (line.isascii() or unstorable(line) is None):
            self.is_suspect = True
        return line

    def begin_record(self) -> int:
        """Begin the next record; returns the line on which it begins."""
        self.size = 0
        self._record.clear()
        return self.number + 1

    def cells_so_far(self, delimiter: str) -> int:
        """How many cells of the record begin in the lines that were read."""
        text = "".join(self._record)[:LONGEST_RECORD]
        return len(next(csv.reader([text], delimiter=delimiter), []))

    def skip_record(self) -> bool:
        """Read on to the line that ends with all quotes closed; False at the end of the file."""
        quotes = sum(line.count('"') for line in self._record)
        line = self._record[-1]
        while quotes % 2 or not line.endswith(LINE_ENDS):
            is_next = line.endswith(LINE_ENDS)
            line = self._readline(LONGEST_RECORD)
            if not line:
                return quotes % 2 == 0
            # Otherwise it is another piece of the same line.
            self.number += is_next
            quotes += line.count('"')
        return True


def unstorable(text: str) -> str | None:
    """The reason why PostgreSQL cannot store the text, or None."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return "not_utf8"
    return "nul_byte" if "\x00" in text else None


def _columns(
    line: int, names: list[str], meanings: Mapping[str, str], *, keeps_others: bool
) -> dict[str, int]:
    """The index of each column, by its meaning."""
    if len(names) > MOST_COLUMNS:
        raise FileError(line, None, "too_many_columns")
    for name in names:
        reason = unstorable(name) or ("too_long" if len(name) > LONGEST_NAME else None)
        if reason:
            raise FileError(line, None, reason)
    meant = [meanings.get(name.casefold(), name if keeps_others else "") for name in names]
    for meaning, count in Counter(filter(None, meant)).items():
        if count > 1:
            raise FileError(line, meaning, "duplicate_column")
    if "number" not in meant:
        raise FileError(line, "number", "missing_column")
    return {meaning: index for index, meaning in enumerate(meant) if meaning}


def _sniffed(file: io.TextIOWrapper, meanings: Mapping[str, str]) -> str:
    line = "\n"
    while line and not line.strip():
        line = file.readline(LONGEST_RECORD)
    file.seek(0)
    for delimiter in DELIMITERS:
        cells = next(csv.reader([line], delimiter=delimiter), [])
        if any(meanings.get(cell.strip().casefold()) == "number" for cell in cells):
            return delimiter
    return max(DELIMITERS, key=line.count)
