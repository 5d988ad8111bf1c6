"""inbox: the facts that were folded, so that a repeated message counts once. Events writes."""

from collections.abc import Collection

from shared.db.rows import columns
from shared.db.types import Connection
from shared.domain.attempts import CallReference

Fact = tuple[CallReference, str]


async def take(conn: Connection, facts: Collection[Fact]) -> set[Fact]:
    """Store the facts, each an attempt and a kind; return the new ones."""
    rows = await conn.fetch(
        """
        INSERT INTO inbox (tenant_id, attempt_id, kind)
        SELECT DISTINCT * FROM unnest($1::integer[], $2::uuid[], $3::text[])
        -- In the order of locks (shared/db/locks.py).
        ORDER BY 1, 2, 3
        ON CONFLICT DO NOTHING
        RETURNING tenant_id, attempt_id, kind
        """,
        *columns(reference for reference, _ in facts),
        [kind for _, kind in facts],
    )
    return {(CallReference(row["tenant_id"], row["attempt_id"]), row["kind"]) for row in rows}
