"""`outdial dialect credentials NAME`: what a client of a vendor's API needs to use Outdial."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from outdial.access import api_command
from outdial.options import Json

if TYPE_CHECKING:
    from outdial.client import Client

app = typer.Typer(no_args_is_help=True, help="Clients that were written for another vendor's API.")


@app.callback()
def group() -> None:
    """Keep `credentials` a command of its own although it is the only one."""


@api_command(app)
async def credentials(
    client: "Client",
    name: Annotated[str, typer.Argument(metavar="NAME", help="The vendor, like wavix.")],
    *,
    key_name: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What the key is for. Default: the vendor.")
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(help="The purpose of its calls, like informational. Default: solicitation."),
    ] = None,
    live: Annotated[
        bool, typer.Option("--live", help="No recorded or artificial voice is heard.")
    ] = False,
    trunk: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of Wavix's calls. Default: default.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make an API key for such a client, and list its base URL and the ids that it may name."""
    given = {"kind": kind, "automated": False if live else None, "trunk": trunk}
    calls = {part: value for part, value in given.items() if value is not None}
    wanted = {"dialect": name, "name": key_name, "calls": calls}
    made = await client.add("/v1/dialect-credentials", wanted)
    typer.echo(json.dumps(made) if as_json else _text(made))


def _text(made: dict[str, Any]) -> str:
    lines = [
        f"base URL: {made['base_url']}",
        f"API key {made['api_key_id']} (shown this once): {made['api_key']}",
    ]
    for kind, ids in made["ids"].items():
        lines += [f"{kind} of {name}: {own}" for name, own in ids.items()] or [f"{kind}: none yet"]
    return "\n".join(lines)
