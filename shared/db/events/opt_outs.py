"""suppressions, as events adds to them: the numbers of people who ask not to be called."""

from collections.abc import Mapping

from shared.db.rows import columns
from shared.db.types import Connection
from shared.domain.attempts import CallReference


async def suppress(conn: Connection, dialed: Mapping[CallReference, str | None]) -> None:
    """Suppress the numbers of these attempts, for good and in all campaigns of their tenants.

    `dialed` has None for an attempt that ended before: its number is that in the call's record.
    """
    await conn.execute(
        """
        INSERT INTO suppressions (tenant_id, number, reason)
        SELECT DISTINCT attempt.tenant_id,
            coalesce(reference.dialed, attempt.phone, record.number, contact.phone), 'opt_out'
        FROM unnest($1::integer[], $2::uuid[], $3::text[]) AS reference (tenant_id, id, dialed)
        JOIN attempts AS attempt
            ON attempt.tenant_id = reference.tenant_id AND attempt.id = reference.id
        JOIN contacts AS contact
            ON contact.tenant_id = attempt.tenant_id AND contact.id = attempt.contact_id
        LEFT JOIN LATERAL dialed_number(attempt.tenant_id, attempt.id) AS record ON true
        -- In the order of locks (shared/db/locks.py).
        ORDER BY 1, 2
        ON CONFLICT (tenant_id, number, campaign_id) DO UPDATE
            SET reason = excluded.reason, expires_at = 'infinity'
        """,
        *columns(dialed),
        list(dialed.values()),
    )
