"""Imports the file of one operation in batches, each a transaction that notes how far it came."""

import asyncio
import io
import itertools
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import BinaryIO

from services.api.contact_files import ContactFile, import_rows, opened
from services.api.files import Reading, RowFates, transaction
from services.api.http.auth import Caller
from services.api.http.resources import Resources
from services.api.imports import fillable, rows_of
from services.api.refusals import InvalidField, Refused
from shared.db.api import operation_parts, operations
from shared.db.api.imports import StagedPart
from shared.db.api.operations import Counts, Operation
from shared.db.types import Connection
from shared.runtime.failpoints import Failpoint, passing
from shared.runtime.metrics import OPERATION_ROWS

# Errors of a file that a failed operation repeats; the file of its rows has all.
SHOWN_ERRORS = 100
# Of rows, as the metric counts them.
FATES = ("imported", "updated", "duplicates", "suppressed", "rejected")


class LeaseLostError(Exception):
    """The operation was cancelled, or another api runs it."""


@dataclass(slots=True)
class OperationImport:
    """`parts_at_once` of the file, `files.ROWS_AT_ONCE` rows each, are one batch."""

    resources: Resources
    operation: Operation
    parts_at_once: int
    _contacts: ContactFile | None = None
    _file: BinaryIO | None = None

    @property
    def bytes_read(self) -> int:
        """How much of the file was read for the import."""
        if self._contacts is None or self._file is None or self._file.closed:
            return 0
        return self._file.tell()

    async def run(self) -> None:
        """Raises LeaseLostError, and Refused when the operation has failed."""
        operation = self.operation
        fates = RowFates(io.BytesIO(), header=operation.line == 0)
        reading = Reading(**operation.request, after=operation.line, fates=fates)
        # The request was admitted; what follows asks for its tenant alone.
        caller = Caller(
            tenant_id=operation.tenant_id,
            api_key_id=operation.api_key_id,
            key_name="",
            scopes=frozenset(),
        )
        try:
            with tempfile.TemporaryFile(dir=self.resources.uploads.directory) as file:
                await self._fetch(file)
                await self._import(file, caller, reading, fates)
        except Refused as refused:
            await self._fail(refused, rows=fates.taken())
            raise

    async def give_up(self) -> None:
        refused = Refused("internal", "the import failed again and again")
        await self._fail(refused, rows=b"")
        raise refused

    async def _fetch(self, file: BinaryIO) -> None:
        after = 0
        while True:
            async with self.resources.pool.transaction(self.operation.tenant_id) as conn:
                part = await operation_parts.following(
                    conn,
                    tenant_id=self.operation.tenant_id,
                    operation_id=self.operation.id,
                    kind="upload",
                    after=after,
                )
            if part is None:
                break
            after, content = part
            await asyncio.to_thread(file.write, content)
        file.seek(0)

    async def _import(
        self, file: BinaryIO, caller: Caller, reading: Reading, fates: RowFates
    ) -> None:
        key = caller.campaign(_campaign_of(self.operation))
        async with self.resources.pool.transaction(self.operation.tenant_id) as conn:
            campaign = await fillable(conn, caller, key.campaign_id)
            now = self.resources.clock()
            rows = await rows_of(conn, caller, campaign, numbers=reading.numbers, now=now)
        is_whole = reading.refuse_errors or reading.dry_run
        async with opened(file, key, rows, reading) as contacts:
            contacts.line = self.operation.line
            self._file, self._contacts = file, contacts
            parts = contacts.parts()
            while not contacts.is_read:
                batch = itertools.islice(parts, None if is_whole else self.parts_at_once)
                await self._batch(caller, contacts, batch, fates)

    async def _batch(
        self,
        caller: Caller,
        contacts: ContactFile,
        batch: Iterator[tuple[int, StagedPart]],
        fates: RowFates,
    ) -> None:
        found, is_trial = contacts.reader, contacts.reading.dry_run
        rejected, warnings = found.errors.count, found.warnings.count
        async with transaction(self.resources, caller, dry_run=is_trial) as conn:
            await fillable(conn, caller, contacts.campaign.campaign_id)
            done = await import_rows(self.resources, conn, contacts, batch)
            counts = Counts(
                imported=done.imported,
                updated=done.updated,
                duplicates=done.duplicates,
                suppressed=done.suppressed,
                rejected=found.errors.count - rejected,
                warnings=found.warnings.count - warnings,
            )
            if not is_trial:
                await self._note(conn, contacts, counts, rows=fates.taken())
        if is_trial:
            async with self.resources.pool.transaction(self.operation.tenant_id) as conn:
                await self._note(conn, contacts, counts, rows=fates.taken())
        for fate in () if is_trial else FATES:
            OPERATION_ROWS.labels(fate).inc(getattr(counts, fate))
        passing(Failpoint.AFTER_IMPORT_BATCH)

    async def _note(
        self, conn: Connection, contacts: ContactFile, counts: Counts, *, rows: bytes
    ) -> None:
        """Last in the transaction: without the lease, its rows are not imported."""
        if not await operations.advance(
            conn,
            self.operation,
            line=contacts.line,
            bytes_read=self.bytes_read,
            counts=counts,
            columns=[asdict(column) for column in contacts.reader.columns],
            rows=rows,
        ):
            raise LeaseLostError
        if contacts.is_read:
            await operations.end(conn, self.operation, state="completed")

    async def _fail(self, refused: Refused, *, rows: bytes) -> None:
        problem = {
            "code": refused.code,
            "detail": refused.detail,
            "errors": [_shown(error) for error in refused.errors[:SHOWN_ERRORS]],
        }
        async with self.resources.pool.transaction(self.operation.tenant_id) as conn:
            noted = await operations.advance(
                conn,
                self.operation,
                line=self.operation.line,
                bytes_read=0,
                counts=Counts(rejected=refused.error_count or 0),
                columns=[],
                rows=rows,
            )
            if noted:
                await operations.end(conn, self.operation, state="failed", problem=problem)


def _campaign_of(operation: Operation) -> int:
    assert operation.campaign_id is not None  # noqa: S101 - a CHECK of the table
    return operation.campaign_id


def _shown(error: InvalidField) -> dict[str, object]:
    field = error.field[-1] if error.field else None
    return {"line": error.line, "field": field, "reason": error.code, "detail": error.detail}
