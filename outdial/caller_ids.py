"""`outdial caller-ids`: the numbers that calls may show."""

# ruff: noqa: PLC0415 - imported when a command runs: other commands need no HTTP client.

import json
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer

from outdial.access import api_command
from outdial.options import Json, Limit

if TYPE_CHECKING:
    from outdial.client import Client

app = typer.Typer(no_args_is_help=True, help="Caller IDs: the numbers that calls may show.")

Number = Annotated[str, typer.Argument(help="With its country code, like +12025550100.")]
PATH = "/v1/caller-ids"
COLUMNS = ("number", "state", "created_at")


@api_command(app, "list")
async def show_all(client: "Client", *, limit: Limit = 100, as_json: Json = False) -> None:
    """List the caller IDs in order of the numbers."""
    from outdial.listing import show

    entries = await client.entries(PATH, limit=limit)
    none = f"no caller IDs of {client.whose}"
    show(entries, *COLUMNS, as_json=as_json, none=none, limit=limit)


@api_command(app)
async def add(client: "Client", number: Number, *, as_json: Json = False) -> None:
    """Add a number that belongs to you; campaigns may show it from now on."""
    added = await client.add(PATH, {"number": number})
    text = f'{added["number"]} is a caller ID; a campaign shows it by "caller_id"'
    typer.echo(json.dumps(added) if as_json else text)


@api_command(app)
async def activate(client: "Client", number: Number, *, as_json: Json = False) -> None:
    """Let calls show it again."""
    await _set_state(client, number, "active", as_json=as_json)


@api_command(app)
async def deactivate(client: "Client", number: Number, *, as_json: Json = False) -> None:
    """Let no call show it; contacts of campaigns that name it wait."""
    await _set_state(client, number, "inactive", as_json=as_json)


@api_command(app)
async def delete(client: "Client", number: Number, *, as_json: Json = False) -> None:
    """Delete a caller ID that no campaign shows any more."""
    await client.delete(f"{PATH}/{quote(number, safe='')}")
    deleted = {"number": number, "deleted": True}
    typer.echo(json.dumps(deleted) if as_json else f"{number} is no caller ID any more")


async def _set_state(client: "Client", number: str, state: str, *, as_json: bool) -> None:
    changed = await client.change(f"{PATH}/{quote(number, safe='')}", {"state": state})
    typer.echo(json.dumps(changed) if as_json else f"{changed['number']} is {changed['state']}")
