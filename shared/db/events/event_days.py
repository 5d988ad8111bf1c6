"""The partitions of public_events, one per day in UTC. Events makes and drops them.

The functions of the schema hold the DDL. Both lock a table against the writers for a moment, so
the caller's transaction begins with `wait_briefly`.
"""

from datetime import UTC, date, datetime, time, timedelta

from shared.db.types import Connection

# Seconds; a default partition with many events is read and emptied as a whole.
LONGEST_MAKE = 600.0


async def wait_briefly(conn: Connection) -> None:
    """Set a short lock timeout: while this transaction waits for a lock, all writers wait too."""
    await conn.execute("SET LOCAL lock_timeout = '500ms'")


async def made(conn: Connection) -> set[date]:
    """The days that have a partition."""
    rows = await conn.fetch(
        """
        SELECT to_date(right(child.relname, 8), 'YYYYMMDD') AS day
        FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid
        WHERE inhparent = 'public_events'::regclass AND child.relname <> 'public_events_default'
        """
    )
    return {row["day"] for row in rows}


async def in_default(conn: Connection) -> set[date]:
    """The days with events in the default partition, because their own was not made in time."""
    rows = await conn.fetch(
        "SELECT DISTINCT (at AT TIME ZONE 'UTC')::date AS day FROM public_events_default",
        timeout=LONGEST_MAKE,
    )
    return {row["day"] for row in rows}


async def make(conn: Connection, day: date) -> None:
    """Make the day's partition, unless it is there, and move its events out of the default one."""
    await conn.execute("SELECT make_event_day($1)", day, timeout=LONGEST_MAKE)


async def in_use(conn: Connection, day: date) -> bool:
    """Whether an event of the day is not on Kafka yet, or a delivery of it is pending.

    It comes before the transaction that drops: there, its locks on all days would block another
    process that drops. A past day gets no new pending row, so the answer False stays true.
    """
    starts_at = datetime.combine(day, time(), UTC)
    used: bool = await conn.fetchval(
        """
        SELECT EXISTS (
            SELECT FROM event_heads AS head
            LEFT JOIN event_relays AS relay USING (tenant_id)
            CROSS JOIN LATERAL (
                SELECT FROM public_events AS event
                WHERE event.tenant_id = head.tenant_id
                    AND event.position > coalesce(relay.relayed, 0)
                    AND event.at >= $1 AND event.at < $2
                LIMIT 1
            ) AS behind
            WHERE head.last > coalesce(relay.relayed, 0)
        ) OR EXISTS (
            -- Tenant by tenant, each a look at webhook_deliveries_pending.
            SELECT FROM tenants AS tenant
            CROSS JOIN LATERAL (
                SELECT FROM webhook_deliveries
                WHERE tenant_id = tenant.id
                    AND state = 'pending' AND event_at >= $1 AND event_at < $2
                LIMIT 1
            ) AS pending
        )
        """,
        starts_at,
        starts_at + timedelta(days=1),
    )
    return used


async def drop(conn: Connection, day: date) -> None:
    await conn.execute("SELECT drop_event_day($1)", day)
