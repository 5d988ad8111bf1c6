"""audit_log: who changed what over the API."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.db.types import Connection
from shared.domain.attempts import first_id

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A change, as it is written. `before` and `after` have the fields that changed."""

    at: datetime
    api_key_id: int
    api_key_name: str
    partner_id: int | None
    operation: str
    kind: str
    resource_id: str | None
    before: Fields | None
    after: Fields | None
    address: str | None
    request_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEntry(Entry):
    id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The entries of a list: None does not narrow it."""

    kind: str | None = None
    resource_id: str | None = None
    api_key_id: int | None = None
    since: datetime | None = None


async def insert(conn: Connection, tenant_id: int, entry: Entry) -> None:
    await conn.execute(
        """
        INSERT INTO audit_log (tenant_id, id, at, api_key_id, api_key_name, partner_id,
            operation, kind, resource_id, before, after, address, request_id)
        SELECT $1, uuidv7(), $2, $3, $4, $5, $6, $7, $8, $9::text::jsonb, $10::text::jsonb, $11, $12
        -- Before the id is given (shared/db/api/added.py).
        FROM pg_current_xact_id()
        """,
        tenant_id,
        entry.at,
        entry.api_key_id,
        entry.api_key_name,
        entry.partner_id,
        entry.operation,
        entry.kind,
        entry.resource_id,
        _text(entry.before),
        _text(entry.after),
        entry.address,
        entry.request_id,
    )


async def page(
    conn: Connection, *, tenant_id: int, wanted: Wanted, before: UUID | None, limit: int
) -> list[StoredEntry]:
    """Newest first. The caller's transaction begins with `call_records.plan_by_values`."""
    records = await conn.fetch(
        """
        SELECT id, at, api_key_id, api_key_name, partner_id, operation, kind, resource_id,
            before, after, address, request_id
        FROM audit_log
        WHERE tenant_id = $1 AND ($2::uuid IS NULL OR id < $2)
            AND ($3::text IS NULL OR kind = $3) AND ($4::text IS NULL OR resource_id = $4)
            AND ($5::bigint IS NULL OR api_key_id = $5) AND ($6::uuid IS NULL OR id >= $6)
        ORDER BY id DESC LIMIT $7
        """,
        tenant_id,
        before,
        wanted.kind,
        wanted.resource_id,
        wanted.api_key_id,
        None if wanted.since is None else first_id(wanted.since),
        limit,
    )
    return [entry_of(dict(record)) for record in records]


def entry_of(columns: Fields) -> StoredEntry:
    texts = {name: columns[name] for name in ("before", "after")}
    values = {name: None if text is None else json.loads(text) for name, text in texts.items()}
    return StoredEntry(**columns | values)


def _text(fields: Fields | None) -> str | None:
    return None if fields is None else json.dumps(fields)
