"""`outdial keys list|create|rotate|revoke`: the API keys of the tenant."""

# ruff: noqa: PLC0415 - imported when a command runs: other commands need no HTTP client.

import json
from typing import TYPE_CHECKING, Annotated

import typer

from outdial.access import api_command
from outdial.options import Json, Limit, id_argument

if TYPE_CHECKING:
    from outdial.client import Client

app = typer.Typer(no_args_is_help=True, help="The API keys of the tenant.")

KeyId = Annotated[int, id_argument("KEY", "Its id, as `list` shows it.")]
PATH = "/v1/api-keys"
COLUMNS = ("id", "name", "scopes", "expires_at", "last_used_at", "revoked_at")


@api_command(app, "list")
async def show_all(client: "Client", *, limit: Limit = 100, as_json: Json = False) -> None:
    """List the API keys, newest first; their texts are not stored."""
    from outdial.listing import show

    entries = await client.entries(PATH, limit=limit)
    show(entries, *COLUMNS, as_json=as_json, none=f"no keys of {client.whose}", limit=limit)


@api_command(app)
async def create(
    client: "Client",
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    *,
    scope: Annotated[
        list[str],
        typer.Option(
            "--scope",
            metavar="SCOPE",
            help="read, write, campaigns, contacts, calls, webhooks or admin; once for each.",
        ),
    ],
    network: Annotated[
        list[str] | None,
        typer.Option(
            "--network",
            metavar="CIDR",
            help="From where it may be used, like 192.0.2.0/24; once for each. Default: anywhere.",
        ),
    ] = None,
    expires: Annotated[
        str | None,
        typer.Option(metavar="INSTANT", help="Its end, like 2027-06-30T00:00Z. Default: none."),
    ] = None,
    rate: Annotated[
        int | None,
        typer.Option(
            "--rate",
            min=1,
            metavar="REQUESTS",
            help="The most requests in a minute. Default: the installation's.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make an API key, which is shown this once."""
    made = await client.add(
        PATH,
        {
            "name": name,
            "scopes": scope,
            "networks": network or [],
            "expires_at": expires,
            "requests_per_minute": rate,
        },
    )
    text = f"API key {made['id']} (shown this once): {made['api_key']}"
    typer.echo(json.dumps(made) if as_json else text)


@api_command(app)
async def rotate(
    client: "Client",
    key_id: KeyId,
    *,
    overlap: Annotated[
        int,
        typer.Option(
            min=0,
            metavar="SECONDS",
            help="How long the text of before stays valid; 0 refuses it at once.",
        ),
    ] = 86_400,
    as_json: Json = False,
) -> None:
    """Give a key another text, which is shown this once."""
    from outdial.listing import instant

    rotated = await client.add(f"{PATH}/{key_id}/rotate", {"overlap_seconds": overlap})
    if as_json:
        typer.echo(json.dumps(rotated))
        return
    typer.echo(f"API key {key_id} (shown this once): {rotated['api_key']}")
    typer.echo(f"the text of before is valid until {instant(rotated['previous_valid_until'])}")


@api_command(app)
async def revoke(client: "Client", key_id: KeyId, *, as_json: Json = False) -> None:
    """Refuse a key from now on, for good."""
    revoked = await client.add(f"{PATH}/{key_id}/revoke", {})
    text = f"key {key_id} ({revoked['name']}) is refused from now on"
    typer.echo(json.dumps(revoked) if as_json else text)
