"""`outdial run` and `outdial demo`."""

# ruff: noqa: PLC0415 - imported when a command runs: other commands need no HTTP client.

import asyncio
import os
import time

import typer

from outdial.interrupts import interruptible
from outdial.options import DEFAULT_DIRECTORY, Api, Directory, ExistingFile, Key, TimeScale

STARTED_AT = time.time()

app = typer.Typer()


@app.command()
@interruptible
async def run(
    campaign: ExistingFile,
    contacts: ExistingFile,
    *,
    directory: Directory = DEFAULT_DIRECTORY,
    api: Api = None,
    key: Key = None,
) -> None:
    """Create a campaign, import its contacts, start it and watch it until it is done."""
    from outdial.campaigns.watch import launch, watch
    from outdial.client import Client
    from outdial.stack.addresses import api_url
    from outdial.tenants import local_key

    url = api or api_url(directory)
    async with Client(url, key or await local_key(directory)) as client:
        campaign_id = await launch(client, campaign, contacts)
        try:
            await watch(client, campaign_id, until=lambda snapshot: snapshot.is_over)
        except asyncio.CancelledError:
            typer.echo(f"campaign {campaign_id} goes on without this window")
            raise


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
