"""`outdial blackout add|list|end`: an emergency stop for one tenant or for all of them."""

# ruff: noqa: PLC0415 - imported when a command runs: most commands need no database.

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from outdial.errors import OutdialError
from outdial.interrupts import interruptible
from outdial.options import DEFAULT_DIRECTORY, Directory, Json

if TYPE_CHECKING:
    from shared.db.blackouts import Record
    from shared.db.types import Session

SHOWN = 200

TenantId = Annotated[int | None, typer.Option("--tenant", metavar="ID", help="Default: all.")]

app = typer.Typer(no_args_is_help=True, help="Emergency stops, everywhere or by area.")


@app.command()
@interruptible
async def add(
    reason: str,
    *,
    tenant_id: TenantId = None,
    jurisdiction: Annotated[
        str | None, typer.Option("--in", metavar="US|US-LA", help="Default: everywhere.")
    ] = None,
    starts_at: Annotated[
        str | None, typer.Option("--from", metavar="INSTANT", help="Default: now.")
    ] = None,
    ends_at: Annotated[
        str | None, typer.Option("--until", metavar="INSTANT", help="Default: until it is ended.")
    ] = None,
    directory: Directory = DEFAULT_DIRECTORY,
) -> None:
    """Stop calls; a contact loses no attempt by it."""
    import asyncpg

    from shared.db import blackouts
    from shared.db.api import campaigns
    from shared.domain.places.jurisdictions import is_jurisdiction

    if not reason.strip():
        raise OutdialError("a black-out needs a reason")
    if jurisdiction is not None and not is_jurisdiction(jurisdiction):
        raise OutdialError(f"{jurisdiction!r} is not a country like US or a part of one like US-LA")
    begins, ends = _instant(starts_at), _instant(ends_at)
    now = datetime.now(UTC)
    if ends is not None and ends <= max(now, begins or now):
        raise OutdialError("it must end in the future and after its start")
    async with _connected(directory) as conn:
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
            await campaigns.bump_revision(conn, tenant_id=tenant_id)
        except asyncpg.ForeignKeyViolationError:
            raise OutdialError(f"there is no tenant {tenant_id}") from None
    typer.echo(f"black-out {blackout.id}: {_area(blackout)} {_span(blackout)}")


@app.command("list")
@interruptible
async def show(
    *,
    tenant_id: TenantId = None,
    as_json: Json = False,
    directory: Directory = DEFAULT_DIRECTORY,
) -> None:
    """Show the newest black-outs, also those that are over."""
    from rich.console import Console
    from rich.table import Table

    from shared.db import blackouts

    async with _connected(directory) as conn:
        newest = await blackouts.page(conn, tenant_id=tenant_id, before=None, limit=SHOWN)
    if as_json:
        typer.echo(json.dumps([asdict(blackout) for blackout in newest], default=str))
        return
    table = Table("id", "tenant", "where", "when", "reason")
    for blackout in newest:
        tenant = "all" if blackout.tenant_id is None else str(blackout.tenant_id)
        table.add_row(str(blackout.id), tenant, _area(blackout), _span(blackout), blackout.reason)
    Console().print(table)


@app.command()
@interruptible
async def end(blackout_id: int, *, directory: Directory = DEFAULT_DIRECTORY) -> None:
    """Let calls go on."""
    from shared.db import blackouts

    async with _connected(directory) as conn:
        if not await blackouts.end(conn, blackout_id, tenant_id=None):
            raise OutdialError(f"there is no black-out {blackout_id}")
    typer.echo(f"black-out {blackout_id} is over")


@asynccontextmanager
async def _connected(directory: Path) -> "AsyncIterator[Session]":
    import asyncpg

    from outdial.stack.addresses import postgres_url

    conn = await asyncpg.connect(postgres_url(directory))
    try:
        yield conn
    finally:
        await conn.close()


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise OutdialError(f"{text!r} is not an instant with its offset, like 2031-01-31T00:00Z")
    return instant


def _area(blackout: "Record") -> str:
    return blackout.jurisdiction or "everywhere"


def _span(blackout: "Record") -> str:
    ends = "until it is ended" if blackout.ends_at is None else f"to {blackout.ends_at:%F %T}Z"
    return f"from {blackout.starts_at:%F %T}Z {ends}"
