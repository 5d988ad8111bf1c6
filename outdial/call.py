"""`outdial call NUMBER`: one call now."""

# ruff: noqa: PLC0415 - imported when a command runs: other commands need no HTTP client.

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from outdial.access import api_command
from outdial.errors import OutdialError
from outdial.options import Json

if TYPE_CHECKING:
    from outdial.client import Client

app = typer.Typer()


@api_command(app)
async def call(
    client: "Client",
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="Like +12025550123.")],
    *,
    flow: Annotated[
        str | None, typer.Option(metavar="NAME", help="A call flow of yours; see `outdial flows`.")
    ] = None,
    provider_flow: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Instead, a call flow that the provider knows."),
    ] = None,
    agent: Annotated[str | None, typer.Option(metavar="NAME", help="Instead, an agent.")] = None,
    kind: Annotated[
        str | None,
        typer.Option(help="The purpose, like informational. Default: solicitation."),
    ] = None,
    live: Annotated[
        bool, typer.Option("--live", help="No recorded or artificial voice is heard.")
    ] = False,
    caller_id: Annotated[
        str | None, typer.Option(metavar="NUMBER", help="One of your caller IDs.")
    ] = None,
    trunk: Annotated[str | None, typer.Option(metavar="NAME", help="Default: default.")] = None,
    zone: Annotated[
        str | None, typer.Option(help="Like America/New_York. Default: by the number.")
    ] = None,
    external_id: Annotated[str | None, typer.Option(help="Your own id of the person.")] = None,
    attribute: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=TEXT", help="A variable of the call flow; once for each."),
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="If it may not be placed now, place it when it may be.")
    ] = False,
    not_after: Annotated[
        str | None, typer.Option(metavar="INSTANT", help="Not after this, at most 7 days ahead.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Call one number now, under the same law, caps and limits as all calls."""
    from outdial.terminal import instant_of

    given = {
        "call_flow": {"name": flow} if flow else provider_flow,
        "agent": agent,
        "kind": kind,
        "automated": False if live else None,
        "caller_id": caller_id,
        "trunk": trunk,
        "zone": zone,
        "external_id": external_id,
        "attributes": _attributes(attribute or []),
        "not_after": instant_of("--not-after", not_after).isoformat() if not_after else None,
    }
    parts = {name: value for name, value in given.items() if value is not None}
    placed = await client.add("/v1/calls", {"number": number, "wait": wait, **parts})
    typer.echo(json.dumps(placed) if as_json else _told(placed))


def _attributes(texts: list[str]) -> dict[str, str] | None:
    if any("=" not in text for text in texts):
        raise OutdialError("--attribute is NAME=TEXT, like --attribute first_name=Ada")
    return dict(text.split("=", 1) for text in texts) or None


def _told(placed: dict[str, Any]) -> str:
    from outdial.listing import instant

    contact = f"contact {placed['contact_id']} of campaign {placed['campaign_id']}"
    if placed["waits_for"] is None:
        return f"{contact} is called now"
    when = instant(placed["next_at"]) if placed["next_at"] else "then"
    waits_for = placed["waits_for"].replace("_", " ")
    return f"{contact} waits ({waits_for}) and is called {when}; `outdial why` says more"
