"""Files of contacts as JSON, one per line."""

import io
import json

import pytest

from shared.intake.contact_rows import Row, Rows
from shared.intake.csv_file import LONGEST_RECORD
from shared.intake.json_contacts import JsonContacts

A, B = "+442079460123", "+442079460124"


def read(content: str | bytes) -> tuple[list[tuple[int, Row]], list[tuple[int, str | None, str]]]:
    content = content.encode() if isinstance(content, str) else content
    file = JsonContacts(io.BytesIO(content), Rows(default_region="GB", default_zone=None))
    rows = list(file.rows())
    return rows, [(error.line, error.field, error.reason) for error in file.errors.first]


def test_each_line_is_a_contact_with_the_fields_of_the_list() -> None:
    entry = {
        "number": "020 7946 0123",
        "zone": None,
        "postal_code": "SW1A 1AA",
        "external_id": "K1",
        "attributes": {"name": "Zoë", "tags": ["a", {"b": 1}]},
        "expires_at": "2031-01-31T00:00:00Z",
    }

    rows, errors = read(f'\ufeff{json.dumps(entry)}\r\n\n  \n{{"number": "{B}"}}')

    assert errors == []
    assert [(line, row.number, row.external_id) for line, row in rows] == [
        (1, A, "K1"),
        (4, B, None),
    ]
    assert rows[0][1].attributes == '{"name":"Zoë","tags":["a",{"b":1}]}'
    assert rows[0][1].expires_at is not None


@pytest.mark.parametrize(
    ("line", "field", "reason"),
    [
        ("hello", None, "not_json"),
        (f'["{A}"]', None, "not_json"),
        ('{"number": "+442079460123"', None, "not_json"),
        (f'{{"number": "{A}", "number": "{B}"}}', None, "not_json"),
        (f'{{"number": "{A}", "attributes": {{"a": 1, "a": 2}}}}', None, "not_json"),
        ("[" * 100_000, None, "not_json"),
        ("{}", "number", "empty"),
        ('{"number": null}', "number", "empty"),
        ('{"number": 442079460123}', "number", "not_a_text"),
        ('{"number": "12"}', "number", "too_short"),
        (f'{{"number": "{A}", "nmae": "x"}}', "nmae", "unknown_field"),
        (f'{{"number": "{A}", "zone": 1}}', "zone", "not_a_text"),
        (f'{{"number": "{A}", "zone": "Mars/Olympus"}}', "zone", "unknown_zone"),
        (f'{{"number": "{A}", "external_id": "{"x" * 257}"}}', "external_id", "too_long"),
        (f'{{"number": "{A}", "external_id": "a\\u0000"}}', "external_id", "nul_byte"),
        (f'{{"number": "{A}", "external_id": "\\ud800"}}', "external_id", "not_utf8"),
        (f'{{"number": "{A}", "attributes": "x"}}', "attributes", "not_an_object"),
        (f'{{"number": "{A}", "attributes": {{"a": 1{"0" * 30}}}}}', "attributes", "not_storable"),
        (f'{{"number": "{A}", "attributes": {{"a": NaN}}}}', "attributes", "not_storable"),
        (f'{{"number": "{A}", "attributes": {{"a": "{"x" * 70_000}"}}}}', "attributes", "too_long"),
        ('{"number": "' + "x" * LONGEST_RECORD + '"}', None, "too_long"),
    ],
)
def test_a_bad_line_is_refused_alone_with_its_reason(
    line: str, field: str | None, reason: str
) -> None:
    rows, errors = read(f'{line}\n{{"number": "{B}"}}\n')

    assert errors == [(1, field, reason)]
    assert [(at, row.number) for at, row in rows] == [(2, B)]


def test_a_line_in_another_encoding_is_refused() -> None:
    line = f'{{"number": "{A}", "attributes": {{"name": "Zoë"}}}}\n'

    assert read(line.encode("cp1252"))[1] == [(1, None, "not_utf8")]
