"""The import of a file of contacts into a campaign, in one transaction."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import BinaryIO

from services.api.files import Reading, batches, invalid_row, stage, transaction
from services.api.http.auth import Caller
from services.api.http.resources import Resources
from services.api.imports import count, fillable, group_ids, rows_of
from services.api.refusals import Refused
from shared.db import locks, waiting_counts
from shared.db.api import imports
from shared.db.api.imports import MergedContacts, Unimported
from shared.db.types import Session
from shared.domain.campaigns import CampaignKey
from shared.domain.places.calling_groups import CallingGroup
from shared.intake.contact_rows import Rows
from shared.intake.csv_contacts import CONTACT_COLUMNS, CsvContacts
from shared.intake.json_contacts import JsonContacts
from shared.intake.row_errors import KEPT_ERRORS, Errors, Findings

Reader = CsvContacts | JsonContacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """Each row of the file is in exactly one of the four counts, with the errors of the file."""

    file: Findings
    imported: int
    duplicates: int
    suppressed: int
    duplicate_rows: Sequence[Unimported]


async def import_file(
    resources: Resources,
    caller: Caller,
    campaign_id: int,
    file: BinaryIO,
    *,
    reading: Reading,
    refuse_errors: bool,
    now: datetime,
) -> Imported:
    """Import all good rows; with `refuse_errors` one bad row refuses the whole file."""
    async with transaction(resources, caller, dry_run=reading.dry_run) as conn:
        campaign = await fillable(conn, caller, campaign_id)
        rows = await rows_of(conn, caller, campaign, numbers=reading.numbers, now=now)
        await imports.open_staging(conn)
        async with _reader(file, reading, rows) as reader:
            staged = await stage(_copy_texts(reader), partial(imports.stage, conn))
        if refuse_errors and reader.errors.count:
            raise _refused(reader.errors)
        key = caller.campaign(campaign_id)
        merged = await _merge(conn, key, rows.groups)
        duplicates = await _duplicates(conn, key, merged, reading=reading, staged=staged)
        await count(conn, key, inserted=merged.inserted, excluded=merged.excluded)
        await waiting_counts.add(conn, merged.waiting)
    imported = merged.inserted - merged.excluded
    resources.record(after={"imported": imported, "suppressed": merged.excluded})
    return Imported(
        file=reader,
        imported=imported,
        duplicates=staged - merged.inserted,
        suppressed=merged.excluded,
        duplicate_rows=duplicates,
    )


@asynccontextmanager
async def _reader(file: BinaryIO, reading: Reading, rows: Rows) -> AsyncIterator[Reader]:
    if reading.is_ndjson:
        contacts = JsonContacts(file, rows)
        reading.tell_fates(contacts)
        yield contacts
    else:
        async with reading.opened(file, CONTACT_COLUMNS) as table:
            yield CsvContacts(table, rows)


def _copy_texts(reader: Reader) -> Iterator[tuple[int, bytes]]:
    for rows in batches(reader.rows()):
        lines = [
            imports.staged_line(
                line,
                row.group,
                row.number,
                external_id=row.external_id,
                attributes=row.attributes,
                expires_at=row.expires_at,
            )
            for line, row in rows
        ]
        yield len(rows), "".join(lines).encode()


async def _merge(
    conn: Session, campaign: CampaignKey, groups: Sequence[CallingGroup]
) -> MergedContacts:
    await locks.lock_for_import(conn, campaign.campaign_id)
    ids = await group_ids(conn, campaign, groups)
    return await imports.merge(conn, **campaign._asdict(), group_ids=ids)


async def _duplicates(
    conn: Session, campaign: CampaignKey, merged: MergedContacts, *, reading: Reading, staged: int
) -> list[Unimported]:
    """The first duplicates; with `fates`, these get all rows that became no contact to call."""
    first: list[Unimported] = []
    if staged == merged.inserted and not (reading.fates and merged.excluded):
        return first
    parts = imports.unimported(conn, **campaign._asdict())
    async with aclosing(parts):
        async for rows in parts:
            duplicates = [row for row in rows if not row.is_suppressed]
            first += duplicates[: KEPT_ERRORS - len(first)]
            if reading.fates:
                reading.fates.add([_fate(row) for row in rows])
            elif len(first) == KEPT_ERRORS:
                break
    return first


def _fate(row: Unimported) -> tuple[object, ...]:
    if row.is_suppressed:
        return row.line, "suppressed", None, "suppressed", None, "the number is not to be called"
    if row.first_line is None:
        return row.line, "duplicate", None, "in_campaign", None, "the campaign had this number"
    return row.line, "duplicate", None, "in_file", row.first_line, "the first row is the contact"


def _refused(errors: Errors) -> Refused:
    return Refused(
        "rows_refused",
        "nothing was imported, because rows were refused",
        errors=[invalid_row(error) for error in errors.first],
        error_count=errors.count,
    )
