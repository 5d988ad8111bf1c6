"""A CSV file of contacts: each row becomes a valid contact row or an error."""

from collections.abc import Iterator, Sequence

from shared.intake.contact_rows import LONGEST_EXTERNAL_ID, OTHER_COLUMNS, Fault, Row, Rows
from shared.intake.csv_file import NO_COUNTRY, NO_VALUE, CsvFile, value_of
from shared.intake.csv_header import Columns
from shared.intake.row_errors import Errors, PreviewedColumn

_ADDRESS = ("zone", "postal_code", "country", "region", "expires_at")
# All that decides who is called, when, and by which law: without it, the call could be wrong.
_VITAL = frozenset({"number", *_ADDRESS})
CONTACT_COLUMNS = Columns(
    fields=_VITAL | {"external_id", *OTHER_COLUMNS}, vital=_VITAL, keeps_others=True
)


class CsvContacts:
    """Reads a file with CONTACT_COLUMNS; the columns that are no field become attributes."""

    def __init__(self, file: CsvFile, rows: Rows) -> None:
        self._file = file
        self._rows = rows
        fields = file.header.fields
        self._number = fields["number"]
        self._columns = [
            (fields.get(name), NO_COUNTRY if name == "country" else NO_VALUE) for name in _ADDRESS
        ]
        self._numbers = [name for name in ("number", *OTHER_COLUMNS) if name in fields]
        self._external_id = fields.get("external_id")
        self._attributes = [
            (at, name)
            for at, name in enumerate(file.header.names)
            if name and at not in fields.values()
        ]

    @property
    def errors(self) -> Errors:
        return self._file.errors

    @property
    def warnings(self) -> Errors:
        return self._file.warnings

    @property
    def columns(self) -> Sequence[PreviewedColumn]:
        return self._file.columns

    @property
    def number_name(self) -> str | None:
        return self._file.name("number")

    def rows(self) -> Iterator[tuple[int, Row]]:
        """Each valid row with its line, from the line after `errors.after` on."""
        after = self.errors.after
        for line, cells in self._file.rows():
            if line <= after:
                continue
            row = self._read(line, cells)
            if isinstance(row, Row):
                yield line, row
            else:
                self._file.errors.add(line, self._file.name(row.field), row.reason)

    def _read(self, line: int, cells: list[str]) -> Row | Fault:
        if len(self._numbers) == 1:
            return self._row(line, cells, cells[self._number])
        return self._read_several(line, cells)

    def _read_several(self, line: int, cells: list[str]) -> Row | Fault:
        """The first number that is given must be right. Each other that is not costs a warning,
        because the person can be called without it.
        """
        texts = {name: self._file.cell(name, cells) for name in self._numbers}
        given = {name: text for name, text in texts.items() if value_of(text)}
        while True:
            first, *others = given or texts
            row = self._row(line, cells, texts[first], [given[name] for name in others if given])
            if isinstance(row, Row) or not row.field.startswith("number"):
                return row
            if row.field == "number":
                return row._replace(field=first)
            wrong = others[OTHER_COLUMNS.index(row.field)]
            self._file.warnings.add(line, self._file.name(wrong), row.reason)
            del given[wrong]

    def _row(
        self, line: int, cells: list[str], number: str, others: Sequence[str] = ()
    ) -> Row | Fault:
        zone, postal_code, country, region, expires_at = [
            None if column is None else value_of(cells[column], nothing)
            for column, nothing in self._columns
        ]
        return self._rows.read(
            number,
            zone=zone,
            postal_code=postal_code,
            country=country,
            region=region,
            external_id=self._id(line, cells),
            attributes={name: cells[column] for column, name in self._attributes if cells[column]},
            expires_at=expires_at,
            others=others,
        )

    def _id(self, line: int, cells: list[str]) -> str | None:
        """A damaged id costs a warning, because the person can be called without it."""
        if self._external_id is None:
            return None
        text = cells[self._external_id]
        if len(text) <= LONGEST_EXTERNAL_ID:
            return text
        self._file.warnings.add(line, self._file.name("external_id"), "too_long")
        return None
