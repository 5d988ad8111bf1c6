"""`outdial attempts list`: the calls of a campaign or of one contact."""

# ruff: noqa: PLC0415 - imported when a command runs: other commands need no HTTP client.

from typing import TYPE_CHECKING, Annotated

import typer

from outdial.access import api_command
from outdial.errors import OutdialError
from outdial.options import Json, Limit, id_argument, id_option

if TYPE_CHECKING:
    from outdial.client import Client

COLUMNS = ("id", "contact_id", "number", "state", "outcome", "reason", "placed_at", "ended_at")

app = typer.Typer(no_args_is_help=True, help="The planned and placed calls.")


@app.callback()
def attempts() -> None:
    """Keep `list` a word of its own, although it is the only command here."""


@api_command(app, "list")
async def show_all(
    client: "Client",
    campaign: Annotated[int | None, id_argument("CAMPAIGN", "The campaign's id.")] = None,
    *,
    contact: Annotated[int | None, id_option("--contact", "Those of one contact instead.")] = None,
    limit: Limit = 100,
    as_json: Json = False,
) -> None:
    """List attempts, oldest first; `number` is which attempt at its contact it is."""
    from outdial.listing import show

    if contact is not None:
        entries = (await client.attempts_of_contact(contact))[:limit]
    elif campaign is not None:
        entries = await client.entries(f"/v1/campaigns/{campaign}/attempts", limit=limit)
    else:
        raise OutdialError("give a campaign, or a contact with --contact")
    show(entries, *COLUMNS, as_json=as_json, none="no attempts yet", limit=limit)
