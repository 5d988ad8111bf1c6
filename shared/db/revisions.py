"""The revisions of campaigns: a dialer's compare-and-set wins only by the one it has judged by."""

from shared.db.types import Connection


async def bump_revision(conn: Connection, *, tenant_id: int | None) -> None:
    """Raise the revision of a tenant's campaigns, or of all: claimed attempts are rechecked."""
    await conn.execute(
        """
        UPDATE campaigns SET revision = revision + 1 WHERE (tenant_id, id) IN (
            SELECT tenant_id, id FROM campaigns
            WHERE ($1::integer IS NULL OR tenant_id = $1)
                AND state NOT IN ('completed', 'cancelled')
            -- In the order of locks (shared/db/locks.py).
            ORDER BY tenant_id, id FOR NO KEY UPDATE
        )
        """,
        tenant_id,
    )
