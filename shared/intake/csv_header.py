"""The header of a CSV file: the field of each column, by its name or as the owner says."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from shared.domain.places.names import plain
from shared.intake.column_names import field_of, resembled
from shared.intake.row_errors import FileError, PreviewedColumn, damage

LONGEST_NAME = 200
MOST_COLUMNS = 500
# Names that one error repeats, and the length to which it repeats them.
SHOWN_NAMES = 20
SHOWN_LENGTH = 40
# A shorter row of digits may be part of a name.
FEWEST_DIGITS = 7

# A number as it may stand alone in a cell.
_DIGITS = re.compile(r"[\s\d+()./-]+")
# Dates of this century and the last, with or without a time.
_DATE = re.compile(
    r"(?:(?:19|20)\d\d([-/.])\d\d?\1\d\d?|\d\d?([-/.])\d\d?\2(?:19|20)\d\d)(?:[ T].*)?"
)

# The name of the column of a field, or "" if no column of the file is that field.
ColumnMap = Mapping[str, str]
NO_MAP: ColumnMap = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The columns of a kind of file. A damaged cell of a `vital` field refuses its row.

    With `keeps_others`, columns without a field are kept as attributes; without, neither they nor
    surplus cells matter.
    """

    fields: frozenset[str]
    vital: frozenset[str]
    keeps_others: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """`fields` has the index of the column of each field; `warnings` are names with reasons."""

    line: int
    names: list[str]
    fields: Mapping[str, int]
    warnings: Sequence[tuple[str | None, str]] = ()

    def taken_for(self, column: int) -> str | None:
        return next((field for field, at in self.fields.items() if at == column), None)


class ColumnMapError(Exception):
    """A column map cannot be read; the message says what would be right."""


def column_map(texts: Iterable[str], columns: Columns) -> dict[str, str]:
    """Reads entries such as `number:Mobile`; a name may have colons. Raises ColumnMapError."""
    read: dict[str, str] = {}
    for text in texts:
        field, colon, name = text.partition(":")
        field, name = field.strip().casefold(), name.strip()
        if not colon or field not in columns.fields:
            known = ", ".join(sorted(columns.fields))
            raise ColumnMapError(f"write FIELD:NAME, where FIELD is one of {known}")
        if field in read:
            raise ColumnMapError(f"{field} is given twice; it has one column")
        if name and name in read.values():
            raise ColumnMapError(f"{field} has the column of another field")
        read[field] = name
    if read.get("number") == "":
        raise ColumnMapError("number needs a column")
    return read


def read_header(line: int, cells: Sequence[str], columns: Columns, chosen: ColumnMap) -> Header:
    """Columns that `chosen` names hold its fields; all others are recognised by their names."""
    names = _names(line, cells)
    fields = _chosen_columns(line, names, chosen)
    _recognise(line, names, columns.fields - chosen.keys(), fields)
    if "number" not in fields:
        raise FileError(line, "number", "missing_column", detail=_missing(names, columns))
    others = [name for at, name in enumerate(names) if name and at not in fields.values()]
    if columns.keeps_others:
        _refuse_equal(line, others)
    return Header(
        line=line,
        names=names,
        fields=fields,
        warnings=list(_warnings(names, fields, columns.fields - chosen.keys())),
    )


def headless(line: int, cells: Sequence[str], columns: Columns) -> Header | None:
    """The header of a file that begins with a row of data; None if the cells are names.

    Such a file must have one column that can be the number. Of contacts it must be the only one:
    a column without a name may be a zone.
    """
    if any(field_of(cell, columns.fields) == "number" for cell in cells):
        return None
    numbers = [at for at, cell in enumerate(cells) if looks_like_number(cell)]
    if not numbers:
        return None
    if len(numbers) > 1 or (columns.keeps_others and len(cells) > 1):
        raise FileError(line, None, "no_header")
    names = ["number" if at in numbers else "" for at in range(len(cells))]
    return Header(line=line, names=names, fields={"number": numbers[0]})


def numbered(line: int, cells: Sequence[str], chosen: ColumnMap) -> Header:
    """The header of a file without one: the names of its columns are their places, from 1."""
    names = [str(place) for place in range(1, len(cells) + 1)]
    if len(names) > MOST_COLUMNS:
        raise FileError(line, None, "too_many_columns")
    fields = _chosen_columns(line, names, chosen)
    numbers = [
        at
        for at, cell in enumerate(cells)
        if at not in fields.values() and looks_like_number(cell, alone=True)
    ]
    if "number" not in fields and len(numbers) != 1:
        raise FileError(line, "number", "unnamed_number")
    return Header(
        line=line,
        names=names,
        fields=fields | ({} if "number" in fields else {"number": numbers[0]}),
    )


