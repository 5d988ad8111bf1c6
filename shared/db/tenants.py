"""tenants, as the services see them that work tenant by tenant."""

from datetime import datetime

from shared.db.types import Connection


async def ids(conn: Connection) -> list[int]:
    """All tenants, in order."""
    rows = await conn.fetch("SELECT id FROM tenants ORDER BY id")
    return [row["id"] for row in rows]


async def with_overdue_attempts(conn: Connection, *, claimed: bool, now: datetime) -> list[int]:
    """The tenants with a live attempt whose `revisit_at` has passed: claimed ones, or dialed ones.

    Campaigns in every state count: a call may outlive its campaign. Each tenant costs a look at
    attempts_live, which has an entry per live attempt only.
    """
    rows = await conn.fetch(
        """
        SELECT tenant.id FROM tenants AS tenant
        WHERE EXISTS (
            SELECT FROM attempts
            WHERE tenant_id = tenant.id AND ended_at IS NULL
                -- The instant first: few pass it, and states are texts.
                AND revisit_at <= $2 AND (state = 'claimed') = $1
        )
        """,
        claimed,
        now,
    )
    return [row["id"] for row in rows]


async def with_due_sms(conn: Connection, *, now: datetime) -> list[int]:
    """The tenants with a text message to send or to give up; a look at an index for each tenant."""
    rows = await conn.fetch(
        """
        SELECT tenant.id FROM tenants AS tenant
        WHERE EXISTS (
            SELECT FROM sms_messages
            WHERE tenant_id = tenant.id AND state IN ('queued', 'sending') AND next_try_at <= $1
        )
        """,
        now,
    )
    return [row["id"] for row in rows]


async def with_untold_ends(conn: Connection) -> list[int]:
    """The tenants with an end of a contact to tell; a look at an index for each tenant."""
    rows = await conn.fetch(
        """
        SELECT tenant.id FROM tenants AS tenant
        WHERE EXISTS (SELECT FROM untold_ends WHERE tenant_id = tenant.id)
        """
    )
    return [row["id"] for row in rows]


async def with_expired_contacts(conn: Connection, *, now: datetime) -> list[int]:
    """The tenants with a pending contact that has expired; a look at an index for each tenant."""
    rows = await conn.fetch(
        """
        SELECT tenant.id FROM tenants AS tenant
        WHERE EXISTS (
            SELECT FROM contacts
            WHERE tenant_id = tenant.id AND state = 'pending' AND expires_at <= $1
        )
        """,
        now,
    )
    return [row["id"] for row in rows]
