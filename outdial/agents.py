"""`outdial agents`: what providers themselves let talk with the people that are called."""

# ruff: noqa: PLC0415 - imported when a command runs: other commands need no HTTP client.

import json
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from outdial.access import api_command
from outdial.options import Json, Limit, id_argument

if TYPE_CHECKING:
    from outdial.client import Client

app = typer.Typer(
    no_args_is_help=True, help="Agents of providers, which talk in calls instead of a call flow."
)

AgentId = Annotated[int, id_argument("AGENT", "As `list` shows it.")]
PATH = "/v1/agents"
COLUMNS = ("id", "name", "kind", "provider_agent_id", "trunk", "state")


@api_command(app, "list")
async def show_all(client: "Client", *, limit: Limit = 100, as_json: Json = False) -> None:
    """List the agents, newest first."""
    from outdial.listing import show

    entries = await client.entries(PATH, limit=limit)
    none = f"no agents of {client.whose}"
    show(entries, *COLUMNS, as_json=as_json, none=none, limit=limit)


@api_command(app)
async def add(
    client: "Client",
    name: Annotated[str, typer.Argument(help="The name by which campaigns use it.")],
    provider_agent_id: Annotated[
        str, typer.Argument(metavar="PROVIDER_ID", help="The provider's own id of it.")
    ],
    *,
    kind: Annotated[
        Literal["assistant", "workflow", "squad"], typer.Option(help="What it is at the provider.")
    ] = "assistant",
    trunk: Annotated[str, typer.Option(help="The trunk whose provider has it.")] = "default",
    as_json: Json = False,
) -> None:
    """Add an agent of a provider."""
    added = await client.add(
        PATH, {"name": name, "kind": kind, "provider_agent_id": provider_agent_id, "trunk": trunk}
    )
    text = f'agent {added["id"]} is added; a campaign names it by "agent": "{added["name"]}"'
    typer.echo(json.dumps(added) if as_json else text)


@api_command(app)
async def activate(client: "Client", agent: AgentId, *, as_json: Json = False) -> None:
    """Let campaigns name it again."""
    await _set_state(client, agent, "active", as_json=as_json)


@api_command(app)
async def deactivate(client: "Client", agent: AgentId, *, as_json: Json = False) -> None:
    """Let no campaign begin to name it; those that name it already keep it."""
    await _set_state(client, agent, "inactive", as_json=as_json)


@api_command(app)
async def delete(client: "Client", agent: AgentId, *, as_json: Json = False) -> None:
    """Delete an agent that no campaign names any more."""
    await client.delete(f"{PATH}/{agent}")
    deleted = {"agent_id": agent, "deleted": True}
    typer.echo(json.dumps(deleted) if as_json else f"agent {agent} is deleted")


async def _set_state(client: "Client", agent: int, state: str, *, as_json: bool) -> None:
    changed = await client.change(f"{PATH}/{agent}", {"state": state})
    typer.echo(json.dumps(changed) if as_json else f"agent {agent} is {changed['state']}")
