"""`outdial imports list|show|watch|cancel`: imports of contacts that run as operations."""

# ruff: noqa: PLC0415 - imported when a command runs: other commands need no HTTP client.

import asyncio
import json
import time
from typing import TYPE_CHECKING, Annotated

import typer

from outdial.access import api_command
from outdial.errors import OutdialError
from outdial.options import AllowRefused, Json, Limit, id_argument, id_option

if TYPE_CHECKING:
    from outdial.client import Client
    from outdial.client import Json as Entry

LOOK_SECONDS = 0.5
LINES_EVERY_SECONDS = 3.0
KIND = "contacts_import"
ENDED = ("completed", "failed", "cancelled")

app = typer.Typer(
    no_args_is_help=True,
    help="Imports of large files, which go on after `outdial contacts import --detach`.",
)

ImportId = Annotated[int, id_argument("IMPORT", "The id of the import.")]


@api_command(app, "list")
async def show_all(
    client: "Client",
    *,
    campaign: Annotated[
        int | None, id_option("--campaign", "Only those into one campaign.")
    ] = None,
    state: Annotated[
        str | None,
        typer.Option(
            help="Only those in this state: queued, running, completed, failed, cancelled."
        ),
    ] = None,
    limit: Limit = 100,
    as_json: Json = False,
) -> None:
    """List imports, newest first."""
    from outdial import listing

    entries = await client.entries(
        "/v1/operations", limit=limit, kind=KIND, campaign_id=campaign, state=state
    )
    if not as_json:
        entries = [_line(entry) for entry in entries]
    columns = ("id", "campaign_id", "state", "read", "rows", "created_at")
    listing.show(entries, *columns, as_json=as_json, none="no such imports", limit=limit)


@api_command(app)
async def show(
    client: "Client",
    operation: ImportId,
    *,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print each row that was not taken as it is as CSV.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show how far an import has come, and why it failed."""
    if as_csv:
        async for part in client.operation_rows(operation):
            typer.echo(part, nl=False)
        return
    found = await client.operation(operation)
    if as_json:
        typer.echo(json.dumps(found))
        return
    report(found)


@api_command(app)
async def watch(
    client: "Client",
    operation: ImportId,
    *,
    allow_refused: AllowRefused = False,
    as_json: Json = False,
) -> None:
    """Follow an import to its end; Ctrl-C leaves it running."""
    await follow(client, operation, allow_refused=allow_refused, as_json=as_json)


@api_command(app)
async def cancel(client: "Client", operation: ImportId, *, as_json: Json = False) -> None:
    """Import no more rows; those that were imported stay."""
    found = await client.cancel_operation(operation)
    if as_json:
        typer.echo(json.dumps(found))
        return
    report(found)


async def follow(client: "Client", operation: int, *, allow_refused: bool, as_json: bool) -> None:
    """Print a line every few seconds; ends with 1 if it failed or rows were refused."""
    shown_at, last = 0.0, ""
    while True:
        found = await client.operation(operation)
        if found["state"] in ENDED:
            break
        text = _progress(found)
        if not as_json and text != last and time.monotonic() - shown_at > LINES_EVERY_SECONDS:
            typer.echo(text)
            shown_at, last = time.monotonic(), text
        await asyncio.sleep(LOOK_SECONDS)
    if as_json:
        typer.echo(json.dumps(found))
    else:
        report(found)
    if found["state"] != "completed" or (found["counts"]["rejected"] and not allow_refused):
        raise typer.Exit(1)


def report(found: "Entry") -> None:
    """Print the state, the counts and the first errors of an import."""
    from outdial.client import SHOWN_ERRORS, pointed
    from outdial.listing import counts
    from outdial.terminal import with_options

    typer.echo(f"{_progress(found)}: {counts(found['counts'])}")
    problem = found["problem"]
    if problem:
        raise OutdialError(
            "\n  ".join(
                [with_options(problem["detail"]), *map(pointed, problem["errors"][:SHOWN_ERRORS])]
            )
        )
    left = ("rejected", "duplicates", "suppressed", "warnings")
    if any(found["counts"][name] for name in left):
        typer.echo(f"`outdial imports show {found['id']} --csv` lists each of these rows", err=True)


def _progress(found: "Entry") -> str:
    return f"import {found['id']} {found['state']}, {_read(found)} read"


def _read(found: "Entry") -> str:
    total = found["bytes_total"]
    return f"{found['bytes_read'] * 100 // total if total else 100} %"


def _line(entry: "Entry") -> "Entry":
    counted = {name: count for name, count in entry["counts"].items() if name != "warnings"}
    return {**entry, "read": _read(entry), "rows": f"{sum(counted.values()):,}"}
