"""A CSV file of suppressions, read and written."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from shared.domain.places.address import InvalidAddress, country_of
from shared.domain.places.numbers import Numbers, PhoneNumber, parse_number
from shared.intake.csv_file import NO_COUNTRY, CsvFile, value_of
from shared.intake.csv_header import Columns
from shared.intake.instants import expiry_fault, instant

SUPPRESSION_COLUMNS = Columns(
    fields=frozenset({"number", "country", "reason", "expires_at"}),
    vital=frozenset({"number", "country"}),
    keeps_others=False,
)
COLUMNS = ("number", "reason", "expires_at")
LONGEST_REASON = 200
# The reason of rows without one.
NO_REASON = "imported"

# A spreadsheet takes a text that begins so for a formula, unless an apostrophe stands before it.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")

# Line, number in E.164, reason and expiry.
Row = tuple[int, str, str, datetime | None]


class CsvSuppressions:
    """Reads a list with SUPPRESSION_COLUMNS, with or without a header. Other columns are ignored.

    Numbers are read as those of contacts, so that a list of contacts may be sent as it is. A doubt
    never lifts a suppression: a row is refused only if it has no number, or is over. A number that
    may be two is suppressed as both, and a row whose expiry cannot be read for good, each with a
    warning.
    """

    def __init__(
        self,
        file: CsvFile,
        *,
        now: datetime,
        default_region: str | None = None,
        numbers: Numbers | None = None,
    ) -> None:
        """`default_region` is the ISO country of national numbers whose row names none; `numbers`
        says what numbers without + are.
        """
        self._file = file
        self._now = now
        self._default_region = default_region
        self._numbers = numbers

    def rows(self) -> Iterator[Row]:
        for line, cells in self._file.rows():
            numbers = self._read(line, cells)
            if not numbers:
                continue
            expires_at = self._expiry(line, value_of(self._file.cell("expires_at", cells)))
            if expires_at is not None and expires_at <= self._now:
                self._file.errors.add(line, self._file.name("expires_at"), "in_the_past")
                continue
            reason = self._reason(line, cells)
            for number in numbers:
                yield line, number, reason, expires_at

    def _read(self, line: int, cells: list[str]) -> list[str]:
        """The number in E.164, or two that it may be; none if the row is refused."""
        country = country_of(value_of(self._file.cell("country", cells), NO_COUNTRY), None)
        fault = country if isinstance(country, InvalidAddress) else None
        region = None if isinstance(country, InvalidAddress) else country or self._default_region
        text = self._file.cell("number", cells)
        number = parse_number(text, default_region=region, numbers=self._numbers)
        if isinstance(number, PhoneNumber):
            return [number.e164]
        if fault:
            self._file.errors.add(line, self._file.name("country"), fault.reason)
            return []
        both = _both(text, region) if number.reason == "ambiguous" else []
        if both:
            self._file.warnings.add(line, self._file.name("number"), "both_suppressed")
        else:
            self._file.errors.add(line, self._file.name("number"), number.reason)
        return both

    def _reason(self, line: int, cells: list[str]) -> str:
        text = self._file.cell("reason", cells)
        if _GUARDED.match(text):
            text = text[1:]
        text = text.strip()
        if len(text) > LONGEST_REASON:
            self._file.warnings.add(line, self._file.name("reason"), "too_long")
        return text[:LONGEST_REASON] or NO_REASON

    def _expiry(self, line: int, text: str | None) -> datetime | None:
        """None without an expiry that can be read, because the number is then suppressed for good.

        An expiry in the past is returned as it is.
        """
        if text is None:
            return None
        expires_at = instant(text)
        reason = "not_an_instant" if expires_at is None else expiry_fault(expires_at, self._now)
        if reason is None or reason == "in_the_past":
            return expires_at
        self._file.warnings.add(line, self._file.name("expires_at"), reason)
        return None


def _both(text: str, region: str | None) -> list[str]:
    """The national and the international reading of a number."""
    kinds: tuple[Numbers, ...] = ("national", "international")
    readings = (parse_number(text, default_region=region, numbers=kind) for kind in kinds)
    return [number.e164 for number in readings if isinstance(number, PhoneNumber)]


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
