"""Erases a person: waits until nothing about the person moves, then deletes and clears rows.

Each step may be repeated, so an api that dies leaves nothing to mend: another one begins again,
and goes on in the events where it stopped.
"""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from services.api import erasures as asked
from services.api.http.resources import Resources
from services.api.operation_import import LeaseLostError
from services.api.refusals import Refused
from shared.db.api import erasures, operations
from shared.db.api.erasures import Rows, WaitsFor
from shared.db.api.operations import NO_COUNTS, Operation
from shared.db.types import Connection, Session

# Positions of public events in one transaction: some tenths of a second.
EVENTS_AT_ONCE = 20_000


class PutOffError(Exception):
    """The erasure waits for something, and is taken again in a moment."""


@dataclass(slots=True)
class OperationErasure:
    resources: Resources
    operation: Operation
    bytes_read: int = 0

    async def run(self) -> None:
        """Raises LeaseLostError, PutOffError while it waits, and Refused when it has failed."""
        try:
            numbers = await self._stop()
        except Refused as refused:
            await self._fail(refused)
            raise
        async with self._transaction() as conn:
            rows, waits_for = await self._find(conn, numbers)
        if waits_for is None:
            await self._clear_events(rows)
            async with self._transaction() as conn:
                # A call may have begun meanwhile, to a number that was lifted by hand.
                rows, waits_for = await self._find(conn, numbers)
                if waits_for is None:
                    await self._erase(conn, rows)
        if waits_for:
            raise PutOffError(waits_for)

    async def give_up(self) -> None:
        refused = Refused("internal", "the erasure failed again and again; ask once more")
        await self._fail(refused)
        raise refused

    def _transaction(self) -> AbstractAsyncContextManager[Session]:
        return self.resources.pool.transaction(self.operation.tenant_id)

    async def _stop(self) -> list[str]:
        """All numbers of the person, which are suppressed; no contact goes on to another."""
        numbers = await self._suppress()
        async with self._transaction() as conn:
            tenant_id = self.operation.tenant_id
            goes_on = await erasures.pass_over_shared(conn, tenant_id=tenant_id, numbers=numbers)
        return await self._suppress() if goes_on else numbers

    async def _suppress(self) -> list[str]:
        request = self.operation.request
        async with self._transaction() as conn:
            return await asked.stop(
                conn,
                self.operation.tenant_id,
                request["numbers"],
                request["external_id"],
                now=self.resources.clock(),
            )

    async def _find(self, conn: Connection, numbers: list[str]) -> tuple[Rows, WaitsFor | None]:
        """The rows of the person; with what the erasure waits for, it is put off."""
        tenant_id = self.operation.tenant_id
        rows = await erasures.find(conn, tenant_id=tenant_id, numbers=numbers)
        waits_for = await erasures.waits_for(
            conn, rows, tenant_id=tenant_id, asked_at=self.operation.created_at
        )
        if waits_for:
            await operations.put_off(conn, self.operation, waits_for=waits_for)
        return rows, waits_for

    async def _clear_events(self, rows: Rows) -> None:
        async with self._transaction() as conn:
            first, last = await erasures.kept_events(conn, self.operation.tenant_id)
        after = max(first - 1, self.operation.line)
        while after < last:
            until = min(after + EVENTS_AT_ONCE, last)
            async with self._transaction() as conn:
                await erasures.clear_events(
                    conn,
                    rows,
                    tenant_id=self.operation.tenant_id,
                    external_id=self.operation.request["external_id"],
                    after=after,
                    until=until,
                )
                await self._note(conn, until)
            after = until

    async def _note(self, conn: Connection, position: int) -> None:
        if not await operations.advance(
            conn,
            self.operation,
            line=position,
            bytes_read=0,
            counts=NO_COUNTS,
            columns=[],
            rows=b"",
        ):
            raise LeaseLostError

    async def _erase(self, conn: Connection, rows: Rows) -> None:
        request = self.operation.request
        erased = await erasures.delete(
            conn,
            rows,
            tenant_id=self.operation.tenant_id,
            external_id=request["external_id"],
            keep_suppression=request["keep_suppression"],
        )
        if not await operations.end(conn, self.operation, state="completed", erased=erased):
            raise LeaseLostError

    async def _fail(self, refused: Refused) -> None:
        problem = {"code": refused.code, "detail": refused.detail, "errors": []}
        async with self._transaction() as conn:
            await operations.end(conn, self.operation, state="failed", problem=problem)
