"""`outdial run`: a campaign from two files, watched until it is done."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.live import Live

from outdial.client import Client, Json
from outdial.commands.tenants import local_key
from outdial.errors import OutdialError
from outdial.progress import CallRate, Snapshot, view
from outdial.stack import state as states

REFRESH_SECONDS = 0.5
SHOWN_ERRORS = 10

console = Console()


async def run(
    campaign: Path, contacts: Path, *, directory: Path, api: str | None, key: str | None
) -> None:
    url = api or local_api(directory)
    async with Client(url, key or await local_key(directory)) as client:
        campaign_id = await launch(client, campaign, contacts)
        try:
            await watch(client, campaign_id, until=lambda snapshot: snapshot.is_over)
        except asyncio.CancelledError:
            console.print(f"campaign {campaign_id} goes on without this window")
            raise


async def launch(client: Client, campaign: Path, contacts: Path) -> int:
    """Create, import, start; the campaign's id."""
    created = await client.create_campaign(_read(campaign))
    campaign_id = int(created["id"])
    report_import(await client.import_contacts(campaign_id, contacts))
    await client.start(campaign_id)
    console.print(f"campaign {campaign_id} is started: {created['name']}")
    return campaign_id


async def watch(
    client: Client,
    campaign_id: int,
    *,
    until: Callable[[Snapshot], bool],
    keep_view: bool = True,
) -> Snapshot:
    """Show what happens until it is over, or `until` holds on two readings running."""
    rate, held = CallRate(), False
    with Live(console=console, auto_refresh=False, transient=not keep_view) as live:
        while True:
            snapshot = await look(client, campaign_id)
            live.update(view(snapshot, calls_per_second=rate.after(snapshot)), refresh=True)
            holds = until(snapshot)
            if snapshot.is_over or (holds and held):
                return snapshot
            held = holds
            await asyncio.sleep(REFRESH_SECONDS)


async def look(client: Client, campaign_id: int) -> Snapshot:
    campaign = await client.campaign(campaign_id)
    counters = await client.counters(campaign_id)
    waiting = await client.waiting(campaign_id)
    return Snapshot(
        at=datetime.now(UTC), state=campaign["state"], counters=counters, waiting=waiting
    )


def report_import(report: Json) -> None:
    console.print(
        f"{report['imported']} contacts imported, {report['duplicates']} duplicates, "
        f"{report['rejected']} rejected"
    )
    for error in report["errors"][:SHOWN_ERRORS]:
        field = f", {error['field']}" if error["field"] else ""
        reason = error["reason"].replace("_", " ")
        console.print(f"  line {error['line']}{field}: {reason}", markup=False, highlight=False)
    if len(report["errors"]) > SHOWN_ERRORS:
        console.print(f"  and {len(report['errors']) - SHOWN_ERRORS} more")


def local_api(directory: Path) -> str:
    state = states.load(directory)
    if state is None or not state.is_alive or "api" not in state.addresses:
        raise OutdialError(
            f"no stack runs in {directory}: start one with `outdial up --detach`, "
            "or give --api and --key"
        )
    return state.addresses["api"]


def _read(campaign: Path) -> Json:
    try:
        definition = json.loads(campaign.read_bytes())
    except ValueError as error:
        raise OutdialError(f"{campaign} is not JSON: {error}") from error
    if not isinstance(definition, dict):
        raise OutdialError(f"{campaign} is not a JSON object")
    return definition
