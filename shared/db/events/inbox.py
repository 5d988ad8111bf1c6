"""inbox: reports whose effect no other row remembers, so that a repeat has none. Events writes.

The ends of attempts need no entry: an attempt ends once, and its state says so.
"""

from collections.abc import Collection

from shared.db.rows import columns
from shared.db.types import Connection
from shared.domain.attempts import CallReference


async def take(
    conn: Connection, references: Collection[CallReference], kind: str
) -> set[CallReference]:
    """Store that a report of this kind has come for each attempt; return those that had none."""
    rows = await conn.fetch(
        """
        INSERT INTO inbox (tenant_id, attempt_id, kind)
        SELECT DISTINCT tenant_id, attempt_id, $3
        FROM unnest($1::integer[], $2::uuid[]) AS report (tenant_id, attempt_id)
        -- In the order of locks (shared/db/locks.py).
        ORDER BY tenant_id, attempt_id
        ON CONFLICT DO NOTHING
        RETURNING tenant_id, attempt_id
        """,
        *columns(references),
        kind,
    )
    return {CallReference(**row) for row in rows}
