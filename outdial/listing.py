"""Prints entries of the API: as lines with columns, as JSON or as CSV."""

import csv
import json
import re
import sys
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import typer

from outdial.client import SHOWN_ERRORS, Client, Json, pointed

COUNTED = {
    "imported": "imported",
    "updated": "updated",
    "duplicates": "duplicate",
    "suppressed": "suppressed",
    "rejected": "refused",
}
# A spreadsheet takes a cell that begins with one of these for a formula.
FORMULAS = ("=", "+", "-", "@", "\t", "\r")
# In the CSV of the rows of an import that were not taken as they are.
REFUSED = re.compile(r"\d+,refused,")


def show(
    entries: Sequence[Json], *columns: str, as_json: bool, none: str, limit: int | None = None
) -> None:
    """Print a line for each entry; `none` is the text for no entries. Lines are never broken."""
    if as_json:
        typer.echo(json.dumps(entries))
        return
    if not entries:
        typer.echo(none, err=True)
        return
    heads = [column.removesuffix("_at").replace("_", " ") for column in columns]
    rows = [heads, *([cell(column, entry[column]) for column in columns] for entry in entries)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        line = "   ".join(text.ljust(width) for text, width in zip(row, widths, strict=True))
        typer.echo(line.rstrip())
    if limit is not None and len(entries) == limit:
        typer.echo(f"these are the first {limit}: there may be more, see --limit", err=True)


def show_one(entry: Json, *fields: str) -> None:
    """Print a line for each field."""
    width = max(map(len, fields))
    for field in fields:
        typer.echo(f"{field.replace('_', ' ').ljust(width)}   {cell(field, entry[field])}")


def cell(name: str, value: object) -> str:
    """An instant is in UTC and says so; characters that a terminal might obey are left out."""
    if value is None or value == []:
        return "-"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if name.endswith(("_at", "not_before")):
        return instant(str(value))
    text = json.dumps(value) if isinstance(value, dict) else str(value)
    return "".join(character if character.isprintable() else "?" for character in text)


def instant(text: str) -> str:
    return f"{datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


async def write_csv(entries: AsyncIterator[Json], *columns: str) -> None:
    """Write a header and a line for each entry; instants stay as the API gives them."""
    lines = csv.writer(sys.stdout, lineterminator="\n")
    lines.writerow(columns)
    async for entry in entries:
        lines.writerow([_csv_cell(entry[column]) for column in columns])


def _csv_cell(value: object) -> str:
    """An apostrophe precedes text that a spreadsheet would take for a formula, but no number."""
    if value is None:
        return ""
    text = json.dumps(value) if isinstance(value, dict | list) else str(value)
    is_number = text[:1] == "+" and text[1:].isdigit()
    return f"'{text}" if text.startswith(FORMULAS) and not is_number else text


async def import_file(
    client: Client, path: str, file: Path, *, as_csv: bool, as_json: bool, **parameters: object
) -> bool:
    """Import a file and print its report or its rows; returns whether a row was refused."""
    if as_csv:
        refused = False
        async for line in client.import_rows(path, file, **parameters):
            typer.echo(line, nl=False)
            refused = refused or REFUSED.match(line) is not None
        return refused
    report = await client.import_file(path, file, **parameters)
    if as_json:
        typer.echo(json.dumps(report))
    else:
        report_import(report)
    return bool(report["rejected"])


def counts(report: Json) -> str:
    """Like 3 imported, 2 duplicate, 0 refused."""
    return ", ".join(
        f"{report[name]:,} {word}"
        for name, word in COUNTED.items()
        if name in ("imported", "rejected") or report.get(name)
    )


def report_import(report: Json) -> None:
    """Print what each column is taken for, the counts, and the first rows that were not taken."""
    if report.get("dry_run"):
        typer.echo("nothing is stored")
    for column in report.get("columns", ()):
        if column["name"] != column["taken_for"]:
            typer.echo(f"column {cell('name', column['name'])} is taken for {column['taken_for']}")
    typer.echo(counts(report))
    for error in report["errors"][:SHOWN_ERRORS]:
        typer.echo(f"  {pointed(error)}")
    if report["rejected"] > SHOWN_ERRORS:
        typer.echo(f"  and {report['rejected'] - SHOWN_ERRORS:,} more")
    duplicates = report.get("duplicate_rows", [])
    for row in duplicates[:SHOWN_ERRORS]:
        first = row["first_line"]
        before = "the campaign" if first is None else f"line {first}"
        typer.echo(f"  line {row['line']}: {before} has this number already")
    if len(duplicates) > SHOWN_ERRORS:
        typer.echo("  and more duplicates; --csv lists all")
    warnings = report.get("warnings", [])
    for warning in warnings[:SHOWN_ERRORS]:
        typer.echo(f"  warning: {pointed(warning)}")
    if len(warnings) > SHOWN_ERRORS:
        typer.echo("  and more warnings")
