"""Brings public events to Kafka, by one process at a time."""

import contextlib
from datetime import datetime

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from faststream.kafka import KafkaBroker

from shared.db import locks
from shared.db.events import event_relays
from shared.db.types import Connection, Pool
from shared.kafka.broker import publish_raw
from shared.runtime.metrics import EVENTS_PENDING, EVENTS_RELAYED
from shared.runtime.retries import TRANSIENT

BATCH = 1_000


class EventRelay:
    """Leads as long as its connection lives; reads events and moves the marks on that one.

    A relay that lost the lead moves no mark. The events that it still publishes are repeated, in
    the same order, by the next one: at least once, ordered per key.
    """

    def __init__(self, pool: Pool, broker: KafkaBroker) -> None:
        self._pool = pool
        self._broker = broker
        self._conn: PoolConnectionProxy[asyncpg.Record] | None = None

    async def run_once(self, now: datetime) -> bool:
        """Publish the next events of each tenant, move the marks, return whether there are more."""
        try:
            conn = self._conn or await self._elect()
            return conn is not None and await self._relay(conn)
        except TRANSIENT:
            # Another process may reach PostgreSQL or Kafka when this one does not.
            await self.aclose()
            raise

    async def aclose(self) -> None:
        """Give up the lead."""
        conn, self._conn = self._conn, None
        if conn is not None:
            EVENTS_PENDING.set(0)
            # The pool takes back by itself a connection that the server has cut.
            with contextlib.suppress(asyncpg.InterfaceError):
                conn.terminate()
            await self._pool.release(conn)

    async def _elect(self) -> "PoolConnectionProxy[asyncpg.Record] | None":
        conn = await self._pool.acquire()
        try:
            if await locks.try_lead_relay(conn):
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
        backlogs = await event_relays.backlogs(conn)
        waiting = sum(backlog.waiting for backlog in backlogs)
        EVENTS_PENDING.set(waiting)
        if not backlogs:
            return False
        # Each tenant gets a share, so a long backlog of one does not delay the others.
        share = max(1, BATCH // len(backlogs))
        entries = await event_relays.oldest(conn, backlogs, limit=share)
        await publish_raw(
            self._broker, ((entry.topic, entry.key, entry.payload) for entry in entries)
        )
        await event_relays.move(conn, entries)
        EVENTS_RELAYED.inc(len(entries))
        return 0 < len(entries) < waiting
