"""Imports a file of contacts into a campaign: in one transaction, or the next rows of it in one."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from services.api.files import Reading, batches, invalid_row, stage, transaction
from services.api.http.auth import Caller
from services.api.http.resources import Resources
from services.api.imports import count, fillable, rows_of
from services.api.refusals import Refused
from services.api.staged_rows import StagedRows
from shared.db import waiting_counts
from shared.db.api import exclusions, imports
from shared.db.api.exclusions import SettledContact
from shared.db.api.imports import StagedPart, Unimported
from shared.db.types import Session
from shared.domain.campaigns import CampaignKey
from shared.intake.contact_rows import Rows
from shared.intake.csv_contacts import CONTACT_COLUMNS, CsvContacts
from shared.intake.json_contacts import JsonContacts
from shared.intake.row_errors import KEPT_ERRORS, Errors, Findings
from shared.runtime.process import now

Reader = CsvContacts | JsonContacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """Each row that was read is in exactly one of the four counts, or in the errors of the file."""

    file: Findings
    imported: int
    updated: int
    duplicates: int
    suppressed: int
    duplicate_rows: Sequence[Unimported]


@dataclass(slots=True)
class ContactFile:
    """A file that is being read. `line` is that of the last row that was taken from it; `is_read`
    says that there are no more.
    """

    campaign: CampaignKey
    reading: Reading
    reader: Reader
    rows: Rows
    line: int = 0
    is_read: bool = False

    def parts(self) -> Iterator[tuple[int, StagedPart]]:
        """The valid rows, each part with their number."""
        for rows in batches(self.reader.rows()):
            lines = [
                imports.staged_line(
                    line,
                    row.group,
                    row.number,
                    has_place=row.has_place,
                    external_id=row.external_id,
                    attributes=row.attributes,
                    expires_at=row.expires_at,
                    others=row.others,
                )
                for line, row in rows
            ]
            self.line = rows[-1][0]
            has_several = any(row.others for _, row in rows)
            yield len(rows), StagedPart("".join(lines).encode(), self.line, has_several)
        self.is_read = True


async def import_file(
    resources: Resources,
    caller: Caller,
    campaign_id: int,
    file: BinaryIO,
    *,
    reading: Reading,
    now: datetime,
) -> Imported:
    """Import all good rows in one transaction."""
    async with transaction(resources, caller, dry_run=reading.dry_run) as conn:
        campaign = await fillable(conn, caller, campaign_id)
        rows = await rows_of(conn, caller, campaign, numbers=reading.numbers, now=now)
        async with opened(file, caller.campaign(campaign_id), rows, reading) as contacts:
            done = await import_rows(resources, conn, contacts, contacts.parts())
    resources.record(
        after={
            "imported": done.imported,
            "updated": done.updated,
            "suppressed": done.suppressed,
        }
    )
    return done


@asynccontextmanager
async def opened(
    file: BinaryIO, campaign: CampaignKey, rows: Rows, reading: Reading
) -> AsyncIterator[ContactFile]:
    if reading.is_ndjson:
        reader = JsonContacts(file, rows)
        reading.tell_fates(reader)
        yield ContactFile(campaign, reading, reader, rows)
    else:
        async with reading.opened(file, CONTACT_COLUMNS) as table:
            yield ContactFile(campaign, reading, CsvContacts(table, rows), rows)


async def import_rows(
    resources: Resources,
    conn: Session,
    contacts: ContactFile,
    parts: Iterator[tuple[int, StagedPart]],
) -> Imported:
    """Import these parts of the file in the transaction of `conn`."""
    reading, errors, campaign = contacts.reading, contacts.reader.errors, contacts.campaign
    rows = StagedRows(resources, conn, campaign, contacts.rows.groups)

    async def take(part: StagedPart) -> None:
        if reading.dry_run or (reading.refuse_errors and errors.count):
            rows.wait()
        await rows.take(part)

    await imports.open_staging(conn)
    staged = await stage(parts, take)
    _refuse(errors, reading)
    ids = await rows.finish()
    waiting, duplicates, updated = [*rows.waiting.items()], staged - rows.inserted, 0
    if duplicates and reading.on_duplicate == "update":
        waiting += await imports.update(conn, **campaign._asdict(), group_ids=ids)
        duplicates, updated = 0, duplicates
    settled: list[SettledContact] = []
    if rows.has_several:
        replace = reading.on_duplicate == "update"
        await imports.set_numbers(conn, **campaign._asdict(), group_ids=ids, replace=replace)
        if updated:
            numbers = await imports.waiting_for_suppressions(conn, **campaign._asdict())
            settled = await exclusions.settle(
                conn, **campaign._asdict(), numbers=numbers, now=now()
            )
    first = await _duplicates(conn, contacts, excluded=rows.excluded, duplicates=duplicates)
    if reading.on_duplicate == "refuse":
        duplicates = 0
        _refuse(errors, reading)
    excluded = rows.excluded + sum(contact.waits is None for contact in settled)
    await count(resources, conn, campaign, inserted=rows.inserted, excluded=excluded)
    await waiting_counts.add(conn, [*waiting, *exclusions.moves(settled)])
    return Imported(
        file=contacts.reader,
        imported=rows.inserted - rows.excluded,
        updated=updated,
        duplicates=duplicates,
        suppressed=rows.excluded,
        duplicate_rows=first,
    )


async def _duplicates(
    conn: Session, contacts: ContactFile, *, excluded: int, duplicates: int
) -> list[Unimported]:
    """The first duplicates; with `fates`, these get all rows that became no contact to call."""
    reading = contacts.reading
    first: list[Unimported] = []
    if not duplicates and not (reading.fates and excluded):
        return first
    async with aclosing(imports.unimported(conn, **contacts.campaign._asdict())) as parts:
        async for rows in parts:
            if reading.on_duplicate == "refuse":
                for row in rows:
                    if not row.is_suppressed:
                        name = contacts.reader.number_name
                        contacts.reader.errors.add(row.line, name, "duplicate")
            elif reading.on_duplicate == "skip":
                found = [row for row in rows if not row.is_suppressed]
                first += found[: KEPT_ERRORS - len(first)]
            if reading.fates:
                told = [row for row in rows if row.is_suppressed or reading.on_duplicate == "skip"]
                reading.fates.add([_fate(row) for row in told])
            elif reading.on_duplicate == "skip" and len(first) == KEPT_ERRORS:
                break
    return first


def _fate(row: Unimported) -> tuple[object, ...]:
    if row.is_suppressed:
        return row.line, "suppressed", None, "suppressed", None, "the number is not to be called"
    if row.first_line is None:
        return row.line, "duplicate", None, "in_campaign", None, "the campaign had this number"
    return row.line, "duplicate", None, "in_file", row.first_line, "the first row is the contact"


def _refuse(errors: Errors, reading: Reading) -> None:
    if reading.refuse_errors and errors.count:
        raise Refused(
            "rows_refused",
            "nothing was imported, because rows were refused",
            errors=[invalid_row(error) for error in errors.first],
            error_count=errors.count,
        )
