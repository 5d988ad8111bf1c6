"""Reads a CSV file row by row, with line numbers and in bounded memory.

Python's csv module decides what a record is; this module decides what happens to a bad one.
"""

import csv
import io
import itertools
import re
from collections.abc import Iterator

from shared.intake.csv_header import (
    NO_MAP,
    ColumnMap,
    Columns,
    Header,
    headless,
    is_named,
    looks_like_number,
    numbered,
    preview,
    read_header,
)
from shared.intake.row_errors import Errors, FileError, PreviewedColumn, damage

LONGEST_CELL = 64 * 1024
LONGEST_RECORD = 128 * 1024
DELIMITERS = ",;\t|"
LINE_ENDS = ("\n", "\r")
# Exports write these where they have no value.
NO_VALUE = frozenset(
    {"", "-", "--", "n/a", "n.a.", "#n/a", "na", "nan", "null", "none", "unknown", "\\n"}
)
# NA is the code of Namibia.
NO_COUNTRY = NO_VALUE - {"na"}
_SEPARATOR = re.compile(r'"?sep=(.?)"?', re.IGNORECASE)

# The line on which a record begins, from 1, and its cells.
Record = tuple[int, list[str]]


def value_of(cell: str, nothing: frozenset[str] = NO_VALUE) -> str | None:
    """The text of a cell without spaces around it, or None for one of the marks of no value."""
    text = cell.strip()
    return None if text.casefold() in nothing else text


