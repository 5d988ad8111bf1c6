"""suppressions, as events adds to them: the numbers of people who ask not to be called."""

from collections.abc import Collection

from shared.db.rows import columns
from shared.db.types import Connection
from shared.domain.attempts import CallReference


async def suppress(conn: Connection, references: Collection[CallReference]) -> None:
    """Suppress the numbers of these attempts, for good and in all campaigns of their tenants."""
    await conn.execute(
        """
        INSERT INTO suppressions (tenant_id, number, reason)
        SELECT DISTINCT attempt.tenant_id,
            coalesce(attempt.phone, dialed.number, contact.number) AS number, 'opt_out'
        FROM unnest($1::integer[], $2::uuid[]) AS reference (tenant_id, id)
        JOIN attempts AS attempt
            ON attempt.tenant_id = reference.tenant_id AND attempt.id = reference.id
        JOIN contacts AS contact
            ON contact.tenant_id = attempt.tenant_id AND contact.id = attempt.contact_id
        LEFT JOIN LATERAL dialed_number(attempt.tenant_id, attempt.id) AS dialed
            ON contact.next_number IS NOT NULL
        -- In the order of locks (shared/db/locks.py).
        ORDER BY 1, 2
        ON CONFLICT (tenant_id, number, campaign_id) DO UPDATE
            SET reason = excluded.reason, expires_at = 'infinity'
        """,
        *columns(references),
    )
