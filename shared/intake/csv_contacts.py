"""A CSV file of contacts: each row becomes a valid contact row or an error."""

from collections.abc import Iterator
from io import TextIOWrapper

from shared.domain.places.calling_groups import CallingGroup
from shared.intake.contact_rows import Fault, Row, Rows
from shared.intake.csv_file import CsvFile, Errors

MEANINGS = {
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
FIELDS = frozenset(MEANINGS.values())
_STRIPPED = ("zone", "postal_code", "country", "region", "expires_at")


class CsvContacts:
    """The columns that are no field of a contact become its attributes."""

    def __init__(self, file: TextIOWrapper, rows: Rows, *, delimiter: str | None = None) -> None:
        self._file = CsvFile(file, meanings=MEANINGS, delimiter=delimiter, keeps_others=True)
        self._rows = rows
        columns = self._file.columns
        self._number = columns["number"]
        self._columns = [columns.get(name) for name in _STRIPPED]
        self._external_id = columns.get("external_id")
        self._attributes = [(at, name) for name, at in columns.items() if name not in FIELDS]
        self._unnamed = [at for at, name in enumerate(self._file.names) if not name]

    @property
    def errors(self) -> Errors:
        return self._file.errors

    @property
    def groups(self) -> list[CallingGroup]:
        return self._rows.groups

    def rows(self) -> Iterator[tuple[int, Row]]:
        """Each valid row with its line."""
        for line, cells in self._file.rows():
            row = self._read(cells)
            if isinstance(row, Row):
                yield line, row
            else:
                self.errors.add(line, self._name(row.field), row.reason)

    def _read(self, cells: list[str]) -> Row | Fault:
        if any(cells[column] for column in self._unnamed):
            return Fault(field="", reason="unnamed_column")
        zone, postal_code, country, region, expires_at = [
            None if column is None else cells[column].strip() or None for column in self._columns
        ]
        return self._rows.read(
            cells[self._number],
            zone=zone,
            postal_code=postal_code,
            country=country,
            region=region,
            external_id=None if self._external_id is None else cells[self._external_id],
            attributes={name: cells[column] for column, name in self._attributes if cells[column]},
            expires_at=expires_at,
        )

    def _name(self, field: str) -> str | None:
        """The name that the file gives to the column of this field."""
        column = self._file.columns.get(field)
        return None if column is None else self._file.names[column]
