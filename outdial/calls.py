"""`outdial calls list|show|export`: the record of each call, and files of any length of them."""

# ruff: noqa: PLC0415 - imported when a command runs: other commands need no HTTP client.

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

import typer

from outdial.access import api_command
from outdial.errors import OutdialError
from outdial.options import Json, Limit, attempt_id, id_option

if TYPE_CHECKING:
    from outdial.client import Client

COLUMNS = (
    "attempt_id",
    "campaign_id",
    "contact_id",
    "number",
    "outcome",
    "dialing_at",
    "talk_seconds",
    "price",
)

app = typer.Typer(no_args_is_help=True, help="The record of each call: how it ended, its price.")

Campaign = Annotated[int | None, id_option("--campaign", "Those of one campaign.")]
Contact = Annotated[int | None, id_option("--contact", "Those of one contact.")]
Number = Annotated[
    str | None, typer.Option(help="Those to one number, like +12025550123.", metavar="NUMBER")
]
Trunk = Annotated[int | None, id_option("--trunk", "Those over one trunk.")]
Outcome = Annotated[str | None, typer.Option(help="Those that ended so, like no_answer.")]
Since = Annotated[
    str | None,
    typer.Option(metavar="INSTANT", help="Those that began then or later: 2031-01-31T00:00Z."),
]
Until = Annotated[str | None, typer.Option(metavar="INSTANT", help="Those that began before.")]


@api_command(app, "list")
async def show_all(
    client: "Client",
    *,
    campaign: Campaign = None,
    contact: Contact = None,
    number: Number = None,
    trunk: Trunk = None,
    outcome: Outcome = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 100,
    as_json: Json = False,
) -> None:
    """List calls that have ended, in the order in which they did."""
    from outdial import listing

    filters = _filters(
        campaign=campaign,
        contact=contact,
        number=number,
        trunk=trunk,
        outcome=outcome,
        since=since,
        until=until,
    )
    entries = await client.entries("/v1/calls", limit=limit, **filters)
    if not as_json:
        entries = [*map(_flat, entries)]
    listing.show(entries, *COLUMNS, as_json=as_json, none="no such calls", limit=limit)


@api_command(app)
async def show(
    client: "Client",
    attempt: Annotated[
        UUID,
        typer.Argument(metavar="ATTEMPT", parser=attempt_id, help="The id of its attempt."),
    ],
    *,
    as_json: Json = False,
) -> None:
    """Show one call with all that its carrier told, from its first report on."""
    from outdial import listing

    call = await client.call(attempt)
    if as_json:
        typer.echo(json.dumps(call))
        return
    entry = _flat(call)
    listing.show_one(entry, *(name for name in entry if name not in ("facts", "reports")))
    typer.echo()
    reports = [{**report, **_told(report)} for report in call["reports"]]
    columns = ("state", "reported_at", "outcome", "told")
    listing.show(reports, *columns, as_json=False, none="no report yet")


@api_command(app)
async def export(
    client: "Client",
    *,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", dir_okay=False, help="A file. Default: standard output."),
    ] = None,
    lines: Annotated[
        Literal["csv", "ndjson"], typer.Option("--format", help="ndjson: a JSON object per line.")
    ] = "csv",
    campaign: Campaign = None,
    contact: Contact = None,
    number: Number = None,
    trunk: Trunk = None,
    outcome: Outcome = None,
    since: Since = None,
    until: Until = None,
    as_json: Json = False,
) -> None:
    """Write all calls that have ended as CSV, or with --json as a JSON object per line."""
    form = "ndjson" if as_json else lines
    filters = _filters(
        campaign=campaign,
        contact=contact,
        number=number,
        trunk=trunk,
        outcome=outcome,
        since=since,
        until=until,
    )
    if output is None:
        async for part in client.export_calls(form, **filters):
            sys.stdout.buffer.write(part)
        sys.stdout.buffer.flush()
        return
    # Nobody takes half a file for the whole: it has its name when it is complete.
    partial = output.with_name(f"{output.name}.partial")
    try:
        with partial.open("wb") as file:
            async for part in client.export_calls(form, **filters):
                file.write(part)
        partial.replace(output)
    except OSError as error:
        raise OutdialError(f"{output} cannot be written: {error.strerror}") from error
    finally:
        partial.unlink(missing_ok=True)


def _filters(
    *,
    campaign: int | None,
    contact: int | None,
    number: str | None,
    trunk: int | None,
    outcome: str | None,
    since: str | None,
    until: str | None,
) -> dict[str, object]:
    from outdial.terminal import instant_of

    return {
        "campaign_id": campaign,
        "contact_id": contact,
        "number": number,
        "trunk_id": trunk,
        "outcome": outcome,
        "since": instant_of("--since", since).isoformat() if since else None,
        "until": instant_of("--until", until).isoformat() if until else None,
    }


def _flat(call: dict[str, Any]) -> dict[str, Any]:
    """The call with its facts beside its other fields, and the price as one text."""
    facts = call["facts"]
    return {**call, **facts, "price": _price(facts["price"])}


def _price(price: dict[str, Any] | None) -> str | None:
    return None if price is None else f"{price['amount']} {price['currency']}"


def _told(report: dict[str, Any]) -> dict[str, str]:
    """The time of a report, and its facts in one cell."""
    facts = {**report["facts"], "price": _price(report["facts"]["price"])}
    told = (f"{name} {value}" for name, value in facts.items() if value not in (None, []))
    return {"reported_at": report["at"], "told": ", ".join(told)}
