"""Numbers that must not be called: suppressed and lifted, one by one or as a file."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import BinaryIO

from services.api.files import Reading, batches, stage, transaction
from services.api.http.auth import Caller
from services.api.http.resources import Resources
from services.api.refusals import Refused, not_found, refuse_invalid_expiry, unknown_region
from shared.db import counters, locks, waiting_counts
from shared.db.api import campaigns, exclusions, suppression_imports, suppressions
from shared.db.api.exclusions import SettledContact
from shared.db.api.suppressions import ALL_CAMPAIGNS, PutSuppression
from shared.db.types import Connection, Session
from shared.domain.outcomes import Outcome
from shared.domain.places.address import InvalidAddress, country_of
from shared.domain.places.numbers import InvalidNumber, parse_number
from shared.domain.wait_buckets import WaitBucket
from shared.intake.csv_file import CsvFile
from shared.intake.csv_suppressions import SUPPRESSION_COLUMNS, CsvSuppressions, csv_text
from shared.intake.remedies import REMEDIES
from shared.runtime.logs import masked

EXCLUDED = counters.FINISHED + Outcome.EXCLUDED
EXPORTED_AT_ONCE = 5000
NO_CODE = "no country code; write + and the code, such as +12025550123"


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """Each row of the file is in one of the two counts or in the errors of the file.

    A row of a number that may be two counts for both.
    """

    file: CsvFile
    imported: int
    updated: int


async def suppress(
    resources: Resources,
    caller: Caller,
    number: str,
    *,
    country: str | None = None,
    campaign_id: int | None,
    reason: str,
    expires_at: datetime | None,
    now: datetime,
) -> PutSuppression:
    """Stop calls to a number. Claimed attempts are stopped by the dialer before the originate;
    so are contacts that another transaction imports at the same time.

    A national number is one of `country`, else of the campaign's default region.
    """
    home = country_of(country, None)
    if isinstance(home, InvalidAddress):
        raise Refused(home.reason, REMEDIES[home.reason], field=("country",))
    refuse_invalid_expiry(expires_at, now)
    async with resources.pool.transaction(caller.tenant_id) as conn:
        chosen = await _kept_list(conn, caller, campaign_id)
        e164 = e164_of(number, home or await _region(conn, caller, chosen))
        put = await suppressions.put(
            conn,
            tenant_id=caller.tenant_id,
            campaign_id=chosen,
            number=e164,
            reason=reason,
            expires_at=expires_at,
        )
        await _settle(conn, caller, campaign_id, e164, now=now)
    terms = {"campaign_id": campaign_id, "reason": reason, "expires_at": expires_at}
    resources.record(after=terms, resource_id=masked(e164))
    return put


async def suppress_for_good(
    conn: Connection, tenant_id: int, numbers: Sequence[str], *, reason: str, now: datetime
) -> None:
    """Stop calls to these numbers of the tenant in all campaigns; whatever was said of them before
    gives way. The numbers are in order.
    """
    for number in numbers:
        await suppressions.put(
            conn,
            tenant_id=tenant_id,
            campaign_id=ALL_CAMPAIGNS,
            number=number,
            reason=reason,
            expires_at=None,
        )
    settled = await exclusions.settle(
        conn, tenant_id=tenant_id, campaign_id=ALL_CAMPAIGNS, numbers=numbers, now=now
    )
    await count_settled(conn, settled)


async def lift(
    resources: Resources, caller: Caller, number: str, *, campaign_id: int | None, now: datetime
) -> None:
    """Contacts that the suppression finished stay finished; contacts that waited are due again."""
    e164 = e164_of(number, None)
    async with resources.pool.transaction(caller.tenant_id) as conn:
        if not await suppressions.delete(
            conn,
            tenant_id=caller.tenant_id,
            campaign_id=campaign_id or ALL_CAMPAIGNS,
            number=e164,
        ):
            raise not_found("suppression")
        await _settle(conn, caller, campaign_id, e164, now=now)
    resources.record(before={"campaign_id": campaign_id}, resource_id=masked(e164))


async def import_csv(
    resources: Resources,
    caller: Caller,
    file: BinaryIO,
    *,
    reading: Reading,
    campaign_id: int | None,
    default_region: str | None,
    now: datetime,
) -> Imported:
    """National numbers are those of the default region, else of the campaign's."""
    async with transaction(resources, caller, dry_run=reading.dry_run) as conn:
        chosen = await _kept_list(conn, caller, campaign_id)
        region = default_region or await _region(conn, caller, chosen)
        await suppression_imports.open_staging(conn)
        async with reading.opened(file, SUPPRESSION_COLUMNS) as table:
            reader = CsvSuppressions(table, now=now, default_region=region, numbers=reading.numbers)
            parts = ((len(rows), rows) for rows in batches(reader.rows()))
            staged = await stage(parts, partial(suppression_imports.stage, conn))
        new = await suppression_imports.merge(conn, tenant_id=caller.tenant_id, campaign_id=chosen)
        if not reading.dry_run:
            await _settle_all(conn, caller, chosen, now=now)
    resources.record(after={"campaign_id": campaign_id, "imported": new, "updated": staged - new})
    return Imported(file=table, imported=new, updated=staged - new)


