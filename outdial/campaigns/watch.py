"""Creates and starts a campaign from two files, and shows how it goes on."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.live import Live

from outdial.campaigns.progress import CallRate, Snapshot, view
from outdial.client import Client, Json
from outdial.errors import OutdialError

REFRESH_SECONDS = 0.5
SHOWN_ERRORS = 10

console = Console()


async def launch(client: Client, campaign: Path, contacts: Path) -> int:
    """Create it, import its contacts, start it; returns the campaign's id."""
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
    """Show the campaign until it is over, or until `until` is true of two snapshots in a row."""
    rate, was_true = CallRate(), False
    with Live(console=console, auto_refresh=False, transient=not keep_view) as live:
        while True:
            snapshot = await take_snapshot(client, campaign_id)
            live.update(view(snapshot, calls_per_second=rate.after(snapshot)), refresh=True)
            is_true = until(snapshot)
            if snapshot.is_over or (is_true and was_true):
                return snapshot
            was_true = is_true
            await asyncio.sleep(REFRESH_SECONDS)


async def take_snapshot(client: Client, campaign_id: int) -> Snapshot:
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


def _read(campaign: Path) -> Json:
    try:
        definition = json.loads(campaign.read_bytes())
    except ValueError as error:
        raise OutdialError(f"{campaign} is not JSON: {error}") from error
    if not isinstance(definition, dict):
        raise OutdialError(f"{campaign} is not a JSON object")
    return definition
