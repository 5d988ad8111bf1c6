"""`outdial destinations`: the kinds of numbers and the countries that a tenant calls."""

# ruff: noqa: PLC0415 - imported when a command runs: other commands need no HTTP client.

import json
from typing import TYPE_CHECKING, Annotated

import typer

from outdial.access import api_command
from outdial.options import Json

if TYPE_CHECKING:
    from outdial.client import Client

FIELDS = (
    "allowed_kinds",
    "refused_kinds",
    "allowed_countries",
    "blocked_countries",
    "person",
    "reason",
    "at",
)

app = typer.Typer(
    no_args_is_help=True,
    help="The kinds of numbers and the countries that are called, at imports and at the dial.",
)


@api_command(app)
async def show(client: "Client", *, as_json: Json = False) -> None:
    """Show which numbers are called."""
    from outdial.listing import show_one

    chosen = await client.destinations()
    if as_json:
        typer.echo(json.dumps(chosen))
    else:
        show_one(chosen, *FIELDS)


@api_command(app, "set")
async def choose(
    client: "Client",
    *,
    person: Annotated[str, typer.Option(help="The person who is responsible for the choice.")],
    reason: Annotated[str, typer.Option(help="Why; it is kept with the choice.")],
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="COUNTRY", help="Call this country, and no other that is not named."),
    ] = None,
    block: Annotated[
        list[str] | None,
        typer.Option(metavar="COUNTRY", help="Never call this country; call all others."),
    ] = None,
    allow: Annotated[
        list[str] | None,
        typer.Option(metavar="KIND", help="Call numbers of this kind, like shared_cost."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Replace the whole choice. Give --only, --block and --allow once for each name."""
    from outdial.listing import show_one

    chosen = await client.choose_destinations(
        {
            "allowed_kinds": allow or [],
            "allowed_countries": only or None,
            "blocked_countries": block or [],
            "person": person,
            "reason": reason,
        }
    )
    if as_json:
        typer.echo(json.dumps(chosen))
    else:
        show_one(chosen, *FIELDS)


@api_command(app)
async def reset(client: "Client", *, as_json: Json = False) -> None:
    """Go back to the default: all countries, and no costly kind of number."""
    await client.reset_destinations()
    text = "all countries are called, and no costly kind of number"
    typer.echo(json.dumps(await client.destinations()) if as_json else text)
