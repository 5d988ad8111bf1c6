"""Lists in the order in which their rows were added, for readers that miss none.

Ids are given before the commit, so a row with a smaller id may appear behind a reader. It cannot
once each transaction has ended that was open when the larger id was given. PostgreSQL tells that by
the ids of transactions. It holds because a transaction that adds a row to one of these lists has an
id before it gives one to the row: by `pg_current_xact_id()`, or because it has written before.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared.db.api.audit_log import StoredEntry, entry_of
from shared.db.api.campaigns import Campaign, campaign_of
from shared.db.api.contacts import Contact
from shared.db.api.operations import Operation, operation_of
from shared.db.types import Connection

# The id of a row: by a sequence, or a UUIDv7 of the database's clock.
Key = int | UUID


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment: the last id that was there, and a transaction that began after it."""

    last: Key
    transaction: int


@dataclass(frozen=True, slots=True)
class AddedList:
    """`rows` reads a page: of a tenant, after one id, up to another, at most so many.

    `last` is the statement that finds the last id of a tenant; all ids come after `first`.
    """

    rows: Callable[[Connection, int, Any, Any, int], Awaitable[list[Any]]]
    last: str
    first: Key = 0


async def mark(conn: Connection, of: AddedList, tenant_id: int) -> Mark:
    last = await conn.fetchval(of.last, tenant_id)
    # After that, so that each smaller id was given by an older transaction.
    own = await conn.fetchval("SELECT pg_current_xact_id()::text::bigint")
    return Mark(of.first if last is None else last, own)


async def oldest_open(conn: Connection) -> int:
    """The oldest transaction that has not ended; that of `conn`, if there is no other."""
    oldest: int = await conn.fetchval(
        "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
    )
    return oldest


async def _campaigns(
    conn: Connection, tenant_id: int, after: int, until: int, limit: int
) -> list[Campaign]:
    records = await conn.fetch(
        """
        SELECT id, name, state, wanted_state, created_at, started_at, ended_at, definition,
            call_flow_version
        FROM campaigns WHERE tenant_id = $1 AND id > $2 AND id <= $3 ORDER BY id LIMIT $4
        """,
        tenant_id,
        after,
        until,
        limit,
    )
    return [campaign_of(record) for record in records]


async def _contacts(
    conn: Connection, tenant_id: int, after: int, until: int, limit: int
) -> list[Contact]:
    records = await conn.fetch(
        """
        SELECT contact.id, contact.campaign_id, contact.number, contact.external_id,
            contact.attributes, g.zones, g.source AS zone_source, g.jurisdictions,
            g.jurisdiction_source, contact.state, contact.outcome, contact.attempts,
            NULLIF(contact.not_before, '-infinity') AS not_before, contact.waits_for,
            contact.expires_at, contact.phone AS next_number,
            ARRAY(
                SELECT number FROM contact_numbers
                WHERE contact.next_number IS NOT NULL AND tenant_id = contact.tenant_id
                    AND contact_id = contact.id AND position > 1
                ORDER BY position
            ) AS numbers
        FROM contacts AS contact
        JOIN calling_groups g ON g.id = contact.calling_group_id
        WHERE contact.tenant_id = $1 AND contact.id > $2 AND contact.id <= $3
        ORDER BY contact.id LIMIT $4
        """,
        tenant_id,
        after,
        until,
        limit,
    )
    return [Contact(**record) for record in records]


async def _operations(
    conn: Connection, tenant_id: int, after: int, until: int, limit: int
) -> list[Operation]:
    records = await conn.fetch(
        """
        SELECT tenant_id, id, kind, campaign_id, api_key_id, state, request, created_at,
            started_at, ended_at, lease, tries, line, bytes_total, bytes_read, imported, updated,
            duplicates, suppressed, rejected, warnings, columns, problem, waits_for, erased
        FROM operations WHERE tenant_id = $1 AND id > $2 AND id <= $3 ORDER BY id LIMIT $4
        """,
        tenant_id,
        after,
        until,
        limit,
    )
    return [operation_of(record) for record in records]


async def _audit_log(
    conn: Connection, tenant_id: int, after: UUID, until: UUID, limit: int
) -> list[StoredEntry]:
    records = await conn.fetch(
        """
        SELECT id, at, api_key_id, api_key_name, partner_id, operation, kind, resource_id,
            before, after, address, request_id
        FROM audit_log WHERE tenant_id = $1 AND id > $2 AND id <= $3 ORDER BY id LIMIT $4
        """,
        tenant_id,
        after,
        until,
        limit,
    )
    return [entry_of(dict(record)) for record in records]


CAMPAIGNS = AddedList(
    _campaigns, "SELECT id FROM campaigns WHERE tenant_id = $1 ORDER BY id DESC LIMIT 1"
)
CONTACTS = AddedList(
    _contacts, "SELECT id FROM contacts WHERE tenant_id = $1 ORDER BY id DESC LIMIT 1"
)
OPERATIONS = AddedList(
    _operations, "SELECT id FROM operations WHERE tenant_id = $1 ORDER BY id DESC LIMIT 1"
)
AUDIT_LOG = AddedList(
    _audit_log,
    "SELECT id FROM audit_log WHERE tenant_id = $1 ORDER BY id DESC LIMIT 1",
    UUID(int=0),
)
