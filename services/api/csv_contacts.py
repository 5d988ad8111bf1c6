"""A CSV file of contacts: its header says which cell is what, its rows are read one by one."""

from collections import Counter
from dataclasses import dataclass, field
from operator import attrgetter

from services.api.contact_rows import Fault, Row, Rows
from services.api.csv_records import CsvFileError, CsvRecords, Record
from shared.domain.places.calling_groups import CallingGroup

NAMES = {
    "number": "number",
    "phone": "number",
    "phone_number": "number",
    "zone": "zone",
    "timezone": "zone",
    "postal_code": "postal_code",
    "zip": "postal_code",
    "zip_code": "postal_code",
    "postcode": "postal_code",
    "country": "country",
    "region": "region",
    "state": "region",
    "province": "region",
    "external_id": "external_id",
    "expires_at": "expires_at",
}
NUMBER_NAMES = frozenset(name for name, meant in NAMES.items() if meant == "number")
ERRORS_TOLD = 1000
LONGEST_NAME = 200
MOST_COLUMNS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class RowError:
    line: int
    field: str | None
    reason: str


@dataclass(slots=True)
class Errors:
    """Counts all, keeps the first."""

    count: int = 0
    first: list[RowError] = field(default_factory=list)

    def add(self, line: int, field: str | None, reason: str) -> None:
        self.count += 1
        if len(self.first) < ERRORS_TOLD:
            self.first.append(RowError(line=line, field=field, reason=reason))


class FileError(Exception):
    """The file cannot be imported at all."""

    def __init__(self, error: RowError) -> None:
        super().__init__(error.reason)
        self.error = error


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    names: list[str]
    number: int
    zone: int | None
    postal_code: int | None
    country: int | None
    region: int | None
    external_id: int | None
    expires_at: int | None
    attributes: list[tuple[int, str]]
    unnamed: list[int]

    def name(self, column: int | None) -> str | None:
        return None if column is None or column >= len(self.names) else self.names[column] or None


class CsvContacts:
    """Pieces of the file in, lines for PostgreSQL's COPY out; `errors` has what is refused."""

    def __init__(self, rows: Rows, *, delimiter: str | None) -> None:
        self.errors = Errors()
        self.staged = 0
        self._rows = rows
        self._records = CsvRecords(delimiter, names=NUMBER_NAMES)
        self._columns: Columns | None = None

    @property
    def groups(self) -> list[CallingGroup]:
        return self._rows.groups

    def feed(self, piece: bytes) -> bytes:
        return self._staged(piece)

    def close(self) -> bytes:
        staged = self._staged(None)
        if self._columns is None:
            raise FileError(RowError(line=1, field="number", reason="missing_column"))
        self.errors.first.sort(key=attrgetter("line"))
        return staged

    def _staged(self, piece: bytes | None) -> bytes:
        try:
            records = self._records.close() if piece is None else self._records.feed(piece)
        except CsvFileError as error:
            name = self._columns.name(error.column) if self._columns else None
            raise FileError(RowError(line=error.line, field=name, reason=error.reason)) from None
        if self._columns is None and records:
            records = self._past_header(records)
        lines = self._lines(self._columns, records) if self._columns else []
        self._tell_bad_records()
        self.staged += len(lines)
        return "".join(lines).encode()

    def _past_header(self, records: list[Record]) -> list[Record]:
        for place, (line, cells) in enumerate(records):
            if any(cells):
                self._columns = columns_of(line, cells)
                return records[place + 1 :]
        return []

    def _lines(self, columns: Columns, records: list[Record]) -> list[str]:
        lines = []
        for line, cells in records:
            row = self._read(columns, cells)
            if isinstance(row, Row):
                external_id = _escaped(row.external_id) if row.external_id else "\\N"
                attributes = row.attributes
                told = attributes.replace("\\", "\\\\") if attributes else "\\N"
                expires_at = row.expires_at.isoformat() if row.expires_at else "\\N"
                lines.append(
                    f"{line}\t{row.group}\t{row.number}\t{external_id}\t{told}\t{expires_at}\n"
                )
            elif row is not None:
                self.errors.add(line, row.field or None, row.reason)
        return lines

    def _read(self, columns: Columns, cells: list[str]) -> Row | Fault | None:
        """None for a line with nothing in it."""
        if not any(cells):
            return None
        if len(cells) != len(columns.names):
            few = len(cells) < len(columns.names)
            return Fault(field="", reason="too_few_cells" if few else "too_many_cells")
        if self._records.is_suspect:
            fault = _unstorable(columns, cells)
            if fault is not None:
                return fault
        for column in columns.unnamed:
            if cells[column]:
                return Fault(field="", reason="unnamed_column")
        row = self._rows.read(
            cells[columns.number],
            zone=_stripped(cells, columns.zone),
            postal_code=_stripped(cells, columns.postal_code),
            country=_stripped(cells, columns.country),
            region=_stripped(cells, columns.region),
            external_id=None if columns.external_id is None else cells[columns.external_id],
            attributes={
                name: cells[column] for column, name in columns.attributes if cells[column]
            },
            expires_at=_stripped(cells, columns.expires_at),
        )
        if isinstance(row, Fault):
            column = getattr(columns, row.field)
            return Fault(field=columns.names[column], reason=row.reason)
        return row

    def _tell_bad_records(self) -> None:
        for bad in self._records.bad:
            name = self._columns.name(bad.column) if self._columns else None
            self.errors.add(bad.line, name, bad.reason)
        self._records.bad.clear()


def columns_of(line: int, cells: list[str]) -> Columns:
    if len(cells) > MOST_COLUMNS:
        raise FileError(RowError(line=line, field=None, reason="too_many_columns"))
    names = [cell.strip() for cell in cells]
    for name in names:
        reason = _bad_text(name)
        if reason or len(name) > LONGEST_NAME:
            raise FileError(RowError(line=line, field=None, reason=reason or "too_long"))
    meanings = [NAMES.get(name.casefold(), name) for name in names]
    for meaning, count in Counter(filter(None, meanings)).items():
        if count > 1:
            raise FileError(RowError(line=line, field=meaning, reason="duplicate_column"))
    if "number" not in meanings:
        raise FileError(RowError(line=line, field="number", reason="missing_column"))
    known = set(NAMES.values())
    place = {name: meanings.index(name) for name in known & set(meanings)}
    return Columns(
        names=names,
        number=place["number"],
        zone=place.get("zone"),
        postal_code=place.get("postal_code"),
        country=place.get("country"),
        region=place.get("region"),
        external_id=place.get("external_id"),
        expires_at=place.get("expires_at"),
        attributes=[(at, name) for at, name in enumerate(meanings) if name and name not in known],
        unnamed=[at for at, name in enumerate(meanings) if not name],
    )


def _stripped(cells: list[str], column: int | None) -> str | None:
    return None if column is None else cells[column].strip() or None


def _unstorable(columns: Columns, cells: list[str]) -> Fault | None:
    for name, cell in zip(columns.names, cells, strict=True):
        reason = _bad_text(cell)
        if reason:
            return Fault(field=name, reason=reason)
    return None


def _bad_text(text: str) -> str | None:
    try:
        text.encode()
    except UnicodeEncodeError:
        return "not_utf8"
    return "nul_byte" if "\x00" in text else None


def _escaped(text: str) -> str:
    return text.translate(_COPY_ESCAPES)


_COPY_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
