"""`outdial blackout add|list|end`: an emergency stop for one tenant or for all of them."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
from rich.console import Console
from rich.table import Table

from outdial.commands.tenants import postgres_url
from outdial.errors import OutdialError
from shared.db import blackouts
from shared.db.api import campaigns
from shared.db.blackouts import Record
from shared.db.types import Session
from shared.domain.policy.blackouts import is_jurisdiction

console = Console()
SHOWN = 200


async def add(
    reason: str,
    directory: Path,
    *,
    tenant_id: int | None,
    jurisdiction: str | None,
    starts_at: str | None,
    ends_at: str | None,
) -> None:
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
            # Committed by itself: an emergency stop waits for nobody who holds a campaign.
            made = await blackouts.insert(
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
    console.print(f"black-out {made.id}: {_place(made)} {_span(made)}", highlight=False)


async def show(directory: Path, *, tenant_id: int | None, as_json: bool) -> None:
    """The last that were made, those that are over among them."""
    async with _connected(directory) as conn:
        found = await blackouts.page(conn, tenant_id=tenant_id, before=None, limit=SHOWN)
    if as_json:
        print(json.dumps([asdict(each) for each in found], default=str))  # noqa: T201 - for programs
        return
    table = Table("id", "tenant", "where", "when", "reason")
    for each in found:
        tenant = "all" if each.tenant_id is None else str(each.tenant_id)
        table.add_row(str(each.id), tenant, _place(each), _span(each), each.reason)
    console.print(table)


async def end(blackout_id: int, directory: Path) -> None:
    async with _connected(directory) as conn:
        if not await blackouts.end(conn, blackout_id, tenant_id=None):
            raise OutdialError(f"there is no black-out {blackout_id}")
    console.print(f"black-out {blackout_id} is over", highlight=False)


@asynccontextmanager
async def _connected(directory: Path) -> AsyncIterator[Session]:
    conn = await asyncpg.connect(postgres_url(directory))
    try:
        yield conn
    finally:
        await conn.close()


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        read = None
    if read is None or read.tzinfo is None:
        raise OutdialError(f"{text!r} is not an instant with its offset, like 2031-01-31T00:00Z")
    return read


def _place(blackout: Record) -> str:
    return blackout.jurisdiction or "everywhere"


def _span(blackout: Record) -> str:
    ends = "until it is ended" if blackout.ends_at is None else f"to {blackout.ends_at:%F %T}Z"
    return f"from {blackout.starts_at:%F %T}Z {ends}"
