"""Numbers that must not be called: suppressed and lifted, one by one or as a file."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.api.csv_contacts import Errors, FileError
from services.api.csv_suppressions import CsvSuppressions, written
from services.api.files import REASONS, unreadable
from services.api.http.auth import Caller
from services.api.http.resources import Resources
from services.api.http.upload import pieces_of, read_on
from services.api.instants import expiry_fault
from services.api.refusals import Refused, not_found
from shared.db import counters, waiting_counts
from shared.db.api import campaigns, exclusions, suppression_imports, suppressions
from shared.db.api.exclusions import SettledContact
from shared.db.api.suppressions import ALL_CAMPAIGNS, PutSuppression
from shared.db.types import Connection, Session
from shared.domain.outcomes import Outcome
from shared.domain.places.numbers import InvalidNumber, parse_number

EXCLUDED = counters.FINISHED + Outcome.EXCLUDED
EXPORTED_AT_ONCE = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """Each row of the file is in exactly one of the three counts."""

    imported: int
    updated: int
    errors: Errors


async def suppress(
    resources: Resources,
    caller: Caller,
    number: str,
    *,
    campaign_id: int | None,
    reason: str,
    expires_at: datetime | None,
    now: datetime,
) -> PutSuppression:
    """Attempts under way are stopped by the dialer, which looks here before each originate.

    So is a contact that another transaction is importing meanwhile.
    """
    parsed = parse_number(number, default_region=None)
    if isinstance(parsed, InvalidNumber):
        detail = "not a number with + and country code"
        raise Refused(parsed.reason, detail, field=("number",))
    fault = expires_at and expiry_fault(expires_at, now)
    if fault:
        raise Refused(fault, REASONS[fault], field=("expires_at",))
    async with resources.pool.acquire() as conn, conn.transaction():
        put = await suppressions.put(
            conn,
            tenant_id=caller.tenant_id,
            campaign_id=await named_list(conn, caller, campaign_id),
            number=parsed.e164,
            reason=reason,
            expires_at=expires_at,
        )
        await _settle(conn, caller, campaign_id, parsed.e164, now=now)
    return put


async def lift(
    resources: Resources, caller: Caller, number: str, *, campaign_id: int | None, now: datetime
) -> None:
    """Contacts that it finished stay finished; those that waited for its end wait no more."""
    parsed = parse_number(number, default_region=None)
    if isinstance(parsed, InvalidNumber):
        raise not_found()
    async with resources.pool.acquire() as conn, conn.transaction():
        if not await suppressions.delete(
            conn,
            tenant_id=caller.tenant_id,
            campaign_id=campaign_id or ALL_CAMPAIGNS,
            number=parsed.e164,
        ):
            raise not_found()
        await _settle(conn, caller, campaign_id, parsed.e164, now=now)


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
            await _settle_all(conn, caller, chosen, now=now)
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


async def named_list(conn: Connection, caller: Caller, campaign_id: int | None) -> int:
    """The suppression list of a campaign, or without one the list of all campaigns."""
    if campaign_id is None:
        return ALL_CAMPAIGNS
    if await campaigns.get(conn, tenant_id=caller.tenant_id, campaign_id=campaign_id) is None:
        raise Refused("unknown_campaign", "there is no such campaign", field=("campaign_id",))
    return campaign_id


async def _count(conn: Connection, settled: Sequence[SettledContact]) -> None:
    """Last in a transaction: these counters are everybody's, and are locked until the commit."""
    excluded = Counter(contact.waited.campaign for contact in settled if contact.waits is None)
    await counters.add(conn, [(campaign, EXCLUDED, n) for campaign, n in excluded.items()])
    left = [(each.waited, -1) for each in settled]
    came = [(each.waits, 1) for each in settled if each.waits is not None]
    await waiting_counts.add(conn, left + came)


async def _settle(
    conn: Connection, caller: Caller, campaign_id: int | None, number: str, *, now: datetime
) -> None:
    settled = await exclusions.settle(
        conn,
        tenant_id=caller.tenant_id,
        campaign_id=campaign_id or ALL_CAMPAIGNS,
        numbers=[number],
        now=now,
    )
    await _count(conn, settled)


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


async def _settle_all(conn: Session, caller: Caller, campaign_id: int, *, now: datetime) -> None:
    settled: list[SettledContact] = []
    async for numbers in suppression_imports.staged_numbers(conn):
        settled += await exclusions.settle(
            conn,
            tenant_id=caller.tenant_id,
            campaign_id=campaign_id,
            numbers=numbers,
            now=now,
        )
    await _count(conn, settled)
