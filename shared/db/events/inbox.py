"""inbox: which facts were folded, so that a message that comes twice counts once. Events writes."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from shared.db.types import Connection

# Kafka keeps a week; a fact that comes later than that is stopped by the attempt's state.
KEEP = timedelta(days=8)


async def take(conn: Connection, facts: Sequence[tuple[UUID, str]]) -> set[tuple[UUID, str]]:
    """Note the (attempt id, kind) pairs; those that are new."""
    rows = await conn.fetch(
        """
        INSERT INTO inbox (attempt_id, kind)
        SELECT DISTINCT * FROM unnest($1::uuid[], $2::text[])
        -- In one order for all, so that none deadlock.
        ORDER BY 1, 2
        ON CONFLICT DO NOTHING
        RETURNING attempt_id, kind
        """,
        [attempt_id for attempt_id, _ in facts],
        [kind for _, kind in facts],
    )
    return {(row["attempt_id"], row["kind"]) for row in rows}


async def prune(conn: Connection, *, now: datetime, limit: int) -> int:
    """Forget facts older than Kafka's memory; how many."""
    rows = await conn.fetch(
        """
        DELETE FROM inbox WHERE (attempt_id, kind) IN (
            SELECT attempt_id, kind FROM inbox
            -- UUIDv7 sorts by time: the oldest are first in the primary key.
            WHERE received_at < $1 AND attempt_id < $3 ORDER BY attempt_id LIMIT $2
        ) RETURNING 1
        """,
        now - KEEP,
        limit,
        UUID(int=int((now - KEEP).timestamp() * 1000) << 80),
    )
    return len(rows)
