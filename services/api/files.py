"""Refusals of an uploaded file and of its rows, with a sentence for each reason."""

from services.api.csv_contacts import RowError
from services.api.refusals import InvalidField, Refused


def unreadable(error: RowError) -> Refused:
    row = invalid_row(error)
    return Refused("unreadable_file", f"line {error.line}: {row.detail}", errors=[row])


def invalid_row(error: RowError) -> InvalidField:
    detail = REASONS.get(error.reason, error.reason.replace("_", " "))
    field = None if error.field is None else (error.field,)
    return InvalidField(code=error.reason, detail=detail, field=field, line=error.line)


REASONS = {
    "empty": "there is no number",
    "not_a_number": "not a phone number",
    "no_country": "no country code, and the campaign has no default_region for it",
    "not_assigned": "no such number can exist",
    "wrong_length": "no number of this country is so long",
    "unknown_zone": "unknown time zone; use an IANA name such as Europe/London",
    "invalid_postal_code": "no such code in this country, which is the number's if not given",
    "unknown_country": "unknown country; use ISO 3166-1, such as US",
    "unknown_region": "unknown in this country, which is the number's if not given; use ISO 3166-2",
    "not_an_instant": "not an instant with its offset, like 2031-01-31T00:00:00Z",
    "in_the_past": "must be in the future",
    "too_far": "must be within a hundred years; leave it out for good",
    "nul_byte": "must not contain a NUL byte",
    "not_utf8": "must be UTF-8",
    "bad_quoting": "a quote stands where none may be",
    "unclosed_quote": "a quote is opened here and never closed",
    "too_few_cells": "fewer cells than the header has",
    "too_many_cells": "more cells than the header has",
    "unnamed_column": "a cell in a column without a name",
    "missing_column": "the header has no column `number`",
    "duplicate_column": "the header has this column twice",
}