def preview(header: Header, columns: Columns) -> list[PreviewedColumn]:
    def meaning(at: int, name: str) -> str:
        other = "attribute" if columns.keeps_others and name else "ignored"
        return header.taken_for(at) or other

    return [
        PreviewedColumn(name=name, taken_for=meaning(at, name))
        for at, name in enumerate(header.names)
    ]


def looks_like_number(cell: str, *, alone: bool = False) -> bool:
    """Whether the cell can be a phone number, in whatever spelling, and is no date.

    `alone`: with nothing but its digits and the marks between them.
    """
    if _DATE.fullmatch(cell.strip()) or (alone and not _DIGITS.fullmatch(cell)):
        return False
    digits = sum(mark.isdecimal() for mark in cell)
    return digits >= FEWEST_DIGITS and digits > sum(mark.isalpha() for mark in cell)


def is_named(cell: str, columns: Columns, chosen: ColumnMap) -> bool:
    """Whether this is the name of the number's column."""
    given = chosen.get("number")
    if given:
        return plain(cell) == plain(given)
    return field_of(cell, columns.fields) == "number"


def _names(line: int, cells: Sequence[str]) -> list[str]:
    """Without the empty cells at the end, which spreadsheets add to all rows."""
    names = [cell.strip() for cell in cells]
    while names and not names[-1]:
        names.pop()
    if len(names) > MOST_COLUMNS:
        raise FileError(line, None, "too_many_columns")
    for name in names:
        reason = damage(name) or ("too_long" if len(name) > LONGEST_NAME else None)
        if reason:
            raise FileError(line, None, reason)
    return names


def _chosen_columns(line: int, names: list[str], chosen: ColumnMap) -> dict[str, int]:
    fields: dict[str, int] = {}
    for field, name in chosen.items():
        exact = [at for at, each in enumerate(names) if each == name]
        found = exact or [at for at, each in enumerate(names) if plain(each) == plain(name)]
        if name and len(found) != 1:
            count = "is not there" if not found else "is there more than once"
            detail = f"the column that is to be {field} {count}; the columns are {shown(names)}"
            raise FileError(line, field, "unknown_column", detail=detail)
        if name and found[0] in fields.values():
            detail = f"{field} has the column of another field"
            raise FileError(line, field, "duplicate_column", detail=detail)
        if name:
            fields[field] = found[0]
    return fields


def _recognise(line: int, names: list[str], fields: frozenset[str], found: dict[str, int]) -> None:
    """Adds the columns whose names are known; two columns for one field must be chosen from."""
    taken = set(found.values())
    for at, name in enumerate(names):
        field = None if at in taken else field_of(name, fields)
        if field is None:
            continue
        if field in found:
            both = shown([names[found[field]], name])
            detail = f"{both} can both be the {field}; say which: column={field}:NAME"
            raise FileError(line, field, "duplicate_column", detail=detail)
        found[field] = at


def _refuse_equal(line: int, names: list[str]) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise FileError(line, name, "duplicate_column")


def _warnings(
    names: list[str], fields: Mapping[str, int], free: frozenset[str]
) -> Iterable[tuple[str | None, str]]:
    for at, name in enumerate(names):
        if at in fields.values():
            continue
        if not name:
            yield None, "unnamed_column"
        elif like := resembled(name, free):
            yield name, f"resembles_{like}"


def _missing(names: list[str], columns: Columns) -> str:
    if not any(names):
        return "the file is empty, or has no line with a text; its first line may name the columns"
    fields = ", ".join(sorted(columns.fields))
    return (
        f"no column is the number: name it `number`, or say which it is: column=number:NAME; "
        f"the columns are {shown(names)}; the fields are {fields}, in their usual spellings"
    )


def shown(names: Sequence[str]) -> str:
    """Names for an error; a first line of data is no header, and none of its cells is shown."""
    if not any(names):
        return "none"
    parts = [
        "…" if looks_like_number(name) or "@" in name else f"`{name[:SHOWN_LENGTH]}`"
        for name in names[:SHOWN_NAMES]
    ]
    more = len(names) - SHOWN_NAMES
    return ", ".join(parts) + (f" and {more} more" if more > 0 else "")
