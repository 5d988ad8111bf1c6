"""Suppressions as CSV: a file comes in as a whole or not at all, and goes out in pieces."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from services.api.csv_contacts import Errors, FileError
from services.api.csv_suppressions import CsvSuppressions, written
from services.api.files import unreadable
from services.api.http.auth import Caller
from services.api.http.resources import Resources
from services.api.http.upload import pieces_of, read_on
from services.api.refusals import Refused
from services.api.suppressions import count, named_list
from shared.db.api import exclusions, suppression_imports, suppressions
from shared.db.api.exclusions import SettledContact
from shared.db.types import Session

EXPORTED_AT_ONCE = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """Each row of the file is in exactly one of the three counts."""

    imported: int
    updated: int
    errors: Errors


async def import_csv(
    resources: Resources,
    caller: Caller,
    body: AsyncIterator[bytes],
    *,
    campaign_id: int | None,
    now: datetime,
) -> Imported:
    pieces = pieces_of(body)
    reader = CsvSuppressions(now=now)
    try:
        async with resources.import_slots, resources.pool.acquire() as conn, conn.transaction():
            chosen = await named_list(conn, caller, campaign_id)
            await suppression_imports.open_staging(conn)
            await _stage(conn, reader, pieces)
            new = await suppression_imports.merge(
                conn, tenant_id=caller.tenant_id, campaign_id=chosen
            )
            await _settle(conn, caller, chosen, now=now)
    except (Refused, FileError) as error:
        await read_on(pieces)
        raise unreadable(error.error) if isinstance(error, FileError) else error from None
    return Imported(imported=new, updated=reader.staged - new, errors=reader.errors)


async def export_csv(
    resources: Resources, caller: Caller, *, campaign_id: int | None
) -> AsyncIterator[str]:
    """Page by page, in order of the numbers, so that a client that reads slowly holds no
    connection and no old rows; what is changed meanwhile is in it or not.
    """
    async with resources.pool.acquire() as conn:
        chosen = await named_list(conn, caller, campaign_id)
    return _pages(resources, caller, chosen)


async def _pages(resources: Resources, caller: Caller, campaign_id: int) -> AsyncIterator[str]:
    after: str | None = None
    while True:
        async with resources.pool.acquire() as conn:
            page = await suppressions.page(
                conn,
                tenant_id=caller.tenant_id,
                campaign_id=campaign_id,
                after=after,
                limit=EXPORTED_AT_ONCE,
            )
        yield written(page, header=after is None)
        if len(page) < EXPORTED_AT_ONCE:
            return
        after = page[-1].number


async def _stage(conn: Session, reader: CsvSuppressions, pieces: AsyncIterator[bytes]) -> None:
    async for piece in pieces:
        rows = await asyncio.to_thread(reader.feed, piece)
        if rows:
            await suppression_imports.stage(conn, rows)
    rows = await asyncio.to_thread(reader.close)
    if rows:
        await suppression_imports.stage(conn, rows)


async def _settle(conn: Session, caller: Caller, campaign_id: int, *, now: datetime) -> None:
    settled: list[SettledContact] = []
    async for numbers in suppression_imports.staged_numbers(conn):
        settled += await exclusions.settle(
            conn,
            tenant_id=caller.tenant_id,
            campaign_id=campaign_id,
            numbers=numbers,
            now=now,
        )
    await count(conn, settled)
