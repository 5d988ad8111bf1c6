"""`outdial why`: why a contact, an attempt or a whole campaign is called or not."""

from pathlib import Path
from uuid import UUID

from rich.console import Console, Group

from outdial import why_view
from outdial.client import Client
from outdial.commands.campaigns import local_api
from outdial.commands.tenants import local_key
from outdial.errors import OutdialError

# What is shown holds names and texts of others: nothing in it is markup.
console = Console(markup=False, highlight=False, emoji=False)


async def why(
    what: str | None, *, campaign: int | None, directory: Path, api: str | None, key: str | None
) -> None:
    if (what is None) == (campaign is None):
        raise OutdialError("give a contact, an attempt or --campaign, and one of them only")
    url = api or local_api(directory)
    async with Client(url, key or await local_key(directory)) as client:
        if campaign is not None:
            shown = why_view.campaign(await client.campaign_why(campaign))
        else:
            shown = await of(client, what or "")
    console.print(shown)


async def of(client: Client, what: str) -> Group:
    """Contacts have numbers, attempts have UUIDs."""
    if what.isascii() and what.isdigit():
        return why_view.contact(await client.contact_why(int(what)))
    try:
        attempt_id = UUID(what)
    except ValueError:
        raise OutdialError(f"{what}: neither a contact's number nor an attempt's UUID") from None
    return why_view.attempt(await client.attempt_why(attempt_id))
