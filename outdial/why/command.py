"""`outdial why`: why a contact, an attempt or a whole campaign is called or not."""

# ruff: noqa: PLC0415 - imported when the command runs: other commands need no HTTP client.

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from outdial.errors import OutdialError
from outdial.interrupts import interruptible
from outdial.options import DEFAULT_DIRECTORY, Api, Directory, Key

if TYPE_CHECKING:
    from rich.console import Group

    from outdial.client import Client

app = typer.Typer()


@app.command()
@interruptible
async def why(
    subject: Annotated[
        str | None, typer.Argument(metavar="CONTACT|ATTEMPT", help="A number, or a UUID.")
    ] = None,
    *,
    campaign: Annotated[
        int | None, typer.Option(metavar="ID", help="Why the contacts of a campaign wait.")
    ] = None,
    directory: Directory = DEFAULT_DIRECTORY,
    api: Api = None,
    key: Key = None,
) -> None:
    """Say why a contact or an attempt is called or not, by which rule, and when it may be next."""
    from rich.console import Console

    from outdial.client import Client
    from outdial.stack.addresses import api_url
    from outdial.tenants import local_key
    from outdial.why import view

    if (subject is None) == (campaign is None):
        raise OutdialError("give a contact, an attempt or --campaign, and one of them only")
    url = api or api_url(directory)
    async with Client(url, key or await local_key(directory)) as client:
        if campaign is not None:
            answer = view.campaign(await client.campaign_why(campaign))
        else:
            answer = await answer_about(client, subject or "")
    # The answer contains names and texts of other people: nothing in it is markup.
    Console(markup=False, highlight=False, emoji=False).print(answer)


async def answer_about(client: "Client", subject: str) -> "Group":
    """Contacts have numbers, attempts have UUIDs."""
    from outdial.why import view

    if subject.isascii() and subject.isdigit():
        return view.contact(await client.contact_why(int(subject)))
    try:
        attempt_id = UUID(subject)
    except ValueError:
        raise OutdialError(f"{subject}: neither a contact's number nor an attempt's UUID") from None
    return view.attempt(await client.attempt_why(attempt_id))
