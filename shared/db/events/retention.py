"""Deletes rows whose time is over: a batch of one tenant in each statement. Events calls it.

Each function returns how many rows it deleted. The rows are chosen in an array first: no plan can
read the whole table to find them.
"""

from datetime import datetime

from shared.db.types import Connection
from shared.domain.attempts import first_id


async def delete_deliveries(
    conn: Connection, tenant_id: int, *, before: datetime, limit: int
) -> int:
    """Webhook deliveries that ended, of events before that time."""
    rows = await conn.fetch(
        """
        WITH oldest AS (
            -- The first of each endpoint in the primary key, which has the order of the events.
            SELECT delivery.endpoint_id, delivery.position
            FROM webhook_endpoints AS endpoint
            CROSS JOIN LATERAL (
                SELECT endpoint_id, position, event_at, state FROM webhook_deliveries
                WHERE tenant_id = endpoint.tenant_id AND endpoint_id = endpoint.id
                ORDER BY position LIMIT $3
            ) AS delivery
            WHERE endpoint.tenant_id = $1 AND delivery.event_at < $2 AND delivery.state <> 'pending'
                -- One look at an endpoint of which nothing is old.
                AND $2 > (
                    SELECT event_at FROM webhook_deliveries
                    WHERE tenant_id = endpoint.tenant_id AND endpoint_id = endpoint.id
                    ORDER BY position LIMIT 1
                )
            LIMIT $3
        )
        DELETE FROM webhook_deliveries AS delivery USING oldest
        WHERE delivery.tenant_id = $1 AND delivery.endpoint_id = oldest.endpoint_id
            AND delivery.position = oldest.position
        RETURNING 1
        """,
        tenant_id,
        before,
        limit,
    )
    return len(rows)


async def delete_operations(
    conn: Connection, tenant_id: int, *, before: datetime, limit: int
) -> int:
    """With their parts; returns how many operations these were."""
    rows = await conn.fetch(
        """
        DELETE FROM operations WHERE tenant_id = $1 AND id = ANY (ARRAY(
            SELECT id FROM operations WHERE tenant_id = $1 AND ended_at < $2
            ORDER BY ended_at LIMIT $3
        )) RETURNING 1
        """,
        tenant_id,
        before,
        limit,
    )
    return len(rows)


async def delete_person_calls(
    conn: Connection, tenant_id: int, *, before: datetime, limit: int
) -> int:
    """Calls to persons that ended before that time; a call without an end stays."""
    rows = await conn.fetch(
        """
        DELETE FROM person_calls WHERE tenant_id = $1 AND dialing_at < $2 AND ctid = ANY (ARRAY(
            SELECT ctid FROM person_calls
            WHERE tenant_id = $1 AND dialing_at < $2 AND ended_at < $2
            ORDER BY dialing_at LIMIT $3
        )) RETURNING 1
        """,
        tenant_id,
        before,
        limit,
    )
    return len(rows)


async def delete_attempts(conn: Connection, tenant_id: int, *, before: datetime, limit: int) -> int:
    """Attempts that ended before that time. Contacts and counters keep their own counts."""
    rows = await conn.fetch(
        """
        DELETE FROM attempts WHERE tenant_id = $1 AND id = ANY (ARRAY(
            SELECT id FROM attempts
            -- UUIDv7 sorts by time: the oldest are first in the primary key.
            WHERE tenant_id = $1 AND id < $3 AND ended_at < $2 ORDER BY id LIMIT $4
        )) RETURNING 1
        """,
        tenant_id,
        before,
        first_id(before),
        limit,
    )
    return len(rows)


async def delete_sms(conn: Connection, tenant_id: int, *, before: datetime, limit: int) -> int:
    """Text messages that ended, or of which nothing more was told, before that time."""
    rows = await conn.fetch(
        """
        DELETE FROM sms_messages WHERE tenant_id = $1 AND id = ANY (ARRAY(
            SELECT id FROM sms_messages
            -- UUIDv7 sorts by time: the oldest are first in the primary key.
            WHERE tenant_id = $1 AND id < $3 AND coalesce(ended_at, sent_at) < $2
            ORDER BY id LIMIT $4
        )) RETURNING 1
        """,
        tenant_id,
        before,
        first_id(before),
        limit,
    )
    return len(rows)


async def delete_facts(conn: Connection, tenant_id: int, *, before: datetime, limit: int) -> int:
    """Facts in the inbox that came before that time."""
    rows = await conn.fetch(
        """
        DELETE FROM inbox WHERE tenant_id = $1 AND (attempt_id, kind) IN (
            SELECT attempt_id, kind FROM inbox
            WHERE tenant_id = $1 AND received_at < $2 AND attempt_id < $3
            ORDER BY attempt_id LIMIT $4
        ) RETURNING 1
        """,
        tenant_id,
        before,
        first_id(before),
        limit,
    )
    return len(rows)


async def delete_audit_entries(
    conn: Connection, tenant_id: int, *, before: datetime, limit: int
) -> int:
    """Entries of the audit log that were made before that time."""
    rows = await conn.fetch(
        """
        DELETE FROM audit_log WHERE tenant_id = $1 AND id = ANY (ARRAY(
            -- UUIDv7 sorts by time: the oldest are first in the primary key.
            SELECT id FROM audit_log WHERE tenant_id = $1 AND id < $2 ORDER BY id LIMIT $3
        )) RETURNING 1
        """,
        tenant_id,
        first_id(before),
        limit,
    )
    return len(rows)


async def delete_idempotency_keys(
    conn: Connection, tenant_id: int, *, before: datetime, limit: int
) -> int:
    """Answers that were kept before that time."""
    rows = await conn.fetch(
        """
        DELETE FROM idempotency_keys WHERE tenant_id = $1 AND created_at <= $2
            AND ctid = ANY (ARRAY(
                SELECT ctid FROM idempotency_keys WHERE tenant_id = $1 AND created_at <= $2
                ORDER BY created_at LIMIT $3
            )) RETURNING 1
        """,
        tenant_id,
        before,
        limit,
    )
    return len(rows)
