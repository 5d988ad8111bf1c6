"""`outdial erasures add|list|show|watch`: erase what is known of a person."""

# ruff: noqa: PLC0415 - imported when a command runs: other commands need no HTTP client.

import asyncio
import json
from typing import TYPE_CHECKING, Annotated

import typer

from outdial.access import api_command
from outdial.errors import OutdialError
from outdial.imports import ENDED, LOOK_SECONDS
from outdial.options import Json, Limit, id_argument

if TYPE_CHECKING:
    from outdial.client import Client
    from outdial.client import Json as Entry

KIND = "erasure"
WAITS = {
    "import": "a file that was uploaded before to be imported",
    "call": "a call to end",
    "message": "the answer to a text message",
    "event": "an end to be told",
    "edit": "the contacts of an edited campaign to be planned anew",
}

app = typer.Typer(no_args_is_help=True, help="Erase what is known of a person, on request.")

ErasureId = Annotated[int, id_argument("ERASURE", "The id of the erasure.")]
Watch = Annotated[bool, typer.Option("--watch", help="Wait for its end.")]


@api_command(app)
async def add(
    client: "Client",
    number: Annotated[
        str | None, typer.Argument(help="With + and country code, like +12025550123.")
    ] = None,
    *,
    external_id: Annotated[
        str | None,
        typer.Option(help="Instead of a number: all numbers of the contacts with this id."),
    ] = None,
    lift: Annotated[
        bool,
        typer.Option(
            "--lift-suppression",
            help="Let the number be called again afterwards, even after an opt-out.",
        ),
    ] = False,
    watch: Watch = False,
    as_json: Json = False,
) -> None:
    """Erase a person: no call begins from now on, and all that names the person goes."""
    asked = {"number": number, "external_id": external_id, "keep_suppression": not lift}
    begun = await client.add("/v1/erasures", asked)
    if watch:
        begun = await _ended(client, begun["id"])
    report(begun, as_json=as_json)


@api_command(app, "list")
async def show_all(client: "Client", *, limit: Limit = 100, as_json: Json = False) -> None:
    """List erasures, newest first; none names its person."""
    from outdial import listing

    entries = await client.entries("/v1/operations", limit=limit, kind=KIND)
    columns = ("id", "state", "waits_for", "created_at", "ended_at")
    listing.show(entries, *columns, as_json=as_json, none="no erasures", limit=limit)


@api_command(app)
async def show(client: "Client", erasure: ErasureId, *, as_json: Json = False) -> None:
    """Show how far an erasure has come, and what it waits for."""
    report(await client.operation(erasure), as_json=as_json)


@api_command(app)
async def watch(client: "Client", erasure: ErasureId, *, as_json: Json = False) -> None:
    """Wait for the end of an erasure; Ctrl-C leaves it running."""
    report(await _ended(client, erasure), as_json=as_json)


async def _ended(client: "Client", erasure: int) -> "Entry":
    while True:
        found = await client.operation(erasure)
        if found["state"] in ENDED:
            return found
        await asyncio.sleep(LOOK_SECONDS)


def report(found: "Entry", *, as_json: bool) -> None:
    """Print the state of an erasure; ends with 1 if it failed."""
    if as_json:
        typer.echo(json.dumps(found))
    else:
        typer.echo(f"erasure {found['id']} {found['state']}{_more(found)}")
    if found["problem"]:
        raise OutdialError(found["problem"]["detail"])


def _more(found: "Entry") -> str:
    if found["waits_for"]:
        return f", waits for {WAITS[found['waits_for']]}"
    if found["erased"]:
        return ": " + ", ".join(f"{count} {name}" for name, count in found["erased"].items())
    return ""
