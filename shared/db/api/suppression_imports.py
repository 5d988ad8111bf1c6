"""Queries of one import of suppressions: rows are staged, then added in one statement.

The statements are for one transaction, in this order.
"""

from collections.abc import AsyncIterator
from datetime import datetime

from shared.db.types import Connection, Session

# The pool's own limit is meant for short statements.
LONG = 3600.0
NUMBERS_AT_ONCE = 20_000


async def open_staging(conn: Connection) -> None:
    """Create a table that only this transaction sees and that ends with it."""
    await conn.execute(
        """
        CREATE TEMPORARY TABLE suppression_rows (
            line bigint NOT NULL,
            number text NOT NULL,
            reason text NOT NULL,
            expires_at timestamptz NOT NULL
        ) ON COMMIT DROP
        """
    )


async def stage(conn: Connection, rows: list[tuple[int, str, str, datetime | None]]) -> None:
    """Add rows of line, number, reason and expiry or None."""
    await conn.execute(
        """
        INSERT INTO suppression_rows (line, number, reason, expires_at)
        SELECT line, number, reason, coalesce(expires_at, 'infinity')
        FROM unnest($1::bigint[], $2::text[], $3::text[], $4::timestamptz[])
            AS r (line, number, reason, expires_at)
        """,
        *(list(column) for column in zip(*rows, strict=True)),
        timeout=LONG,
    )


async def merge(conn: Connection, *, tenant_id: int, campaign_id: int) -> int:
    """Put one suppression per number, from its last row; returns how many were not in force."""
    new: int = await conn.fetchval(
        """
        WITH put AS (
            INSERT INTO suppressions AS s (
                tenant_id, number, campaign_id, reason, expires_at, created_at
            )
            SELECT DISTINCT ON (number) $1, number, $2, reason, expires_at, clock_timestamp()
            FROM suppression_rows
            -- In the order of locks (shared/db/locks.py).
            ORDER BY number, line DESC
            ON CONFLICT (tenant_id, number, campaign_id) DO UPDATE
            SET reason = excluded.reason, expires_at = excluded.expires_at,
                created_at = CASE WHEN s.expires_at > excluded.created_at
                    THEN s.created_at ELSE excluded.created_at END
            RETURNING old.created_at IS DISTINCT FROM new.created_at AS is_new
        )
        SELECT count(*) FROM put WHERE is_new
        """,
        tenant_id,
        campaign_id,
        timeout=LONG,
    )
    return new


async def staged_numbers(conn: Session) -> AsyncIterator[list[str]]:
    """Yields the distinct numbers of the import in order, a batch at a time."""
    cursor = await conn.cursor(
        "SELECT DISTINCT number FROM suppression_rows ORDER BY number", timeout=LONG
    )
    while rows := await cursor.fetch(NUMBERS_AT_ONCE, timeout=LONG):
        yield [row["number"] for row in rows]
