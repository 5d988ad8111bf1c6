"""Deletes rows whose time is over; makes and drops the days of events and the months of calls."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import asyncpg

from shared.db import tenants, waiting_counts
from shared.db.events import call_months, event_days, retention
from shared.db.types import Connection, Pool
from shared.domain.wait_buckets import five_minutes_of
from shared.runtime.metrics import EVENT_DAYS, ROWS_PRUNED

logger = logging.getLogger(__name__)

PRUNE_MOST = 10_000
# Each has many parts, which are deleted with it.
PRUNE_OPERATIONS = 100
# More than a weekend without this service; then events go to the default partition.
DAYS_AHEAD = 4
# Answers of the api by Idempotency-Key, which it takes for gone after this.
ANSWERS_KEPT_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long rows are kept after they have ended."""

    events: timedelta
    deliveries: timedelta
    attempts: timedelta
    calls: timedelta
    person_calls: timedelta
    inbox: timedelta
    audit_log: timedelta
    operations: timedelta


@dataclass(frozen=True, slots=True)
class Pruner:
    """Deletes in batches, tenant by tenant; a day of events and a month of call records are
    dropped as a whole.

    Each public method is a periodic step of its own: one that fails does not stop the others.
    """

    pool: Pool
    keep: Retention

    async def make_days(self, now: datetime) -> bool:
        today = now.astimezone(UTC).date()
        ahead = {today + timedelta(days=n) for n in range(DAYS_AHEAD + 1)}
        wanted = ahead | await event_days.in_default(self.pool)
        for day in sorted(wanted - await event_days.made(self.pool)):
            async with _changing_partitions(self.pool, day) as conn:
                await event_days.make(conn, day)
        return False

    async def make_months(self, now: datetime) -> bool:
        """Make this month and the next, long before it begins."""
        this = _month_of(now)
        wanted = {this, _month_after(this)} | await call_months.in_default(self.pool)
        for month in sorted(wanted - await call_months.made(self.pool)):
            async with _changing_partitions(self.pool, month) as conn:
                await call_months.make(conn, month)
        return False

    async def delete_rows(self, now: datetime) -> bool:
        """Return whether there may be more to delete at once."""
        more = False
        for tenant_id in await tenants.ids(self.pool):
            more = await self._delete_rows(tenant_id, now) or more
        return more

    async def drop_days(self, now: datetime) -> bool:
        days = await event_days.made(self.pool)
        EVENT_DAYS.set(len(days))
        for day in sorted(days):
            if datetime.combine(day, time(), UTC) + timedelta(days=1) > now - self.keep.events:
                break
            if await event_days.in_use(self.pool, day):
                logger.warning("events kept longer", extra={"day": day.isoformat()})
                continue
            async with _changing_partitions(self.pool, day) as conn:
                await event_days.drop(conn, day)
        return False

    async def drop_months(self, now: datetime) -> bool:
        for month in sorted(await call_months.made(self.pool)):
            if datetime.combine(_month_after(month), time(), UTC) > now - self.keep.calls:
                break
            async with _changing_partitions(self.pool, month) as conn:
                await call_months.drop(conn, month)
        return False

    async def _delete_rows(self, tenant_id: int, now: datetime) -> bool:
        deleted = {
            "inbox": await retention.delete_facts(
                self.pool, tenant_id, before=now - self.keep.inbox, limit=PRUNE_MOST
            ),
            "webhook_deliveries": await retention.delete_deliveries(
                self.pool, tenant_id, before=now - self.keep.deliveries, limit=PRUNE_MOST
            ),
            "attempts": await retention.delete_attempts(
                self.pool, tenant_id, before=now - self.keep.attempts, limit=PRUNE_MOST
            ),
            "sms_messages": await retention.delete_sms(
                self.pool, tenant_id, before=now - self.keep.attempts, limit=PRUNE_MOST
            ),
            "person_calls": await retention.delete_person_calls(
                self.pool, tenant_id, before=now - self.keep.person_calls, limit=PRUNE_MOST
            ),
            "audit_log": await retention.delete_audit_entries(
                self.pool, tenant_id, before=now - self.keep.audit_log, limit=PRUNE_MOST
            ),
            "idempotency_keys": await retention.delete_idempotency_keys(
                self.pool, tenant_id, before=now - ANSWERS_KEPT_FOR, limit=PRUNE_MOST
            ),
            "operations": await retention.delete_operations(
                self.pool, tenant_id, before=now - self.keep.operations, limit=PRUNE_OPERATIONS
            ),
            "waiting_contacts": await waiting_counts.prune(
                self.pool, tenant_id, before=five_minutes_of(now), limit=PRUNE_MOST
            ),
        }
        for table, count in deleted.items():
            ROWS_PRUNED.labels(table).inc(count)
        return PRUNE_MOST in deleted.values() or deleted["operations"] == PRUNE_OPERATIONS


def _month_of(now: datetime) -> date:
    return now.astimezone(UTC).date().replace(day=1)


def _month_after(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


@asynccontextmanager
async def _changing_partitions(pool: Pool, day: date) -> AsyncIterator[Connection]:
    """A transaction that is given up until the next pass if a lock is not free soon."""
    try:
        async with pool.acquire() as conn, conn.transaction():
            await event_days.wait_briefly(conn)
            yield conn
    except asyncpg.LockNotAvailableError:
        logger.warning("partition locked", extra={"day": day.isoformat()})
