"""Numbers that must not be called: suppressed and lifted, one by one or as a file."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from services.api.files import REASONS, batches, in_thread, refusing_unreadable
from services.api.http.auth import Caller
from services.api.http.resources import Resources
from services.api.refusals import Refused, not_found
from shared.db import counters, waiting_counts
from shared.db.api import campaigns, exclusions, suppression_imports, suppressions
from shared.db.api.exclusions import SettledContact
from shared.db.api.suppressions import ALL_CAMPAIGNS, PutSuppression
from shared.db.types import Connection, Session
from shared.domain.outcomes import Outcome
from shared.domain.places.numbers import InvalidNumber, parse_number
from shared.intake.csv_file import Errors, as_text
from shared.intake.csv_suppressions import CsvSuppressions, csv_text
from shared.intake.instants import expiry_fault

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
    """Stop calls to a number. Claimed attempts are stopped by the dialer before the originate;
    so are contacts that another transaction imports at the same time.
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
    """Contacts that the suppression finished stay finished; contacts that waited are due again."""
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
    file: BinaryIO,
    *,
    campaign_id: int | None,
    now: datetime,
) -> Imported:
    async with resources.import_slots, resources.pool.acquire() as conn, conn.transaction():
        chosen = await named_list(conn, caller, campaign_id)
        await suppression_imports.open_staging(conn)
        with refusing_unreadable(), as_text(file) as text:
            reader = CsvSuppressions(text, now=now)
            staged = await _stage(conn, reader)
        new = await suppression_imports.merge(conn, tenant_id=caller.tenant_id, campaign_id=chosen)
        await _settle_all(conn, caller, chosen, now=now)
    return Imported(imported=new, updated=staged - new, errors=reader.errors)


async def export_csv(
    resources: Resources, caller: Caller, *, campaign_id: int | None
) -> AsyncIterator[str]:
    """Reads page by page, in order of the numbers: a slow client occupies no connection.
    A change during the export may be in the file or not.
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
    """Comes last in a transaction, because it locks counters that other transactions need."""
    excluded = Counter(contact.waited.campaign for contact in settled if contact.waits is None)
    await counters.add(conn, [(campaign, EXCLUDED, n) for campaign, n in excluded.items()])
    left = [(contact.waited, -1) for contact in settled]
    came = [(contact.waits, 1) for contact in settled if contact.waits is not None]
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
        rows = ((entry.number, entry.reason, entry.expires_at) for entry in page)
        yield csv_text(rows, header=after is None)
        if len(page) < EXPORTED_AT_ONCE:
            return
        after = page[-1].number


async def _stage(conn: Session, reader: CsvSuppressions) -> int:
    """Stage all valid rows; returns their number."""
    staged = 0
    async with aclosing(in_thread(batches(reader.rows()))) as parts:
        async for rows in parts:
            await suppression_imports.stage(conn, rows)
            staged += len(rows)
    return staged


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
