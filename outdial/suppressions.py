"""`outdial suppressions`: numbers that must not be called, in one campaign or in all."""

# ruff: noqa: PLC0415 - imported when a command runs: other commands need no HTTP client.

import json
from typing import TYPE_CHECKING, Annotated

import typer

from outdial.access import api_command
from outdial.errors import OutdialError
from outdial.options import (
    AsCsv,
    Columns,
    DryRun,
    Encoding,
    Json,
    Limit,
    ListOf,
    Numbers,
    NumbersFile,
)

if TYPE_CHECKING:
    from outdial.client import Client

app = typer.Typer(no_args_is_help=True, help="Numbers that must not be called.")

Number = Annotated[str, typer.Argument(help="With + and country code, like +12025550123.")]
Region = Annotated[
    str | None, typer.Option(metavar="US", help="The country of numbers without a + code.")
]


@api_command(app)
async def add(
    client: "Client",
    number: Number,
    *,
    reason: Annotated[str, typer.Option(help="A word for the record, like opt_out.")] = "opt_out",
    campaign: ListOf = None,
    region: Region = None,
    until: Annotated[
        str | None,
        typer.Option(metavar="INSTANT", help="Like 2031-01-31T00:00Z. Default: for good."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Stop calls to a number from now on."""
    from outdial.listing import instant
    from outdial.terminal import instant_of

    ends = instant_of("--until", until).isoformat() if until else None
    added = await client.add_suppression(
        {
            "number": number,
            "country": region,
            "reason": reason,
            "campaign_id": campaign,
            "expires_at": ends,
        }
    )
    if as_json:
        typer.echo(json.dumps(added))
        return
    whose = f"campaign {campaign}" if campaign else "all campaigns"
    end = f" until {instant(added['expires_at'])}" if until else ""
    typer.echo(f"{added['number']} is not called from now on{end}: it is on the list of {whose}")


@api_command(app, "list")
async def show_all(
    client: "Client", *, campaign: ListOf = None, limit: Limit = 100, as_json: Json = False
) -> None:
    """List the suppressions in force, in order of the numbers."""
    from outdial.listing import show

    entries = await client.entries("/v1/suppressions", limit=limit, campaign_id=campaign)
    columns = ("number", "reason", "campaign_id", "expires_at", "created_at")
    show(entries, *columns, as_json=as_json, none="no number is on this list", limit=limit)


@api_command(app, "import")
async def import_file(
    client: "Client",
    file: NumbersFile,
    *,
    campaign: ListOf = None,
    allow_refused: Annotated[
        bool, typer.Option("--allow-refused", help="End with code 0 although rows were refused.")
    ] = False,
    region: Region = None,
    columns: Columns = None,
    encoding: Encoding = None,
    numbers: Numbers = None,
    dry_run: DryRun = False,
    as_csv: AsCsv = False,
    as_json: Json = False,
) -> None:
    """Add the numbers of a CSV file; the good rows are added also when others are refused."""
    from outdial import listing

    refused = await listing.import_file(
        client,
        "/v1/suppressions/import",
        file,
        as_csv=as_csv,
        as_json=as_json,
        campaign_id=campaign,
        default_region=region,
        column=columns,
        encoding=encoding,
        numbers=numbers,
        dry_run=dry_run,
    )
    if refused and not allow_refused:
        raise OutdialError("the refused numbers are not on the list: mend their rows")


@api_command(app)
async def remove(
    client: "Client", number: Number, *, campaign: ListOf = None, as_json: Json = False
) -> None:
    """Take a number off the list; finished contacts stay finished."""
    await client.lift_suppression(number, campaign_id=campaign)
    if as_json:
        typer.echo(json.dumps({"number": number, "campaign_id": campaign, "removed": True}))
        return
    typer.echo(f"{number} is off the list")
