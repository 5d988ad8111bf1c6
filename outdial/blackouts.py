"""`outdial blackout add|list|end`: an emergency stop for one tenant or for all of them."""

# ruff: noqa: PLC0415 - imported when a command runs: most commands need no database.

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from outdial.errors import OutdialError
from outdial.interrupts import interruptible
from outdial.options import DEFAULT_DIRECTORY, Directory, Json, id_argument, id_option
from outdial.stack.addresses import connected

if TYPE_CHECKING:
    from shared.db.blackouts import Record

SHOWN = 200

TenantId = Annotated[int | None, id_option("--tenant", "One tenant only. Default: all.")]

app = typer.Typer(
    no_args_is_help=True,
    help="Black-outs: emergency stops that forbid all calls in an area for a time.",
)


@app.command()
@interruptible
async def add(
    reason: Annotated[str, typer.Argument(help="Why calls are stopped; `outdial why` shows it.")],
    *,
    area: Annotated[
        str | None,
        typer.Option("--in", metavar="AREA", help="A country like US, or a part like US-LA."),
    ] = None,
    everywhere: Annotated[
        bool, typer.Option("--everywhere", help="Stop the calls to all places.")
    ] = False,
    tenant_id: TenantId = None,
    starts_at: Annotated[
        str | None,
        typer.Option("--from", metavar="TIME", help="Like 2031-01-31T08:00Z. Default: now."),
    ] = None,
    ends_at: Annotated[
        str | None,
        typer.Option("--until", metavar="TIME", help="Default: until `outdial blackout end`."),
    ] = None,
    as_json: Json = False,
    directory: Directory = DEFAULT_DIRECTORY,
) -> None:
    """Stop the calls in an area, or everywhere; no contact loses an attempt by it."""
    import asyncpg

    from outdial.terminal import entry, instant_of
    from shared.db import blackouts

    if not reason.strip():
        raise OutdialError("a black-out needs a reason, like `outdial blackout add hurricane`")
    jurisdiction = _jurisdiction(area, everywhere=everywhere)
    begins = instant_of("--from", starts_at) if starts_at else None
    ends = instant_of("--until", ends_at) if ends_at else None
    now = datetime.now(UTC)
    if ends is not None and ends <= max(now, begins or now):
        raise OutdialError("--until must be in the future, and after --from")
    async with connected(directory) as conn:
        try:
            # Committed by itself: an emergency stop waits for no lock on a campaign.
            blackout = await blackouts.insert(
                conn,
                tenant_id=tenant_id,
                jurisdiction=jurisdiction,
                starts_at=begins,
                ends_at=ends,
                reason=reason.strip(),
            )
            await blackouts.raise_revisions(conn, blackout)
        except asyncpg.ForeignKeyViolationError:
            raise OutdialError(
                f"there is no tenant {tenant_id}: see `outdial tenant list`"
            ) from None
    if as_json:
        typer.echo(json.dumps(entry(blackout)))
        return
    typer.echo(
        f"black-out {blackout.id}: no calls {_area(blackout)}, {_tenants(blackout)}, "
        f"{_span(blackout)}"
    )


@app.command("list")
@interruptible
async def show(
    *,
    tenant_id: TenantId = None,
    as_json: Json = False,
    directory: Directory = DEFAULT_DIRECTORY,
) -> None:
    """List the newest 200 black-outs, also those that are over."""
    from rich.console import Console

    from outdial.terminal import entry, plain_table
    from shared.db import blackouts

    async with connected(directory) as conn:
        newest = await blackouts.page(conn, tenant_id=tenant_id, before=None, limit=SHOWN)
    if as_json:
        typer.echo(json.dumps([*map(entry, newest)]))
        return
    if not newest:
        typer.echo("there is no black-out")
        return
    now = datetime.now(UTC)
    table = plain_table("id", "now", "from (UTC)", "until (UTC)", "where", "reason")
    for blackout in newest:
        times = (_minute(blackout.starts_at), _minute(blackout.ends_at))
        area = blackout.jurisdiction or "everywhere"
        if blackout.tenant_id is not None:
            area += f", tenant {blackout.tenant_id}"
        table.add_row(str(blackout.id), state(blackout, now), *times, area, blackout.reason)
    # The reasons are texts of people: nothing in them is markup.
    Console(markup=False, highlight=False, emoji=False).print(table)


@app.command()
@interruptible
async def end(
    blackout_id: Annotated[int, id_argument("ID", "As `list` shows it.")],
    *,
    as_json: Json = False,
    directory: Directory = DEFAULT_DIRECTORY,
) -> None:
    """End a black-out now, or cancel one that has not begun; then calls are allowed again."""
    from outdial.terminal import entry
    from shared.db import blackouts

    async with connected(directory) as conn:
        ended = await blackouts.end(conn, blackout_id, tenant_id=None)
    if ended is None:
        raise OutdialError(
            f"there is no black-out {blackout_id}: `outdial blackout list` shows all"
        )
    if as_json:
        typer.echo(json.dumps({"id": blackout_id, **entry(ended)}))
    elif ended.was_over:
        typer.echo(f"black-out {blackout_id} was over already, since {_second(ended.at)}")
    else:
        typer.echo(f"black-out {blackout_id} is ended")


def state(blackout: "Record", now: datetime) -> str:
    """A black-out that was cancelled before it began is over."""
    if blackout.ends_at is not None and blackout.ends_at <= max(now, blackout.starts_at):
        return "over"
    return "in force" if blackout.starts_at <= now else "to come"


def _jurisdiction(area: str | None, *, everywhere: bool) -> str | None:
    """None for everywhere, which nobody gets by leaving something out."""
    from outdial.places import place_of

    if (area is None) != everywhere:
        raise OutdialError(
            "say where, once: --in US for a country, --in US-LA for a part of one, "
            "or --everywhere for all calls"
        )
    return None if area is None else place_of("--in", area)


def _area(blackout: "Record") -> str:
    return f"in {blackout.jurisdiction}" if blackout.jurisdiction else "everywhere"


def _tenants(blackout: "Record") -> str:
    return "all tenants" if blackout.tenant_id is None else f"tenant {blackout.tenant_id}"


def _span(blackout: "Record") -> str:
    if blackout.ends_at is None:
        return f"from {_second(blackout.starts_at)} until `outdial blackout end {blackout.id}`"
    return f"from {_second(blackout.starts_at)} until {_second(blackout.ends_at)}"


def _second(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _minute(at: datetime | None) -> str:
    return "it is ended" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"
