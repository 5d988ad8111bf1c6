"""Contacts as JSON, one object per line (NDJSON): each becomes a valid contact row or an error."""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, BinaryIO

from shared.intake.contact_rows import (
    LONGEST_EXTERNAL_ID,
    OTHER_COLUMNS,
    OTHERS,
    Fault,
    Row,
    Rows,
)
from shared.intake.csv_file import LONGEST_CELL, LONGEST_RECORD
from shared.intake.row_errors import Errors, PreviewedColumn, unstorable

# The text fields of a contact, with their greatest lengths.
TEXTS = {
    "number": 256,
    "zone": 64,
    "postal_code": 64,
    "country": 64,
    "region": 64,
    "external_id": LONGEST_EXTERNAL_ID,
    "expires_at": 64,
}
FIELDS = frozenset({*TEXTS, OTHERS, "attributes"})
# Attributes are a flat record of a person; more depth than they need.
DEEPEST = 8
LARGEST_INTEGER = (1 << 63) - 1
LONGEST_NAME = 100
_MARK = b"\xef\xbb\xbf"


def is_storable(value: object, *, depth: int = 0) -> bool:
    """Whether PostgreSQL can store the value and every reader gets the same value back."""
    if isinstance(value, str):
        return unstorable(value) is None
    if isinstance(value, int):
        return -LARGEST_INTEGER <= value <= LARGEST_INTEGER
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, list | dict):
        inside = [*value, *value.values()] if isinstance(value, dict) else value
        return depth < DEEPEST and all(is_storable(part, depth=depth + 1) for part in inside)
    return value is None


class JsonContacts:
    """Reads a file whose lines are contacts with the fields of the JSON list. Blank lines are
    passed over.
    """

    columns: Sequence[PreviewedColumn] = ()
    number_name = "number"

    def __init__(self, file: BinaryIO, rows: Rows) -> None:
        self.errors = Errors()
        self.warnings = Errors()
        self._file = file
        self._rows = rows

    def rows(self) -> Iterator[tuple[int, Row]]:
        """Each valid row with its line, from the line after `errors.after` on."""
        for line, text in self._lines():
            if line <= self.errors.after:
                continue
            row = self._read(text)
            if isinstance(row, Row):
                yield line, row
            else:
                self.errors.add(line, row.field or None, row.reason)

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        line = 0
        while text := self._file.readline(LONGEST_RECORD + 1):
            line += 1
            if len(text) > LONGEST_RECORD:
                self.errors.add(line, None, "too_long")
                while text and not text.endswith(b"\n"):
                    text = self._file.readline(LONGEST_RECORD)
                continue
            text = text.removeprefix(_MARK) if line == 1 else text
            if text.strip():
                yield line, text

    def _read(self, text: bytes) -> Row | Fault:
        try:
            entry = json.loads(text.decode(), object_pairs_hook=_object)
        except UnicodeDecodeError:
            return Fault(field="", reason="not_utf8")
        except (ValueError, RecursionError):
            return Fault(field="", reason="not_json")
        if not isinstance(entry, dict):
            return Fault(field="", reason="not_json")
        fault = _fault(entry)
        if fault is not None:
            return fault
        others = entry.pop(OTHERS, None) or ()
        return in_json(self._rows.read(entry.pop("number"), others=others, **entry))


def in_json(row: Row | Fault) -> Row | Fault:
    """With the field as JSON has it, where further numbers are a list."""
    if isinstance(row, Fault) and row.field in OTHER_COLUMNS:
        return row._replace(field=OTHERS)
    return row


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A name that comes twice would silently lose one of its values."""
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError
    return fields


def _fault(entry: dict[str, Any]) -> Fault | None:
    if not entry.keys() <= FIELDS:
        name = min(entry.keys() - FIELDS)
        return Fault(field="" if unstorable(name) else name[:LONGEST_NAME], reason="unknown_field")
    if not entry.get("number"):
        return Fault(field="number", reason="empty")
    for field, value in entry.items():
        reason = _FAULTS.get(field, partial(_text_fault, field))(value)
        if reason and value is not None:
            return Fault(field=field, reason=reason)
    return None


def _text_fault(field: str, value: object) -> str | None:
    if not isinstance(value, str):
        return "not_a_text"
    return "too_long" if len(value) > TEXTS[field] else unstorable(value)


def _numbers_fault(value: object) -> str | None:
    if not isinstance(value, list):
        return "not_a_list"
    return next(filter(None, (_text_fault("number", text) for text in value)), None)


def _attributes_fault(value: object) -> str | None:
    if not isinstance(value, dict):
        return "not_an_object"
    if not is_storable(value):
        return "not_storable"
    is_long = len(json.dumps(value, ensure_ascii=False, separators=(",", ":"))) > LONGEST_CELL
    return "too_long" if is_long else None


_FAULTS: Mapping[str, Callable[[object], str | None]] = {
    OTHERS: _numbers_fault,
    "attributes": _attributes_fault,
}
