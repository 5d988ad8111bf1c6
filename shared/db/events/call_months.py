"""The partitions of call_records, one per month in UTC. Events makes and drops them.

A month is named by its first day. Its calls are those whose attempts were claimed in it. Making and
dropping lock a table against the writers for a moment, as in event_days.
"""

from datetime import date

from shared.db.events.event_days import LONGEST_MAKE
from shared.db.types import Connection


async def made(conn: Connection) -> set[date]:
    """The months that have a partition."""
    rows = await conn.fetch(
        """
        SELECT to_date(right(child.relname, 6), 'YYYYMM') AS month
        FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid
        WHERE inhparent = 'call_records'::regclass AND child.relname <> 'call_records_default'
        """
    )
    return {row["month"] for row in rows}


async def in_default(conn: Connection) -> set[date]:
    """The months with calls in the default partition, because their own was not made in time."""
    rows = await conn.fetch(
        """
        SELECT DISTINCT
            date_trunc('month', uuid_extract_timestamp(attempt_id), 'UTC')::date AS month
        FROM call_records_default WHERE uuid_extract_version(attempt_id) = 7
        """,
        timeout=LONGEST_MAKE,
    )
    return {row["month"] for row in rows}


async def make(conn: Connection, month: date) -> None:
    """Make the month's partition, unless it is there, and move its calls out of the default one."""
    await conn.execute("SELECT make_call_month($1)", month, timeout=LONGEST_MAKE)


async def drop(conn: Connection, month: date) -> None:
    await conn.execute("SELECT drop_call_month($1)", month)
