"""`outdial campaigns`: list, make, command and delete campaigns."""

# ruff: noqa: PLC0415 - imported when a command runs: other commands need no HTTP client.

import json
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from outdial.access import api_command
from outdial.options import CampaignFile, CampaignId, Json, Limit, PartsFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from outdial.client import Client
    from outdial.client import Json as Answer

SAID = {
    "start": "is started: its contacts are called from now on, inside their windows",
    "pause": "is paused: no new call is placed, calls that are up go on",
    "resume": "goes on: calls are placed again",
    "cancel": "is cancelled for good: no new call is placed, calls that are up go on",
    "reopen": "is paused: add contacts, then resume it",
}

Name = Annotated[str | None, typer.Option(help="Of the new campaign. Default: the same.")]

app = typer.Typer(no_args_is_help=True, help="Campaigns: lists, commands, progress.")


@api_command(app, "list")
async def show_all(
    client: "Client",
    *,
    state: Annotated[
        str | None, typer.Option(help="Only those in this state, like running.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Only those with this in their names.")] = None,
    sort: Annotated[
        Literal["-created_at", "created_at", "name", "-name"],
        typer.Option(help="- before a field: in reverse."),
    ] = "-created_at",
    limit: Limit = 100,
    as_json: Json = False,
) -> None:
    """List the campaigns, newest first or as --sort says."""
    from outdial.listing import show

    entries = await client.entries("/v1/campaigns", limit=limit, state=state, name=name, sort=sort)
    columns = ("id", "name", "state", "wanted_state", "created_at", "started_at", "ended_at")
    none = f"no campaigns of {client.whose}"
    show(entries, *columns, as_json=as_json, none=none, limit=limit)


@api_command(app, "show")
async def show_one(client: "Client", campaign: CampaignId, *, as_json: Json = False) -> None:
    """Show one campaign: its state, its times, its counters."""
    from dataclasses import asdict

    from outdial import listing
    from outdial.campaigns.progress import dropped_text

    found = await client.campaign(campaign)
    counters = asdict(await client.counters(campaign))
    if as_json:
        typer.echo(json.dumps({**found, "counters": counters}))
        return
    listing.show_one(
        found, "id", "name", "state", "wanted_state", "created_at", "started_at", "ended_at"
    )
    for name, counts in counters.items():
        words = [f"{count:,} {word.replace('_', ' ')}" for word, count in counts.items()]
        typer.echo(f"{name.ljust(12)}   {', '.join(words) or '-'}")
    for own in found["spend_ceilings"]:
        typer.echo(
            f"{own['kind'].replace('_', ' ').ljust(14)} {own['spent']} {own['currency']} of "
            f"{own['amount']} spent, {own['reserved']} reserved for calls under way"
        )
    if dropped := dropped_text(counters["attempts"]):
        typer.echo(dropped, err=True)


@api_command(app)
async def create(client: "Client", campaign: CampaignFile, *, as_json: Json = False) -> None:
    """Create a campaign from a file of JSON; it is a draft until it is started."""
    from outdial.json_file import read_object

    created = await client.create_campaign(read_object(campaign))
    if as_json:
        typer.echo(json.dumps(created))
        return
    typer.echo(f"campaign {created['id']} is a draft: {created['name']}")
    show_secret(created)
    typer.echo(f"next: outdial contacts import {created['id']} FILE", err=True)


@api_command(app)
async def edit(
    client: "Client", campaign: CampaignId, parts: PartsFile, *, as_json: Json = False
) -> None:
    """Replace parts of a campaign by those in a file of JSON, also while it runs."""
    from outdial.json_file import read_object

    edited = await client.edit_campaign(campaign, read_object(parts))
    if as_json:
        typer.echo(json.dumps(edited))
        return
    typer.echo(f"campaign {campaign} is edited")
    show_secret(edited)


