"""`outdial run`, `outdial watch` and `outdial demo`."""

# ruff: noqa: PLC0415 - imported when a command runs: other commands need no HTTP client.

import asyncio
import os
import time
from typing import TYPE_CHECKING, Annotated

import typer

from outdial.access import api_command
from outdial.campaigns import daily
from outdial.interrupts import interruptible
from outdial.options import (
    DEFAULT_DIRECTORY,
    CampaignFile,
    CampaignId,
    Columns,
    ContactsFile,
    Directory,
    Json,
    Numbers,
    TimeScale,
)

if TYPE_CHECKING:
    from outdial.client import Client

STARTED_AT = time.time()

app = typer.Typer()


@api_command(app)
async def run(
    client: "Client",
    campaign: CampaignFile,
    contacts: ContactsFile,
    *,
    allow_refused: Annotated[
        bool,
        typer.Option("--allow-refused", help="Call the other contacts if rows are refused."),
    ] = False,
    columns: Columns = None,
    numbers: Numbers = None,
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Return after the start, without watching.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Create a campaign, import its contacts, start it and watch it until it is done.

    Both files are checked first: if one has a fault, nothing is created.
    """
    from outdial.campaigns.files import check
    from outdial.campaigns.watch import launch

    check(campaign, contacts, columns=columns, numbers=numbers, allow_refused=allow_refused)
    typer.echo(f"as {client.whose}, at {client.url}", err=True)
    campaign_id = await launch(
        client,
        campaign,
        contacts,
        as_json=as_json,
        on_error="keep" if allow_refused else "refuse",
        column=columns,
        numbers=numbers,
    )
    if detach:
        typer.echo(f"next: outdial watch {campaign_id}", err=True)
        return
    await _show_until_over(client, campaign_id, as_json=as_json)


@api_command(app)
async def watch(client: "Client", campaign: CampaignId, *, as_json: Json = False) -> None:
    """Show how a campaign goes on until it is done; on a terminal live, else as lines."""
    await _show_until_over(client, campaign, as_json=as_json)


# The same command among those of campaigns, where one looks for it.
api_command(daily.app, "watch")(watch)


@app.command()
@interruptible
async def demo(
    *, directory: Directory = DEFAULT_DIRECTORY / "demo", time_scale: TimeScale = 0.05
) -> None:
    """Run the sample campaign on a local stack of its own, sum it up, and stop everything."""
    from outdial.campaigns.demo import run_demo

    # `make demo` counts its seconds from its own start.
    began_at = float(os.environ.get("OUTDIAL_DEMO_BEGAN_AT") or STARTED_AT)
    await run_demo(directory, time_scale=time_scale, began_at=began_at)


async def _show_until_over(client: "Client", campaign_id: int, *, as_json: bool = False) -> None:
    from outdial.campaigns.watch import watch

    try:
        await watch(client, campaign_id, until=lambda snapshot: snapshot.is_over, as_json=as_json)
    except asyncio.CancelledError:
        typer.echo(
            f"campaign {campaign_id} goes on: `outdial watch {campaign_id}` shows it again, "
            f"`outdial campaigns pause {campaign_id}` stops its calls",
            err=True,
        )
        raise
    typer.echo(
        f"results: `outdial contacts list {campaign_id} --csv` has each contact with its outcome, "
        f"`outdial attempts list {campaign_id}` its calls",
        err=True,
    )
