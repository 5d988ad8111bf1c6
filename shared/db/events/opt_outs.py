"""suppressions, as events adds to them: the numbers of people who ask not to be called."""

from collections.abc import Sequence
from uuid import UUID

from shared.db.types import Connection


async def suppress(conn: Connection, attempt_ids: Sequence[UUID]) -> None:
    """Suppress the numbers of these attempts, for good and in all campaigns of their tenants."""
    await conn.execute(
        """
        INSERT INTO suppressions (tenant_id, number, reason)
        SELECT DISTINCT a.tenant_id, c.number, 'opt_out'
        FROM attempts a
        JOIN contacts c ON c.tenant_id = a.tenant_id AND c.id = a.contact_id
        WHERE a.id = ANY ($1)
        -- In one order for all, so that none deadlock.
        ORDER BY 1, 2
        ON CONFLICT (tenant_id, number, campaign_id) DO UPDATE
            SET reason = excluded.reason, expires_at = 'infinity'
        """,
        list(attempt_ids),
    )