async def export_csv(
    resources: Resources, caller: Caller, *, campaign_id: int | None
) -> AsyncIterator[str]:
    """Reads page by page, in order of the numbers: a slow client occupies no connection.
    A change during the export may be in the file or not.
    """
    async with resources.pool.transaction(caller.tenant_id) as conn:
        chosen = await named_list(conn, caller, campaign_id)
    return _pages(resources, caller, chosen)


async def named_list(conn: Connection, caller: Caller, campaign_id: int | None) -> int:
    """The suppression list of a campaign, or without one the list of all campaigns."""
    if campaign_id is None:
        return ALL_CAMPAIGNS
    if await campaigns.get(conn, tenant_id=caller.tenant_id, campaign_id=campaign_id) is None:
        raise Refused("unknown_campaign", "there is no such campaign", field=("campaign_id",))
    return campaign_id


async def _kept_list(conn: Connection, caller: Caller, campaign_id: int | None) -> int:
    """Like `named_list`; until the transaction ends, the campaign of the list is not deleted."""
    if campaign_id is not None:
        await locks.block_completion(conn, campaign_id)
    return await named_list(conn, caller, campaign_id)


def e164_of(text: str, region: str | None) -> str:
    """The number in E.164; a national one is of the region."""
    parsed = parse_number(text, default_region=region)
    if isinstance(parsed, InvalidNumber):
        detail = NO_CODE if parsed.reason == "no_country" else REMEDIES[parsed.reason]
        raise Refused(parsed.reason, detail, field=("number",))
    return parsed.e164


def known_region(text: str | None) -> str | None:
    region = country_of(text, None)
    if isinstance(region, InvalidAddress):
        raise unknown_region()
    return region


async def _region(conn: Connection, caller: Caller, campaign_id: int) -> str | None:
    campaign = await campaigns.get(conn, tenant_id=caller.tenant_id, campaign_id=campaign_id)
    return campaign.definition.default_region if campaign else None


async def count_settled(
    conn: Connection,
    settled: Sequence[SettledContact],
    moved: Iterable[tuple[WaitBucket, int]] = (),
) -> None:
    """Comes last in a transaction, because it locks counters that other transactions need.

    `moved` are changes of the waiting contacts beside those that were settled.
    """
    excluded = Counter(contact.waited.campaign for contact in settled if contact.waits is None)
    await counters.add(conn, [(campaign, EXCLUDED, n) for campaign, n in excluded.items()])
    await waiting_counts.add(conn, [*exclusions.moves(settled), *moved])


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
    await count_settled(conn, settled)


async def _pages(resources: Resources, caller: Caller, campaign_id: int) -> AsyncIterator[str]:
    after: str | None = None
    while True:
        async with resources.pool.transaction(caller.tenant_id) as conn:
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
    await count_settled(conn, settled)
