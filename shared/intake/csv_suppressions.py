"""A CSV file of suppressions, read and written."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from io import TextIOWrapper

from shared.domain.places.numbers import InvalidNumber, parse_number
from shared.intake.csv_file import CsvFile, Errors
from shared.intake.instants import expiry_fault, instant

MEANINGS = {
    "number": "number",
    "phone": "number",
    "phone_number": "number",
    "reason": "reason",
    "expires_at": "expires_at",
}
COLUMNS = ("number", "reason", "expires_at")
LONGEST_REASON = 200
# The reason of rows without one.
NO_REASON = "imported"

# A spreadsheet takes a text that begins so for a formula, unless an apostrophe stands before it.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")

# Line, number, reason and expiry.
Row = tuple[int, str, str, datetime | None]


class CsvSuppressions:
    """Columns without a meaning are ignored."""

    def __init__(self, file: TextIOWrapper, *, now: datetime) -> None:
        self._file = CsvFile(file, meanings=MEANINGS)
        self._now = now

    @property
    def errors(self) -> Errors:
        return self._file.errors

    def rows(self) -> Iterator[Row]:
        for line, cells in self._file.rows():
            number = parse_number(self._cell("number", cells), default_region=None)
            reason = self._reason(cells)
            expires_at = self._expiry(self._cell("expires_at", cells).strip())
            if isinstance(number, InvalidNumber):
                self._reject(line, "number", number.reason)
            elif len(reason) > LONGEST_REASON:
                self._reject(line, "reason", "too_long")
            elif isinstance(expires_at, str):
                self._reject(line, "expires_at", expires_at)
            else:
                yield line, number.e164, reason, expires_at

    def _reason(self, cells: list[str]) -> str:
        text = self._cell("reason", cells)
        if _GUARDED.match(text):
            text = text[1:]
        return text.strip() or NO_REASON

    def _expiry(self, text: str) -> datetime | str | None:
        """The instant, None without an expiry, or the reason why it is invalid."""
        if not text:
            return None
        expires_at = instant(text)
        if expires_at is None:
            return "not_an_instant"
        return expiry_fault(expires_at, self._now) or expires_at

    def _cell(self, name: str, cells: list[str]) -> str:
        column = self._file.columns.get(name)
        return "" if column is None else cells[column]

    def _reject(self, line: int, field: str, reason: str) -> None:
        self.errors.add(line, self._file.names[self._file.columns[field]], reason)


def csv_text(rows: Iterable[tuple[str, str, datetime | None]], *, header: bool) -> str:
    """Numbers with reason and expiry as a file for `CsvSuppressions` or a spreadsheet."""
    out = io.StringIO()
    lines = csv.writer(out)
    if header:
        lines.writerow(COLUMNS)
    for number, reason, expires_at in rows:
        guarded = f"'{reason}" if _FORMULA.match(reason) else reason
        until = "" if expires_at is None else expires_at.astimezone(UTC).isoformat()
        lines.writerow((number, guarded, until))
    return out.getvalue()
