"""CSV in pieces of bytes becomes records with their line numbers, in bounded memory.

Python's csv module decides what a record is; this decides what happens when it is not one.
"""

import codecs
import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

LONGEST_CELL = 64 * 1024
LONGEST_RECORD = 128 * 1024
DELIMITERS = ",;\t|"
# Above any record that can be whole before it is found to be too long; the default is less.
csv.field_size_limit(4 * 1024 * 1024)

Record = tuple[int, list[str]]


class CsvFileError(Exception):
    """The file as a whole cannot be read; `column` counts from 0."""

    def __init__(self, line: int, reason: str, *, column: int | None = None) -> None:
        super().__init__(reason)
        self.line = line
        self.column = column
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRecord:
    line: int
    column: int | None
    reason: str


class CsvRecords:
    """Give it the bytes as they come, then close it; it keeps what it does not yet understand."""

    def __init__(self, delimiter: str | None, *, names: frozenset[str]) -> None:
        """Without a delimiter, the one under which the first line holds one of `names`."""
        self.bad: list[BadRecord] = []
        self.is_suspect = False
        self._delimiter = delimiter
        self._names = names
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("surrogateescape")
        self._line = 1
        self._lines: list[str] = []
        self._rest = ""
        self._half_line_end = ""
        self._skipped: _SkippedRecord | None = None
        self._found_any = False

    def feed(self, piece: bytes) -> list[Record]:
        text = self._half_line_end + self._decoder.decode(piece)
        whole = text.removesuffix("\r")
        self._half_line_end = text[len(whole) :]
        return self._read(whole, last=False)

    def close(self) -> list[Record]:
        return self._read(self._half_line_end + self._decoder.decode(b"", final=True), last=True)

    def _read(self, text: str, *, last: bool) -> list[Record]:
        self.is_suspect = self.is_suspect or _is_suspect(text)
        text = self._rest + text
        if self._skipped is not None:
            text = self._skip(self._skipped, text, last=last)
        cut = len(text) if last else max(text.rfind("\n"), text.rfind("\r")) + 1
        self._rest = text[cut:]
        self._lines += io.StringIO(text[:cut], newline="")
        if self._delimiter is None and (self._lines or len(text) > LONGEST_RECORD):
            self._delimiter = _sniffed(self._lines[0] if self._lines else text, self._names)
        records = self._records(self._delimiter) if self._delimiter else []
        self._check_the_rest(last=last)
        return records

    def _records(self, delimiter: str) -> list[Record]:
        lines = _Lines(self._lines)
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        records: list[Record] = []
        while True:
            start = lines.at
            try:
                cells = next(reader)
            except _StarvedError:
                break
            except csv.Error:
                self._spoiled(range(self._line + start, self._line + lines.at))
                continue
            if self._is_long(start, lines.at) and self._has_long_cell(self._line + start, cells):
                continue
            self._found_any = self._found_any or bool(cells)
            records.append((self._line + start, cells))
        self._line += start
        self._lines = self._lines[start:]
        return records

    def _is_long(self, start: int, end: int) -> bool:
        return sum(map(len, self._lines[start:end])) > LONGEST_CELL

    def _has_long_cell(self, line: int, cells: list[str]) -> bool:
        for column, cell in enumerate(cells):
            if len(cell) > LONGEST_CELL:
                self._reject(line, "too_long", column=column)
                return True
        return False

    def _check_the_rest(self, *, last: bool) -> None:
        kept = sum(map(len, self._lines)) + len(self._rest)
        if kept == 0 or not (last or kept > LONGEST_RECORD):
            return
        if not (last or self._found_any):
            raise CsvFileError(self._line, "too_long")
        skipped = _SkippedRecord(self._delimiter or ",")
        text = "".join(self._lines) + self._rest
        self._lines = []
        self._rest = self._skip(skipped, text, last=last)

    def _skip(self, skipped: "_SkippedRecord", text: str, *, last: bool) -> str:
        """What follows the record, if its end is in the text."""
        end = skipped.feed(text)
        self._skipped = skipped if end is None else None
        if end is None and not last:
            return ""
        if skipped.is_quoted:
            raise CsvFileError(self._line, "unclosed_quote", column=skipped.column_at_first)
        after = self._line + skipped.lines + (0 if end is None else 1)
        if skipped.is_spoiled:
            self._spoiled(range(self._line, max(after, self._line + 1)))
        else:
            self._reject(self._line, "too_long", column=skipped.column_at_first)
        self._line = after
        self._skipped = None
        return "" if end is None else text[end:]

    def _spoiled(self, lines: range) -> None:
        """A quote where none may be: which records these lines were, nobody can say."""
        for line in lines:
            self._reject(line, "bad_quoting")

    def _reject(self, line: int, reason: str, *, column: int | None = None) -> None:
        if not self._found_any:
            raise CsvFileError(line, reason, column=column)
        self.bad.append(BadRecord(line=line, column=column, reason=reason))


class _StarvedError(Exception):
    """The lines at hand end inside of a record."""


class _Lines:
    """An iterator that can tell how far csv's reader has come."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.at = 0
        self._lines = lines

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        if self.at == len(self._lines):
            raise _StarvedError
        line = self._lines[self.at]
        self.at += 1
        return line


class _SkippedRecord:
    """Follows a record that is too long to keep to its end, by the rules of csv's reader."""

    def __init__(self, delimiter: str) -> None:
        self.lines = 0
        self.column_at_first: int | None = None
        self.is_quoted = False
        self.is_spoiled = False
        self._column = 0
        self._delimiter = delimiter
        self._state = "start"
        self._stop = re.compile(f"[{re.escape(delimiter)}\r\n]")

    def feed(self, text: str) -> int | None:
        """Where the next record begins, if that is in the text."""
        at = 0
        while at < len(text):
            at, ended = self._step(text, at)
            if ended:
                self._note_column()
                return at
        self._note_column()
        return None

    def _note_column(self) -> None:
        if self.column_at_first is None:
            self.column_at_first = self._column
        self.is_quoted = self._state == "quoted"

    def _step(self, text: str, at: int) -> tuple[int, bool]:
        if self._state == "quoted":
            end = text.find('"', at)
            end = len(text) if end < 0 else end
            self.lines += len(re.findall("\r\n|\r|\n", text[at:end]))
            if end < len(text):
                self._state, end = "closing", end + 1
            return end, False
        if self._state == "plain":
            found = self._stop.search(text, at)
            if found is None:
                return len(text), False
            at = found.start()
        return self._at_mark(text, at)

    def _at_mark(self, text: str, at: int) -> tuple[int, bool]:
        mark = text[at]
        if mark == self._delimiter:
            self._column += 1
            self._state = "start"
        elif mark in "\r\n":
            self._state = "ended"
            return at + (2 if text.startswith("\r\n", at) else 1), True
        elif mark == '"' and self._state in ("start", "closing"):
            self._state = "quoted"
        else:
            self.is_spoiled = self.is_spoiled or self._state == "closing"
            self._state = "plain"
        return at + 1, False


def _is_suspect(text: str) -> bool:
    """Whether it holds what PostgreSQL cannot: NUL, or the escapes of what was not UTF-8."""
    if "\x00" in text:
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _sniffed(line: str, names: frozenset[str]) -> str:
    for delimiter in DELIMITERS:
        cells = next(csv.reader([line], delimiter=delimiter), [])
        if any(cell.strip().casefold() in names for cell in cells):
            return delimiter
    return max(DELIMITERS, key=line.count)
