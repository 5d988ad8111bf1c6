"""Lists of the command line: columns, instants, CSV, and the counts of an imported file."""

import csv
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from outdial import listing

ENTRY = {
    "id": 7,
    "name": "Spring\x1b[31m",
    "created_at": "2026-11-26T09:00:00.123456+01:00",
    "zones": ["Europe/Paris", "Europe/Berlin"],
    "outcome": None,
}


def test_a_line_names_the_zone_of_its_instants_and_obeys_no_escape(
    capsys: pytest.CaptureFixture[str],
) -> None:
    listing.show([ENTRY], "id", "name", "created_at", "zones", "outcome", as_json=False, none="")

    head, line = capsys.readouterr().out.splitlines()
    assert head.split() == ["id", "name", "created", "zones", "outcome"]
    assert line == ("7    Spring?[31m   2026-11-26 08:00:00 UTC   Europe/Paris, Europe/Berlin   -")


def test_json_is_the_answer_of_the_api(capsys: pytest.CaptureFixture[str]) -> None:
    listing.show([ENTRY], "id", as_json=True, none="")

    assert json.loads(capsys.readouterr().out) == [ENTRY]


def test_no_entries_and_a_full_page_are_told_apart_from_the_list(
    capsys: pytest.CaptureFixture[str],
) -> None:
    listing.show([], "id", as_json=False, none="no campaigns of tenant 3")
    none = capsys.readouterr()
    listing.show([ENTRY], "id", as_json=False, none="", limit=1)
    full = capsys.readouterr()

    assert (none.out, none.err) == ("", "no campaigns of tenant 3\n")
    assert "--limit" in full.err
    assert full.out == "id\n7\n"


async def test_csv_keeps_numbers_and_disarms_formulas(capsys: pytest.CaptureFixture[str]) -> None:
    rows: list[dict[str, Any]] = [
        {"number": "+12025550123", "external_id": "=1+1", "outcome": None, "zones": ["UTC"]},
        {"number": "+12025550124", "external_id": 'a,"b', "outcome": "busy", "zones": []},
    ]

    async def entries() -> AsyncIterator[dict[str, Any]]:
        for row in rows:
            yield row

    await listing.write_csv(entries(), "number", "external_id", "outcome", "zones")

    written = list(csv.reader(io.StringIO(capsys.readouterr().out)))
    assert written == [
        ["number", "external_id", "outcome", "zones"],
        ["+12025550123", "'=1+1", "", '["UTC"]'],
        ["+12025550124", 'a,"b', "busy", "[]"],
    ]


def test_a_dry_run_says_so_and_names_the_fields_of_columns(
    capsys: pytest.CaptureFixture[str],
) -> None:
    warning = {"line": 1, "field": "Zonne", "reason": "like_known", "remedy": "like a zone"}
    taken = {"Mobile": "number", "zone": "zone", "Zonne": "attribute"}
    columns = [{"name": name, "taken_for": field} for name, field in taken.items()]
    report = {"dry_run": True, "imported": 3, "rejected": 0, "errors": [], "columns": columns}

    listing.report_import({**report, "warnings": [warning]})

    assert capsys.readouterr().out.splitlines() == [
        "nothing is stored",
        "column Mobile is taken for number",
        "column Zonne is taken for attribute",
        "3 imported, 0 refused",
        "  warning: line 1, Zonne: like a zone",
    ]


def test_the_first_faulty_rows_of_a_file_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    errors = [{"line": line, "field": "number", "reason": "too_short"} for line in range(2, 14)]
    report = {"imported": 1200, "duplicates": 0, "suppressed": 2, "rejected": 12, "errors": errors}

    listing.report_import(report)

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "1,200 imported, 2 suppressed, 12 refused"
    assert lines[1] == "  line 2, number: too short"
    assert lines[-1] == "  and 2 more"
    assert len(lines) == 12


def test_the_first_duplicates_are_listed_with_what_they_repeat(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows: list[dict[str, int | None]] = [{"line": 3, "first_line": 2}]
    rows += [{"line": line, "first_line": None} for line in range(4, 15)]
    report = {"imported": 1, "duplicates": 12, "rejected": 0, "errors": []}

    listing.report_import(report | {"duplicate_rows": rows})

    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "  line 3: line 2 has this number already"
    assert lines[2] == "  line 4: the campaign has this number already"
    assert lines[-1] == "  and more duplicates; --csv lists all"
    assert len(lines) == 12
