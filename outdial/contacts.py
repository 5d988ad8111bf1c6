"""`outdial contacts import|list|find|show|delete`: the people, and what came of each."""

# ruff: noqa: PLC0415 - imported when a command runs: other commands need no HTTP client.

import json
from typing import TYPE_CHECKING, Annotated

import typer

from outdial.access import api_command
from outdial.errors import OutdialError
from outdial.options import (
    AllowRefused,
    AsCsv,
    CampaignId,
    Columns,
    ContactsFile,
    Delimiter,
    DryRun,
    Encoding,
    Header,
    Json,
    Limit,
    Numbers,
    id_argument,
)

if TYPE_CHECKING:
    from outdial.client import Client
    from outdial.client import Json as Entry

# The parts of a contact that a file of results has.
RESULT = (
    "number",
    "id",
    "external_id",
    "state",
    "outcome",
    "attempts",
    "zones",
    "not_before",
    "waits_for",
    "attributes",
    "numbers",
    "next_number",
)

app = typer.Typer(no_args_is_help=True, help="The people of a campaign, and what came of each.")


@api_command(app, "import")
async def import_file(
    client: "Client",
    campaign: CampaignId,
    file: ContactsFile,
    *,
    allow_refused: AllowRefused = False,
    columns: Columns = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    header: Header = None,
    numbers: Numbers = None,
    on_duplicate: Annotated[
        str | None,
        typer.Option(
            help="Of a number that is there already: skip the row, update the contact with what "
            "the row says, or refuse the row. Default: skip."
        ),
    ] = None,
    detach: Annotated[
        bool,
        typer.Option("--detach", help="End when the file is uploaded; see `outdial imports`."),
    ] = False,
    watch: Annotated[
        bool,
        typer.Option("--watch", help="Import a large file in batches, and say how far it is."),
    ] = False,
    dry_run: DryRun = False,
    as_csv: AsCsv = False,
    as_json: Json = False,
) -> None:
    """Add the contacts of a file to a campaign; one refused row refuses the whole file."""
    from outdial import imports, listing
    from outdial.client import ApiError, contacts_import

    parameters = {
        # A dry run reports each row, also when it would refuse the file.
        "on_error": "keep" if allow_refused or dry_run else "refuse",
        "on_duplicate": on_duplicate,
        "column": columns,
        "encoding": encoding,
        "delimiter": delimiter,
        "header": header,
        "numbers": numbers,
        "dry_run": dry_run,
    }
    if detach or watch:
        begun = await client.begin_import(contacts_import(campaign), file, **parameters)
        if detach:
            typer.echo(json.dumps(begun) if as_json else f"import {begun['id']} is queued")
        else:
            await imports.follow(client, begun["id"], allow_refused=allow_refused, as_json=as_json)
        return
    try:
        refused = await listing.import_file(
            client, contacts_import(campaign), file, as_csv=as_csv, as_json=as_json, **parameters
        )
    except ApiError as error:
        if error.code != "rows_refused":
            raise
        raise OutdialError(
            f"{error}\nMend the file, or import the other rows with --allow-refused; "
            "--dry-run --csv lists each refused row"
        ) from error
    if refused and not allow_refused:
        raise typer.Exit(1)


@api_command(app, "list")
async def show_all(
    client: "Client",
    campaign: CampaignId,
    *,
    state: Annotated[
        str | None, typer.Option(help="Only those in this state: pending, active or finished.")
    ] = None,
    limit: Limit = 100,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print all of them as CSV, for a spreadsheet.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List the contacts of a campaign with their outcomes, always in order of their numbers."""
    from outdial import listing

    path = f"/v1/campaigns/{campaign}/contacts"
    if as_csv:
        await listing.write_csv(client.every(path, state=state), *RESULT)
        return
    entries = await client.entries(path, limit=limit, state=state)
    if not as_json:
        entries = [*map(_with_live, entries)]
    columns = ("number", "id", "external_id", "state", "outcome", "attempts", "zones")
    none = f"campaign {campaign} has no such contacts"
    listing.show(entries, *columns, as_json=as_json, none=none, limit=limit)


@api_command(app)
async def find(
    client: "Client",
    *,
    number: Annotated[str | None, typer.Option(help="Like +12025550123.")] = None,
    external_id: Annotated[str | None, typer.Option("--external-id", help="Your own id.")] = None,
    limit: Limit = 100,
    as_json: Json = False,
) -> None:
    """Find contacts of all campaigns by number, by your own id or by both."""
    from outdial import listing

    entries = await client.entries(
        "/v1/contacts", limit=limit, number=number, external_id=external_id
    )
    columns = ("id", "campaign_id", "number", "external_id", "state", "outcome", "attempts")
    listing.show(entries, *columns, as_json=as_json, none="no such contacts", limit=limit)


@api_command(app)
async def delete(
    client: "Client",
    contact: Annotated[int, id_argument("CONTACT", "The contact's id.")],
    *,
    as_json: Json = False,
) -> None:
    """Delete a contact that is not in a call; its campaign no longer counts it."""
    await client.delete(f"/v1/contacts/{contact}")
    deleted = {"contact_id": contact, "deleted": True}
    typer.echo(json.dumps(deleted) if as_json else f"contact {contact} is deleted")


@api_command(app)
async def show(
    client: "Client",
    contact: Annotated[int, id_argument("CONTACT", "The contact's id.")],
    *,
    as_json: Json = False,
) -> None:
    """Show one contact and its attempts."""
    from outdial import listing
    from outdial.attempts import COLUMNS

    found = await client.contact(contact)
    attempts = await client.attempts_of_contact(contact)
    if as_json:
        typer.echo(json.dumps({**found, "attempts_made": attempts}))
        return
    listing.show_one(_with_live(found), "campaign_id", *RESULT)
    typer.echo()
    listing.show(attempts, *COLUMNS, as_json=False, none="no attempts yet")
    typer.echo(f"\n`outdial why {contact}` says why it is called or not", err=True)


def _with_live(contact: "Entry") -> "Entry":
    """Its attempts in words: one that has not ended is not counted yet."""
    if contact["state"] != "active":
        return contact
    return {**contact, "attempts": f"{contact['attempts']}, 1 under way"}
