"""A CSV file of suppressions: its header says which cell is what; and how one is written."""

import csv
import io
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from operator import attrgetter

from services.api.csv_contacts import Errors, FileError, RowError
from services.api.csv_records import CsvFileError, CsvRecords
from services.api.instants import expiry_fault, instant
from shared.db.api.suppressions import Suppression
from shared.domain.places.numbers import InvalidNumber, parse_number

NAMES = {
    "number": "number",
    "phone": "number",
    "phone_number": "number",
    "reason": "reason",
    "expires_at": "expires_at",
}
NUMBER_NAMES = frozenset(name for name, meant in NAMES.items() if meant == "number")
COLUMNS = ("number", "reason", "expires_at")
LONGEST_REASON = 200
# For lists that say nothing but numbers.
NO_REASON = "imported"

# A spreadsheet takes what begins so for a formula, unless an apostrophe stands before it.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")

Row = tuple[int, str, str, datetime | None]


class CsvSuppressions:
    """Pieces of the file in, rows for the staging out; `errors` has what is refused."""

    def __init__(self, *, now: datetime) -> None:
        self.errors = Errors()
        self.staged = 0
        self._now = now
        self._records = CsvRecords(None, names=NUMBER_NAMES)
        self._width = 0
        self._places: dict[str, int] = {}

    def feed(self, piece: bytes) -> list[Row]:
        return self._rows(piece)

    def close(self) -> list[Row]:
        rows = self._rows(None)
        if not self._places:
            raise FileError(RowError(line=1, field="number", reason="missing_column"))
        self.errors.first.sort(key=attrgetter("line"))
        return rows

    def _rows(self, piece: bytes | None) -> list[Row]:
        try:
            records = self._records.close() if piece is None else self._records.feed(piece)
        except CsvFileError as error:
            raise FileError(RowError(line=error.line, field=None, reason=error.reason)) from None
        rows = []
        for line, cells in records:
            if not any(cells):
                continue
            if not self._places:
                self._read_header(line, cells)
                continue
            read = self._read(line, cells)
            if isinstance(read, RowError):
                self.errors.add(read.line, read.field, read.reason)
            else:
                rows.append(read)
        for bad in self._records.bad:
            self.errors.add(bad.line, None, bad.reason)
        self._records.bad.clear()
        self.staged += len(rows)
        return rows

    def _read_header(self, line: int, cells: list[str]) -> None:
        self._width = len(cells)
        for place, cell in enumerate(cells):
            meant = NAMES.get(cell.strip().casefold())
            if meant in self._places:
                raise FileError(RowError(line=line, field=meant, reason="duplicate_column"))
            if meant is not None:
                self._places[meant] = place
        if "number" not in self._places:
            raise FileError(RowError(line=line, field="number", reason="missing_column"))

    def _read(self, line: int, cells: list[str]) -> Row | RowError:
        if len(cells) != self._width:
            few = len(cells) < self._width
            return _fault(line, None, "too_few_cells" if few else "too_many_cells")
        number = parse_number(self._cell("number", cells), default_region=None)
        if isinstance(number, InvalidNumber):
            return _fault(line, "number", number.reason)
        reason = self._reason(cells)
        fault = reason_fault(reason)
        if fault:
            return _fault(line, "reason", fault)
        text = self._cell("expires_at", cells).strip()
        expires_at = instant(text) if text else None
        if text:
            fault = "not_an_instant" if expires_at is None else expiry_fault(expires_at, self._now)
            if fault:
                return _fault(line, "expires_at", fault)
        return line, number.e164, reason, expires_at

    def _reason(self, cells: list[str]) -> str:
        text = self._cell("reason", cells)
        if _GUARDED.match(text):
            text = text[1:]
        return text.strip() or NO_REASON

    def _cell(self, name: str, cells: list[str]) -> str:
        place = self._places.get(name)
        return "" if place is None else cells[place]


def written(page: Iterable[Suppression], *, header: bool) -> str:
    """The lines of a file that can be imported again and opened in a spreadsheet."""
    out = io.StringIO()
    lines = csv.writer(out)
    if header:
        lines.writerow(COLUMNS)
    for each in page:
        reason = f"'{each.reason}" if _FORMULA.match(each.reason) else each.reason
        expires_at = "" if each.expires_at is None else each.expires_at.astimezone(UTC).isoformat()
        lines.writerow((each.number, reason, expires_at))
    return out.getvalue()


def reason_fault(reason: str) -> str | None:
    if len(reason) > LONGEST_REASON:
        return "too_long"
    if "\x00" in reason:
        return "nul_byte"
    try:
        reason.encode()
    except UnicodeEncodeError:
        return "not_utf8"
    return None


def _fault(line: int, field: str | None, reason: str) -> RowError:
    return RowError(line=line, field=field, reason=reason)
