"""`outdial audit`: who changed what over the API."""

# ruff: noqa: PLC0415 - imported when a command runs: other commands need no HTTP client.

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from outdial.access import api_command
from outdial.options import Json, Limit, id_option

if TYPE_CHECKING:
    from outdial.client import Client

app = typer.Typer(no_args_is_help=True, help="Who changed what over the API.")

COLUMNS = ("at", "api_key_name", "operation", "kind", "resource_id", "address", "request_id")


@api_command(app, "list")
async def show_entries(
    client: "Client",
    *,
    resource: Annotated[
        str | None, typer.Option(help="A kind like `campaigns`, or one like `campaigns/17`.")
    ] = None,
    api_key: Annotated[int | None, id_option("--api-key", "Changes with one API key.")] = None,
    since: Annotated[datetime | None, typer.Option(help="Changes since this time, in UTC.")] = None,
    limit: Limit = 100,
    as_json: Json = False,
) -> None:
    """List the changes, newest first. `--json` shows the fields before and after, too."""
    from outdial.listing import show

    entries = await client.entries(
        "/v1/audit-log",
        limit=limit,
        resource=resource,
        api_key_id=api_key,
        since=None if since is None else f"{since.isoformat()}Z",
    )
    show(entries, *COLUMNS, as_json=as_json, none="no changes", limit=limit)
