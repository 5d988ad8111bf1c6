"""Runs operations: takes them by a lease, renews it, and leaves them when it is lost.

An api that dies loses one batch of an import. When its lease has ended another api goes on after
the last batch that was committed: no row is imported twice. An erasure begins again.
"""

import asyncio
import contextlib
import logging
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

from services.api.http.resources import NO_TENANT, Resources
from services.api.operation_erasure import OperationErasure, PutOffError
from services.api.operation_import import LeaseLostError, OperationImport
from services.api.refusals import Refused
from shared.db.api import operations
from shared.db.api.operations import LEASE_SECONDS, Operation
from shared.runtime.metrics import OPERATIONS_ENDED, OPERATIONS_RUNNING
from shared.runtime.retries import TRANSIENT

logger = logging.getLogger(__name__)

Work = OperationImport | OperationErasure

# About a second of work: longer ones save little, and hold the campaign's other imports up.
PARTS_AT_ONCE = 12
# Files of operations on the disk of one api; only those with a slot work.
AT_ONCE = 8
# A file that ends its api again and again is given up.
MOST_TRIES = 5


@dataclass(slots=True)
class OperationRunner:
    """`step` begins the next operation, which then runs beside the others."""

    resources: Resources
    parts_at_once: int = PARTS_AT_ONCE
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    async def step(self, _now: datetime) -> bool:
        """Return whether one was begun, so that there may be more."""
        if len(self._running) >= AT_ONCE:
            return False
        async with self.resources.pool.transaction(NO_TENANT) as conn:
            operation = await operations.take(conn, lease=uuid4())
        if operation is None:
            return False
        task = asyncio.create_task(self.run(operation))
        self._running.add(task)
        task.add_done_callback(self._forget)
        OPERATIONS_RUNNING.set(len(self._running))
        return True

    async def stop(self) -> None:
        """Leave what runs here to another api."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        OPERATIONS_RUNNING.set(len(self._running))

    async def run(self, operation: Operation) -> None:
        logged = {"operation_id": operation.id, "kind": operation.kind}
        try:
            await self._run(operation)
        except LeaseLostError:
            result = "left"
            logger.info("operation left", extra=logged)
        except PutOffError as put_off:
            result = "put_off"
            logger.debug("operation put off", extra=logged | {"waits_for": str(put_off)})
        except Refused as refused:
            result = "failed"
            logger.info("operation failed", extra=logged | {"code": refused.code})
        except TRANSIENT as error:
            result = "waits"
            logger.warning("operation waits", extra=logged | {"error": type(error).__name__})
        except Exception:  # the loop of a process: the next try may go better
            result = "waits"
            logger.exception("operation waits", extra=logged)
        else:
            result = "completed"
            logger.info("operation completed", extra=logged)
        OPERATIONS_ENDED.labels(operation.kind, result).inc()

    async def _run(self, operation: Operation) -> None:
        work = self._work(operation)
        if operation.tries > MOST_TRIES:
            await work.give_up()
            return
        working = asyncio.create_task(work.run())
        renewing = asyncio.create_task(self._renew(operation, work))
        try:
            await asyncio.wait({working, renewing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (working, renewing):
                task.cancel()
            await asyncio.wait({working, renewing})
        for task in (working, renewing):
            with contextlib.suppress(asyncio.CancelledError):
                task.result()

    def _work(self, operation: Operation) -> Work:
        if operation.kind == "erasure":
            return OperationErasure(self.resources, operation)
        return OperationImport(self.resources, operation, self.parts_at_once)

    async def _renew(self, operation: Operation, work: Work) -> None:
        while True:
            await asyncio.sleep(LEASE_SECONDS / 5)
            async with self.resources.pool.transaction(operation.tenant_id) as conn:
                if not await operations.renew(conn, operation, bytes_read=work.bytes_read):
                    raise LeaseLostError
