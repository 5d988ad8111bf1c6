"""`outdial sms`, `outdial sms-senders`: text messages, and who may send them."""

# ruff: noqa: PLC0415 - imported when a command runs: other commands need no HTTP client.

import json
from typing import TYPE_CHECKING, Annotated

import typer

from outdial.access import api_command
from outdial.options import Json, Limit, id_argument, id_option

if TYPE_CHECKING:
    from outdial.client import Client

app = typer.Typer(no_args_is_help=True, help="Text messages that campaigns sent.")
senders = typer.Typer(
    no_args_is_help=True, help="The numbers and names that may send text messages."
)

SenderId = Annotated[int, id_argument("SENDER_ID", "As `list` shows it.")]
PATH = "/v1/sms-senders"
COLUMNS = ("id", "sender", "trunk", "state", "created_at")


@api_command(app, "list")
async def show_messages(
    client: "Client",
    *,
    campaign: Annotated[int | None, id_option("--campaign", "Those of one campaign.")] = None,
    contact: Annotated[int | None, id_option("--contact", "Those to one contact.")] = None,
    limit: Limit = 100,
    as_json: Json = False,
) -> None:
    """List text messages with their states, newest first."""
    from outdial.listing import show

    entries = await client.entries(
        "/v1/sms-messages", limit=limit, campaign_id=campaign, contact_id=contact
    )
    columns = ("campaign_id", "contact_id", "step", "sender", "state", "reason", "queued_at")
    show(entries, *columns, as_json=as_json, none="no text messages", limit=limit)


@api_command(senders, "list")
async def show_senders(client: "Client", *, limit: Limit = 100, as_json: Json = False) -> None:
    """List the senders, newest first."""
    from outdial.listing import show

    entries = await client.entries(PATH, limit=limit)
    none = f"no SMS senders of {client.whose}"
    show(entries, *COLUMNS, as_json=as_json, none=none, limit=limit)


@api_command(senders)
async def add(
    client: "Client",
    sender: Annotated[
        str, typer.Argument(help="Like +12025550100, or a name of up to 11 letters and digits.")
    ],
    *,
    trunk: Annotated[str, typer.Option(help="The trunk that sends its messages.")] = "default",
    as_json: Json = False,
) -> None:
    """Add a sender; campaigns name it as `sms.sender`."""
    added = await client.add(PATH, {"sender": sender, "trunk": trunk})
    text = f"SMS sender {added['id']}: {added['sender']} over the trunk {added['trunk']}"
    typer.echo(json.dumps(added) if as_json else text)


@api_command(senders)
async def activate(client: "Client", sender: SenderId, *, as_json: Json = False) -> None:
    """Let a sender send messages again."""
    await _move(client, sender, "active", as_json=as_json)


@api_command(senders)
async def deactivate(client: "Client", sender: SenderId, *, as_json: Json = False) -> None:
    """Let a sender send no message from now on; those that wait fail."""
    await _move(client, sender, "inactive", as_json=as_json)


@api_command(senders)
async def delete(client: "Client", sender: SenderId, *, as_json: Json = False) -> None:
    """Delete a sender that has sent nothing and that no campaign names any more."""
    await client.delete(f"{PATH}/{sender}")
    deleted = {"sms_sender_id": sender, "deleted": True}
    typer.echo(json.dumps(deleted) if as_json else f"SMS sender {sender} is deleted")


async def _move(client: "Client", sender: int, state: str, *, as_json: bool) -> None:
    changed = await client.change(f"{PATH}/{sender}", {"state": state})
    typer.echo(json.dumps(changed) if as_json else f"SMS sender {sender} is {state}")
