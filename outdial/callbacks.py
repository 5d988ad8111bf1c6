"""`outdial callbacks list`: the contacts that asked to be called at a time."""

# ruff: noqa: PLC0415 - imported when a command runs: other commands need no HTTP client.

from typing import TYPE_CHECKING, Annotated

import typer

from outdial.access import api_command
from outdial.options import Json, Limit, id_option

if TYPE_CHECKING:
    from outdial.client import Client

COLUMNS = ("contact_id", "campaign_id", "number", "external_id", "at", "zones")

app = typer.Typer(no_args_is_help=True, help="Contacts that asked to be called at a time.")


@app.callback()
def callbacks() -> None:
    """Keep `list` a word of its own, although it is the only command here."""


@api_command(app, "list")
async def show_all(
    client: "Client",
    *,
    campaign: Annotated[int | None, id_option("--campaign", "Those of one campaign.")] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Those from this time on.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="Those before this time.")
    ] = None,
    limit: Limit = 100,
    as_json: Json = False,
) -> None:
    """List callbacks, the earliest first."""
    from outdial.listing import show
    from outdial.terminal import instant_of

    entries = await client.entries(
        "/v1/callbacks",
        limit=limit,
        campaign_id=campaign,
        since=since and instant_of("--since", since).isoformat(),
        until=until and instant_of("--until", until).isoformat(),
    )
    show(entries, *COLUMNS, as_json=as_json, none="no callbacks", limit=limit)
