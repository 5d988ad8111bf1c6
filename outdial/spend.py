"""`outdial spend-ceiling`: what the calls of a tenant may cost in a day."""

# ruff: noqa: PLC0415 - imported when a command runs: other commands need no HTTP client.

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from outdial.access import api_command
from outdial.options import Json

if TYPE_CHECKING:
    from outdial.client import Client

PATH = "/v1/spend-ceiling"
FIELDS = ("currency", "per_day", "call_most", "person", "reason", "at")
NONE = "the tenant has no spend ceiling; those of its campaigns are parts of the campaigns"

app = typer.Typer(no_args_is_help=True, help="What all calls of the tenant may cost in a day.")


@api_command(app)
async def show(client: "Client", *, as_json: Json = False) -> None:
    """Show the ceiling; `outdial campaigns show` shows what is spent."""
    _print(await client.spend_ceiling(), as_json=as_json)


@api_command(app, "set")
async def choose(
    client: "Client",
    *,
    currency: Annotated[str, typer.Option(metavar="CODE", help="Of the amounts, like USD.")],
    per_day: Annotated[str, typer.Option(metavar="AMOUNT", help="In a day of UTC, like 500.")],
    call_most: Annotated[
        str,
        typer.Option(metavar="AMOUNT", help="The most that one call may cost: it is reserved."),
    ],
    person: Annotated[str, typer.Option(help="The person who is responsible for the choice.")],
    reason: Annotated[str, typer.Option(help="Why; it is kept with the choice.")],
    as_json: Json = False,
) -> None:
    """Replace the ceiling. Calls wait while it is reached, and go on when it is raised."""
    choice = {"currency": currency, "per_day": per_day, "call_most": call_most}
    chosen = await client.set_spend_ceiling(choice | {"person": person, "reason": reason})
    _print(chosen, as_json=as_json)


@api_command(app)
async def remove(client: "Client", *, as_json: Json = False) -> None:
    """Remove the ceiling; those of campaigns stay."""
    await client.remove_spend_ceiling()
    _print(None, as_json=as_json)


def _print(chosen: dict[str, Any] | None, *, as_json: bool) -> None:
    from outdial.listing import show_one

    if as_json:
        typer.echo(json.dumps(chosen))
    elif chosen is None:
        typer.echo(NONE)
    else:
        show_one(chosen, *FIELDS)