def _command(word: str, text: str) -> None:
    async def give(client: "Client", campaign: CampaignId, *, as_json: Json = False) -> None:
        answer = await client.command(campaign, word)
        typer.echo(json.dumps(answer) if as_json else f"campaign {campaign} {SAID[word]}")

    give.__doc__ = text
    api_command(app, word)(give)


_command("start", "Start a campaign: its contacts are called inside their windows.")
_command("pause", "Place no new call; calls that are up go on.")
_command("resume", "Place calls again after a pause.")
_command("cancel", "Place no new call, for good; calls that are up go on.")
_command("reopen", "Make a completed campaign a paused one, which takes contacts again.")


@api_command(app)
async def clone(
    client: "Client",
    campaign: CampaignId,
    *,
    name: Name = None,
    with_contacts: Annotated[
        bool, typer.Option("--contacts", help="Copy its contacts, to be called anew.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make a draft with the definition of a campaign."""
    body = {"contacts": with_contacts, "changes": _named(name)}
    _show_copy(await client.add(f"/v1/campaigns/{campaign}/clone", body), as_json=as_json)


@api_command(app)
async def redial(
    client: "Client",
    campaign: CampaignId,
    *,
    outcome: Annotated[
        list[str], typer.Option(help="Of finished contacts, like busy; once for each.")
    ],
    attempts: Annotated[int, typer.Option(min=1, help="Further attempts for each.")] = 1,
    name: Name = None,
    as_json: Json = False,
) -> None:
    """Make a draft with the contacts of a campaign that finished with some outcomes."""
    body = {"outcomes": outcome, "max_total": attempts, "changes": _named(name)}
    _show_copy(await client.add(f"/v1/campaigns/{campaign}/redial", body), as_json=as_json)


def _named(name: str | None) -> "dict[str, object]":
    return {} if name is None else {"name": name}


def _show_copy(made: "dict[str, object]", *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(made))
        return
    typer.echo(f"campaign {made['id']} is a draft: {made['name']}, contacts: {made['contacts']}")
    show_secret(made)


@api_command(app)
async def delete(client: "Client", campaign: CampaignId, *, as_json: Json = False) -> None:
    """Delete a draft with its contacts."""
    await client.delete_campaign(campaign)
    if as_json:
        typer.echo(json.dumps({"campaign_id": campaign, "deleted": True}))
        return
    typer.echo(f"campaign {campaign} is deleted")


@api_command(app)
async def preflight(client: "Client", campaign: CampaignId, *, as_json: Json = False) -> None:
    """Forecast a campaign: who can never be called, when the others can, when it would end."""
    from outdial.listing import instant

    forecast = await client.preflight(campaign)
    if as_json:
        typer.echo(json.dumps(forecast))
        return
    typer.echo(f"{forecast['contacts']:,} contacts wait; {forecast['calls']:,} calls expected")
    for name, text in FORECAST.items():
        at = forecast[name]
        typer.echo(f"{text}: {instant(at) if at else 'not until ' + instant(forecast['until'])}")
    for line in never_lines(forecast):
        typer.echo(line)


FORECAST = {
    "first_callable_at": "the first may be called",
    "finishes_at": "all are called at about",
}


def never_lines(forecast: "Answer") -> "Iterator[str]":
    """A line for each reason why contacts can never be called, with the ids of the first ones."""
    for never in forecast["never"]:
        reason = never["reason"].replace("_", " ")
        yield f"never called: {never['contacts']:,}, {reason}: {never['detail']}"
        if ids := never["contact_ids"]:
            left = never["contacts"] - len(ids)
            more = f" and {left:,} more" if left else ""
            yield f"  by id: {', '.join(map(str, ids))}{more}; see `outdial contacts show ID`"


def show_secret(written: "dict[str, object]") -> None:
    """Print the secret of a new webhook, which the API answers only to the request that made it."""
    webhook = written.get("webhook")
    if isinstance(webhook, dict):
        typer.echo(f"webhook secret (shown this once): {webhook['secret']}")
