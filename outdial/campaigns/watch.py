"""Creates and starts a campaign from two files, and shows how it goes on."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import typer
from rich.console import Console
from rich.live import Live

from outdial.campaigns.daily import never_lines, show_secret
from outdial.campaigns.progress import CallRate, Snapshot, line, view
from outdial.client import ApiError, Client
from outdial.errors import OutdialError
from outdial.json_file import read_object
from outdial.listing import counts

REFRESH_SECONDS = 0.5
# Where nobody sees the view live, a line says how it goes: seldom, while no contact may be called.
LINES_EVERY = timedelta(seconds=5)
IDLE_LINES_EVERY = timedelta(minutes=5)

# A restart of the API takes less.
PATIENCE_SECONDS = 60
AGAIN_SECONDS = 3

console = Console()

Show = Callable[[Snapshot, float], None]


async def launch(
    client: Client,
    campaign: Path,
    contacts: Path,
    *,
    as_json: bool = False,
    **reading: object,
) -> int:
    """Create it, import its contacts, start it; returns the campaign's id.

    `reading` are parameters of the import. A campaign that cannot be filled and started, or whose
    start is interrupted, is deleted again.
    """
    created = await client.create_campaign(read_object(campaign))
    campaign_id = int(created["id"])
    try:
        report = await client.import_contacts(campaign_id, contacts, **reading)
        for text in never_lines(await client.preflight(campaign_id)):
            typer.echo(text, err=True)
        await client.start(campaign_id)
    except (OutdialError, asyncio.CancelledError):
        await _delete_draft(client, campaign_id)
        raise
    if as_json:
        kept = {"campaign_id": campaign_id, "webhook": created.get("webhook"), "import": report}
        typer.echo(json.dumps(kept))
        return campaign_id
    typer.echo(counts(report))
    typer.echo(f"campaign {campaign_id} is started: {created['name']}")
    show_secret(created)
    return campaign_id


async def _delete_draft(client: Client, campaign_id: int) -> None:
    """The API deletes drafts only, so a campaign that has started in spite of it stays."""
    try:
        await client.delete_campaign(campaign_id)
    except OutdialError:
        text = f"campaign {campaign_id} is left: see `outdial campaigns show {campaign_id}`"
    else:
        text = f"nothing was started: campaign {campaign_id} is deleted again"
    typer.echo(text, err=True)


async def watch(
    client: Client,
    campaign_id: int,
    *,
    until: Callable[[Snapshot], bool],
    keep_view: bool = True,
    as_json: bool = False,
) -> Snapshot:
    """Show the campaign until it is over, or until `until` is true of two snapshots in a row."""
    if as_json or not console.is_terminal:
        lines = Lines(as_json=as_json)
        last = await _follow(client, campaign_id, until=until, show=lines.show)
        if keep_view and not as_json:
            console.print(view(last, calls_per_second=0))
        return last
    with Live(console=console, auto_refresh=False, transient=not keep_view) as live:
        return await _follow(
            client,
            campaign_id,
            until=until,
            show=lambda snapshot, rate: live.update(
                view(snapshot, calls_per_second=rate), refresh=True
            ),
        )


async def _follow(
    client: Client, campaign_id: int, *, until: Callable[[Snapshot], bool], show: Show
) -> Snapshot:
    rate, was_true = CallRate(), False
    while True:
        snapshot = await _patient_snapshot(client, campaign_id)
        show(snapshot, rate.after(snapshot))
        is_true = until(snapshot)
        if snapshot.is_over or (is_true and was_true):
            return snapshot
        was_true = is_true
        await asyncio.sleep(REFRESH_SECONDS)


async def _patient_snapshot(client: Client, campaign_id: int) -> Snapshot:
    """Ask an API that does not answer again, because it may be restarting; refusals are final."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return await take_snapshot(client, campaign_id)
        except ApiError:
            raise
        except OutdialError as error:
            if time.monotonic() >= deadline:
                raise
            typer.echo(f"{error}; asking again", err=True)
        await asyncio.sleep(AGAIN_SECONDS)


class Lines:
    """Prints a line every few seconds, and one at each change of the state."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._last: Snapshot | None = None

    def show(self, snapshot: Snapshot, calls_per_second: float) -> None:
        if not self._is_due(snapshot):
            return
        self._last = snapshot
        if self._as_json:
            moment = {"at": snapshot.at.isoformat(), "state": snapshot.state}
            text = json.dumps(moment | asdict(snapshot.counters))
        else:
            text = line(snapshot, calls_per_second=calls_per_second)
        # At once also in a pipe, which would otherwise be silent until its buffer is full.
        typer.echo(text)

    def _is_due(self, snapshot: Snapshot) -> bool:
        last = self._last
        if last is None or last.state != snapshot.state or last.is_settled != snapshot.is_settled:
            return True
        every = IDLE_LINES_EVERY if snapshot.is_settled else LINES_EVERY
        return snapshot.at - last.at >= every


async def take_snapshot(client: Client, campaign_id: int) -> Snapshot:
    campaign = await client.campaign(campaign_id)
    counters = await client.counters(campaign_id)
    waiting = await client.waiting(campaign_id)
    return Snapshot(
        at=datetime.now(UTC), state=campaign["state"], counters=counters, waiting=waiting
    )
