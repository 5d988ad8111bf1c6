"""`outdial demo`: up, the sample campaign, a summary, down."""

import asyncio
import shutil
import time
from pathlib import Path

from rich.console import Console

from outdial import carrier_log, sample
from outdial.client import Client
from outdial.commands.campaigns import launch, watch
from outdial.commands.stack import report_ends
from outdial.commands.tenants import local_key
from outdial.errors import OutdialError
from outdial.progress import Snapshot
from outdial.stack.local_stack import LocalStack
from outdial.stack.ownership import claim, stop_leftovers
from outdial.stack.state import state_file
from outdial.summary import agrees, summary

console = Console()


async def demo(directory: Path, *, time_scale: float, began_at: float) -> None:
    """`began_at`, seconds since 1970, is when the command was given."""
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
            await play(stack, began_at)
        finally:
            await stack.stop(kill=True)


async def play(stack: LocalStack, began_at: float) -> None:
    console.print(f"API {stack.api_url}, carrier {stack.carrier.url}", highlight=False)
    watchdog = asyncio.create_task(report_ends(stack))
    campaign, contacts = sample.write(stack.directory / "sample")
    try:
        async with Client(stack.api_url, await local_key(stack.directory)) as client:
            campaign_id = await launch(client, campaign, contacts)
            last = await watch(client, campaign_id, until=is_settled, keep_view=False)
    finally:
        watchdog.cancel()
    seen = carrier_log.count(stack.carrier_log)
    console.print(summary(last, seen))
    if seen.first_call_at is not None:
        console.print(f"First call {seen.first_call_at - began_at:.1f} s after the command.")
    console.print(f"Logs are in {stack.directory / 'logs'}, the carrier's in {stack.carrier_log}")
    if not agrees(last, seen):
        raise OutdialError("the demo's counts and the carrier's log differ")


def is_settled(snapshot: Snapshot) -> bool:
    return snapshot.is_settled


def clear(directory: Path) -> None:
    """Each demo begins with nothing; only a directory that a demo made is emptied."""
    found = [path for path in directory.iterdir() if path.name != "lock"]
    if found and not state_file(directory).exists():
        raise OutdialError(f"{directory} holds something else than a demo: choose another --dir")
    for path in found:
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _carrier_options(time_scale: float) -> tuple[str, ...]:
    caps = sample.CAMPAIGN["caps"]
    return (
        *("--time-scale", str(time_scale)),
        *("--max-concurrent", str(caps["max_concurrent"])),
        *("--calls-per-second", str(caps["calls_per_second"])),
    )
