"""`outdial why`: why a contact, an attempt or a whole campaign is called or not."""

# ruff: noqa: PLC0415 - imported when the command runs: other commands need no HTTP client.

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from outdial.access import api_command
from outdial.errors import OutdialError
from outdial.options import Json, id_option

if TYPE_CHECKING:
    from rich.console import Group

    from outdial.client import Client
    from outdial.client import Json as Answer

app = typer.Typer()


@api_command(app)
async def why(
    client: "Client",
    subject: Annotated[
        str | None,
        typer.Argument(metavar="CONTACT|ATTEMPT", help="A contact's id, or an attempt's UUID."),
    ] = None,
    *,
    campaign: Annotated[
        int | None, id_option("--campaign", "Why the contacts of a campaign wait.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say why a contact or an attempt is called or not, by which rule, and when it may be next."""
    from rich.console import Console

    if (subject is None) == (campaign is None):
        raise OutdialError("give a contact, an attempt or --campaign, and one of them only")
    answer, shown = await _answer(client, subject or "", campaign)
    if as_json:
        typer.echo(json.dumps(answer))
        return
    # The answer contains names and texts of other people: nothing in it is markup.
    Console(markup=False, highlight=False, emoji=False).print(shown(answer))


async def _answer(
    client: "Client", subject: str, campaign: int | None
) -> "tuple[Answer, Callable[[Answer], Group]]":
    """The answer, and the function that shows it. Contacts have numbers, attempts have UUIDs."""
    from outdial.why import view

    if campaign is not None:
        return await client.campaign_why(campaign), view.campaign
    if subject.isascii() and subject.isdigit():
        return await client.contact_why(int(subject)), view.contact
    try:
        attempt_id = UUID(subject)
    except ValueError:
        raise OutdialError(f"{subject}: neither a contact's id nor an attempt's UUID") from None
    return await client.attempt_why(attempt_id), view.attempt
