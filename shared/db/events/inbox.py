"""inbox: the facts that were folded, so that a repeated message counts once. Events writes."""

from collections.abc import Sequence
from uuid import UUID

from shared.db.types import Connection


async def take(conn: Connection, facts: Sequence[tuple[UUID, str]]) -> set[tuple[UUID, str]]:
    """Store the (attempt id, kind) pairs and return the new ones."""
    rows = await conn.fetch(
        """
        INSERT INTO inbox (attempt_id, kind)
        SELECT DISTINCT * FROM unnest($1::uuid[], $2::text[])
        -- In the order of locks (shared/db/locks.py).
        ORDER BY 1, 2
        ON CONFLICT DO NOTHING
        RETURNING attempt_id, kind
        """,
        [attempt_id for attempt_id, _ in facts],
        [kind for _, kind in facts],
    )
    return {(row["attempt_id"], row["kind"]) for row in rows}
