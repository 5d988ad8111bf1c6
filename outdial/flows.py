"""`outdial flows`: call flows, which say what callees hear and may press."""

# ruff: noqa: PLC0415 - imported when a command runs: other commands need no HTTP client.

import json
from typing import TYPE_CHECKING, Annotated

import typer

from outdial.access import api_command
from outdial.options import FlowFile, Json, Limit, id_argument, whole_number

if TYPE_CHECKING:
    from outdial.client import Client

app = typer.Typer(no_args_is_help=True, help="Call flows: what callees hear and may press.")

FlowId = Annotated[int, id_argument("FLOW", "As `list` shows it.")]
PATH = "/v1/call-flows"
COLUMNS = ("id", "name", "version", "created_at")


@api_command(app, "list")
async def show_all(client: "Client", *, limit: Limit = 100, as_json: Json = False) -> None:
    """List the call flows in their newest versions, newest flow first."""
    from outdial.listing import show

    entries = await client.entries(PATH, limit=limit)
    none = f"no call flows of {client.whose}"
    show(entries, *COLUMNS, as_json=as_json, none=none, limit=limit)


@api_command(app)
async def versions(
    client: "Client", flow: FlowId, *, limit: Limit = 100, as_json: Json = False
) -> None:
    """List the versions of a call flow, newest first."""
    from outdial.listing import show

    entries = await client.entries(f"{PATH}/{flow}/versions", limit=limit)
    show(entries, *COLUMNS, as_json=as_json, none="no versions", limit=limit)


@api_command(app, "show")
async def show_one(
    client: "Client",
    flow: FlowId,
    *,
    version: Annotated[
        int | None,
        typer.Option(metavar="N", parser=whole_number, help="One version. Default: the newest."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Print a call flow as JSON, in the form that `create` and `edit` read; --json: all of it."""
    path = f"{PATH}/{flow}"
    found = await client.show(path if version is None else f"{path}/versions/{version}")
    typer.echo(
        json.dumps(found) if as_json else json.dumps(found["flow"], indent=2, ensure_ascii=False)
    )


@api_command(app)
async def create(
    client: "Client",
    name: Annotated[str, typer.Argument(help="The name by which campaigns play it.")],
    flow: FlowFile,
    *,
    as_json: Json = False,
) -> None:
    """Make a call flow from a file of JSON; each fault of it is named."""
    from outdial.json_file import read_object

    made = await client.add(PATH, {"name": name, "flow": read_object(flow)})
    if as_json:
        typer.echo(json.dumps(made))
        return
    typer.echo(f"call flow {made['id']} is made: {made['name']}, version 1")
    typer.echo(f'a campaign plays it by "call_flow": {{"name": "{made["name"]}"}}')


@api_command(app)
async def edit(client: "Client", flow: FlowId, file: FlowFile, *, as_json: Json = False) -> None:
    """Make a new version; campaigns that were started keep theirs, drafts play the new one."""
    from outdial.json_file import read_object

    changed = await client.change(f"{PATH}/{flow}", {"flow": read_object(file)})
    text = f"call flow {flow} is at version {changed['version']}"
    typer.echo(json.dumps(changed) if as_json else text)


@api_command(app)
async def delete(client: "Client", flow: FlowId, *, as_json: Json = False) -> None:
    """Delete a call flow that no campaign plays any more; its versions stay as a record."""
    await client.delete(f"{PATH}/{flow}")
    deleted = {"call_flow_id": flow, "deleted": True}
    typer.echo(json.dumps(deleted) if as_json else f"call flow {flow} is deleted")
