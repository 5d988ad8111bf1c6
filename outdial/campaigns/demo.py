"""The demo: starts a stack, runs the sample campaign, sums it up, stops the stack."""

import asyncio
import shutil
import time
from pathlib import Path

from rich.console import Console

from outdial import carrier_log, sample
from outdial.campaigns.progress import Snapshot
from outdial.campaigns.summary import agrees, summary
from outdial.campaigns.watch import launch, watch
from outdial.client import Client
from outdial.errors import OutdialError
from outdial.stack.local_stack import LocalStack
from outdial.stack.ownership import claim, stop_leftovers
from outdial.stack.report import report_ends
from outdial.stack.state import state_file
from outdial.tenants import local_key

console = Console()

NEXT = (
    'next: `make up` starts a stack that stays; then "A campaign by hand" in README.md has the '
    "commands for campaigns of your own"
)


async def run_demo(directory: Path, *, time_scale: float, began_at: float) -> None:
    """`began_at` is the time of the command in seconds since 1970."""
    with claim(directory):
        await stop_leftovers(directory)
        clear(directory)
        stack = LocalStack(
            directory,
            carrier_options=_carrier_options(time_scale),
            report=lambda line: console.print(
                f"{line} ({time.time() - began_at:.1f} s)", style="dim"
            ),
        )
        try:
            await stack.start()
            await run_sample(stack, began_at)
        finally:
            await stack.stop(kill=True)


async def run_sample(stack: LocalStack, began_at: float) -> None:
    console.print(f"API {stack.api_url}, carrier {stack.carrier.url}", highlight=False)
    watchdog = asyncio.create_task(report_ends(stack))
    campaign, contacts = sample.write(stack.directory / "sample")
    try:
        async with Client(stack.api_url, await local_key(stack.directory)) as client:
            campaign_id = await launch(client, campaign, contacts)
            last = await watch(client, campaign_id, until=is_settled, keep_view=False)
    finally:
        watchdog.cancel()
    log = carrier_log.count(stack.carrier_log)
    console.print(summary(last, log))
    if log.first_call_at is not None:
        console.print(f"First call {log.first_call_at - began_at:.1f} s after the command.")
    # Not broken over lines, so that the paths can be copied.
    places = f"Logs are in {stack.directory / 'logs'}, the carrier's in {stack.carrier_log}"
    console.print(places, soft_wrap=True)
    console.print(NEXT, soft_wrap=True, markup=False)
    if not agrees(last, log):
        raise OutdialError("the demo's counts and the carrier's log differ")


def is_settled(snapshot: Snapshot) -> bool:
    return snapshot.is_settled


def clear(directory: Path) -> None:
    """Empty the directory of an earlier demo; refuse a directory with other files."""
    paths = [path for path in directory.iterdir() if path.name != "lock"]
    if paths and not state_file(directory).exists():
        raise OutdialError(f"{directory} has files that no demo made: choose another --dir")
    for path in paths:
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _carrier_options(time_scale: float) -> tuple[str, ...]:
    caps = sample.CAMPAIGN["caps"]
    return (
        *("--time-scale", str(time_scale)),
        *("--max-concurrent", str(caps["max_concurrent"])),
        *("--calls-per-second", str(caps["calls_per_second"])),
    )
