"""`outdial number-pools`: caller IDs of which each call of a campaign shows one."""

# ruff: noqa: PLC0415 - imported when a command runs: other commands need no HTTP client.

import json
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from outdial.access import api_command
from outdial.options import Json, Limit, id_argument

if TYPE_CHECKING:
    from outdial.client import Client

app = typer.Typer(
    no_args_is_help=True, help="Number pools: caller IDs of which each call shows one."
)

PoolId = Annotated[int, id_argument("POOL", "As `list` shows it.")]
Numbers = Annotated[
    list[str] | None,
    typer.Option("--number", metavar="NUMBER", help="One of your caller IDs; once for each."),
]
Rotation = Annotated[
    Literal["round_robin", "least_used", "sticky", "local_presence"] | None,
    typer.Option(help="How the number for a call is chosen. Default: round_robin."),
]
PerHour = Annotated[
    int | None, typer.Option("--per-hour", min=0, help="Calls of one number in an hour; 0: no cap.")
]
PerDay = Annotated[
    int | None, typer.Option("--per-day", min=0, help="Calls of one number in a day; 0: no cap.")
]
PATH = "/v1/number-pools"
FIELDS = ("id", "name", "rotation", "max_calls_per_hour", "max_calls_per_day", "numbers")


@api_command(app, "list")
async def show_all(client: "Client", *, limit: Limit = 100, as_json: Json = False) -> None:
    """List the number pools, newest first."""
    from outdial.listing import show

    entries = await client.entries(PATH, limit=limit)
    none = f"no number pools of {client.whose}"
    show(entries, *FIELDS, as_json=as_json, none=none, limit=limit)


@api_command(app)
async def create(
    client: "Client",
    name: Annotated[str, typer.Argument(help="The name by which campaigns use it.")],
    *,
    number: Numbers = None,
    rotation: Rotation = None,
    per_hour: PerHour = None,
    per_day: PerDay = None,
    as_json: Json = False,
) -> None:
    """Make a number pool. Give --number once for each number."""
    parts = _parts(number or [], rotation, per_hour, per_day)
    _show(await client.add(PATH, {"name": name} | parts), as_json=as_json)


@api_command(app)
async def edit(
    client: "Client",
    pool: PoolId,
    *,
    number: Numbers = None,
    rotation: Rotation = None,
    per_hour: PerHour = None,
    per_day: PerDay = None,
    as_json: Json = False,
) -> None:
    """Replace parts of a pool, at once also for campaigns that run. --number: all its numbers."""
    parts = _parts(number, rotation, per_hour, per_day)
    _show(await client.change(f"{PATH}/{pool}", parts), as_json=as_json)


@api_command(app)
async def delete(client: "Client", pool: PoolId, *, as_json: Json = False) -> None:
    """Delete a pool that no campaign names any more; its numbers stay caller IDs."""
    await client.delete(f"{PATH}/{pool}")
    deleted = {"number_pool_id": pool, "deleted": True}
    typer.echo(json.dumps(deleted) if as_json else f"number pool {pool} is deleted")


def _parts(
    numbers: list[str] | None, rotation: str | None, per_hour: int | None, per_day: int | None
) -> dict[str, object]:
    """The parts that were given; a cap of 0 is no cap."""
    given = {
        "numbers": numbers,
        "rotation": rotation,
        "max_calls_per_hour": per_hour,
        "max_calls_per_day": per_day,
    }
    return {
        name: value if value != 0 else None for name, value in given.items() if value is not None
    }


def _show(pool: dict[str, object], *, as_json: bool) -> None:
    from outdial.listing import show_one

    if as_json:
        typer.echo(json.dumps(pool))
    else:
        show_one(pool, *FIELDS)