class CsvFile:
    """Reads the header at once and the rows on iteration.

    `errors` collects the refused rows, `warnings` the cells and columns that are passed over.
    """

    def __init__(
        self,
        file: io.TextIOWrapper,
        columns: Columns,
        *,
        chosen: ColumnMap = NO_MAP,
        delimiter: str | None = None,
        header: bool | None = None,
    ) -> None:
        """Without a delimiter, the one of a first line such as `sep=;` is used, or the first that
        splits the name of the number's column out of the header, or a number out of the first line
        of a file that has no `header`.
        """
        self.errors = Errors()
        self.warnings = Errors()
        self._columns = columns
        self._names: list[str] = []
        self._lines = _Lines(file)
        separator = self._separator(file)
        self._delimiter = delimiter or separator or _sniffed(file, columns, chosen, header)
        self._records = self._read()
        self.header = self._header(chosen, header)
        self._names = self.header.names
        self._vital = {at for name, at in self.header.fields.items() if name in columns.vital}

    @property
    def columns(self) -> list[PreviewedColumn]:
        return preview(self.header, self._columns)

    def rows(self) -> Iterator[Record]:
        """Yields the rows that have one cell per column and only text that can be stored.

        Cells that are missing at the end of a row are empty.
        """
        width = len(self._names)
        for name, reason in self.header.warnings:
            self.warnings.add(self.header.line, name, reason)
        for line, cells in self._records:
            if not any(cells) or (len(cells) != width and not self._fit(line, cells)):
                continue
            if not self._lines.is_suspect or self._is_storable(line, cells):
                yield line, cells

    def cell(self, field: str, cells: list[str]) -> str:
        """The cell of a field; empty if the file has no column for it."""
        column = self.header.fields.get(field)
        return "" if column is None else cells[column]

    def name(self, field: str) -> str | None:
        """The name that the file gives to the column of this field."""
        column = self.header.fields.get(field)
        return None if column is None else self._name(column)

    def _separator(self, file: io.TextIOWrapper) -> str | None:
        """The delimiter that a first line of its own names, as Excel reads and writes it."""
        match = _SEPARATOR.fullmatch(file.readline(LONGEST_RECORD).rstrip("\r\n"))
        file.seek(0)
        if match is None:
            return None
        next(self._lines)
        if match[1] not in tuple(DELIMITERS):
            raise FileError(1, None, "unknown_separator")
        return match[1]

    def _header(self, chosen: ColumnMap, stated: bool | None) -> Header:
        line, cells = next((record for record in self._records if any(record[1])), (1, []))
        header = None
        if stated is False:
            header = numbered(line, cells, chosen)
        elif stated is None and not chosen.get("number"):
            header = headless(line, cells, self._columns)
        if header is None:
            return read_header(line, cells, self._columns, chosen)
        self._records = itertools.chain([(line, cells)], self._records)
        return header

    def _fit(self, line: int, cells: list[str]) -> bool:
        """Give the row one cell per column. Surplus cells must be empty where columns are kept."""
        width = len(self._names)
        is_surplus = any(cell.strip() for cell in cells[width:])
        cells[width:] = [""] * (width - len(cells))
        if is_surplus and self._columns.keeps_others:
            self.errors.add(line, None, "too_many_cells")
            return False
        if is_surplus:
            self.warnings.add(line, None, "too_many_cells")
        return True

    def _read(self) -> Iterator[Record]:
        lines = self._lines
        reader = csv.reader(lines, delimiter=self._delimiter, strict=True, skipinitialspace=True)
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
        if not self._names:
            raise FileError(start, None, "too_long")
        if not self._lines.skip_record():
            raise FileError(start, name, "unclosed_quote")
        self.errors.add(start, name, "too_long")

    def _reject_lines(self, start: int) -> None:
        """Reject all lines of a record with a misplaced quote: its cells are unknown."""
        if self._lines.is_at_end:
            name = self._name(self._lines.cells_so_far(self._delimiter) - 1)
            raise FileError(start, name, "unclosed_quote")
        if not self._names:
            raise FileError(start, None, "bad_quoting")
        for line in range(start, self._lines.number + 1):
            self.errors.add(line, None, "bad_quoting")

    def _reject_long_cell(self, line: int, cells: list[str]) -> bool:
        for column, cell in enumerate(cells):
            if len(cell) > LONGEST_CELL:
                if not self._names:
                    raise FileError(line, None, "too_long")
                self.errors.add(line, self._name(column), "too_long")
                return True
        return False

    def _is_storable(self, line: int, cells: list[str]) -> bool:
        """Empty each damaged cell; False if one is vital."""
        for at, cell in enumerate(cells):
            reason = damage(cell)
            if reason and at in self._vital:
                self.errors.add(line, self._name(at), reason)
                return False
            if reason:
                cells[at] = ""
                self.warnings.add(line, self._name(at), reason)
        return True

    def _name(self, column: int) -> str | None:
        return self._names[column] or None if column < len(self._names) else None


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
        if "\x00" in line or not (line.isascii() or damage(line) is None):
            self.is_suspect = True
        return line

    def begin_record(self) -> int:
        """Begin the next record; returns the line on which it begins."""
        self.size = 0
        self.is_suspect = False
        self._record.clear()
        return self.number + 1

    def cells_so_far(self, delimiter: str) -> int:
        """How many cells of the record begin in the lines that were read."""
        text = "".join(self._record)[:LONGEST_RECORD]
        return len(_cells(text, delimiter))

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


def _cells(text: str, delimiter: str) -> list[str]:
    return next(csv.reader([text], delimiter=delimiter, skipinitialspace=True), [])


def _sniffed(
    file: io.TextIOWrapper, columns: Columns, chosen: ColumnMap, header: bool | None
) -> str:
    line = "\n"
    while line and not line.strip():
        line = file.readline(LONGEST_RECORD)
    file.seek(0)
    if header is False:
        return _between_numbers(line)
    for delimiter in DELIMITERS:
        if any(is_named(cell, columns, chosen) for cell in _cells(line, delimiter)):
            return delimiter
    return max(DELIMITERS, key=line.count)


def _between_numbers(line: str) -> str:
    """The one delimiter that leaves a cell with a number and nothing else in it."""
    possible = [
        delimiter
        for delimiter in DELIMITERS
        if delimiter in line
        and any(looks_like_number(cell, alone=True) for cell in _cells(line, delimiter))
    ]
    if len(possible) > 1 or (not possible and any(map(line.count, DELIMITERS))):
        raise FileError(1, None, "unknown_delimiter")
    return possible[0] if possible else DELIMITERS[0]
