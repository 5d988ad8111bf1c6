"""Brings public events from the outbox to Kafka, by one process at a time."""

import contextlib
from datetime import datetime

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from faststream.kafka import KafkaBroker

from shared.db import outbox
from shared.db.types import Connection, Pool
from shared.kafka.broker import publish_raw
from shared.runtime.metrics import OUTBOX_PENDING, OUTBOX_RELAYED
from shared.runtime.retries import TRANSIENT

BATCH = 1_000


class OutboxRelay:
    """Leads as long as its connection lives; reads and deletes on that one.

    So a relay that lost the lead deletes nothing. What it still publishes repeats, in the same
    order, what the next one publishes too: at least once, ordered per key.
    """

    def __init__(self, pool: Pool, broker: KafkaBroker) -> None:
        self._pool = pool
        self._broker = broker
        self._conn: PoolConnectionProxy[asyncpg.Record] | None = None

    async def run_once(self, now: datetime) -> bool:
        """Publish the oldest events, then delete them; whether there may be more."""
        try:
            conn = self._conn or await self._elect()
            return conn is not None and await self._relay(conn)
        except TRANSIENT:
            # Another process may see more of PostgreSQL or Kafka than this one.
            await self.aclose()
            raise

    async def aclose(self) -> None:
        """Give up the lead."""
        conn, self._conn = self._conn, None
        if conn is not None:
            OUTBOX_PENDING.set(0)
            # The pool takes back by itself a connection that the server has cut.
            with contextlib.suppress(asyncpg.InterfaceError):
                conn.terminate()
            await self._pool.release(conn)

    async def _elect(self) -> "PoolConnectionProxy[asyncpg.Record] | None":
        conn = await self._pool.acquire()
        try:
            if await outbox.lead(conn):
                self._conn = conn
        except BaseException:
            # The server may grant the lock after all, and it would stay with the connection.
            conn.terminate()
            raise
        finally:
            if self._conn is None:
                await self._pool.release(conn)
        return self._conn

    async def _relay(self, conn: Connection) -> bool:
        entries = await outbox.oldest(conn, limit=BATCH)
        OUTBOX_PENDING.set(len(entries))
        if not entries:
            return False
        await publish_raw(
            self._broker, ((entry.topic, entry.key, entry.payload) for entry in entries)
        )
        await outbox.remove(conn, [entry.seq for entry in entries])
        OUTBOX_RELAYED.inc(len(entries))
        return len(entries) == BATCH
