"""operations: imports of contacts and erasures, which the api runs after their request.

Written by the api; events deletes the old ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import orjson

from shared.db.api import operation_parts
from shared.db.types import Connection
from shared.domain.campaigns import CampaignKey

OperationKind = Literal["contacts_import", "erasure"]
OperationState = Literal["queued", "running", "completed", "failed", "cancelled"]
# After this long without a sign of its api, another one goes on with an operation.
LEASE_SECONDS = 15.0
# A tenant's operations that run at once; more wait, so that those of others run beside them.
MOST_OF_TENANT = 4
# Until an operation that waits for something is taken again.
PUT_OFF_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Rows by what became of them; `warnings` are cells and columns that were passed over."""

    imported: int = 0
    updated: int = 0
    duplicates: int = 0
    suppressed: int = 0
    rejected: int = 0
    warnings: int = 0


NO_COUNTS = Counts()


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """`line` is the last of the file whose row is committed; `problem` says why it failed.

    Of an erasure `line` is the position up to which the public events are cleared; `waits_for`
    says why it was put off, `erased` counts the rows that are gone.
    """

    tenant_id: int
    id: int
    kind: OperationKind
    campaign_id: int | None
    api_key_id: int
    state: OperationState
    request: Any
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    lease: UUID | None
    tries: int
    line: int
    bytes_total: int
    bytes_read: int
    counts: Counts
    columns: Any
    problem: Any
    waits_for: str | None
    erased: Any


_COUNTS = tuple(Counts.__dataclass_fields__)
_JSON = ("request", "columns", "problem", "erased")


def operation_of(record: Any) -> Operation:
    fields = dict(record)
    counts = Counts(**{name: fields.pop(name) for name in _COUNTS})
    for name in _JSON:
        fields[name] = None if fields[name] is None else orjson.loads(fields[name])
    return Operation(**fields, counts=counts)


async def create(
    conn: Connection,
    *,
    tenant_id: int,
    kind: OperationKind,
    campaign_id: int | None,
    api_key_id: int,
    request: Any,
    size: int,
) -> Operation:
    record = await conn.fetchrow(
        """
        INSERT INTO operations (tenant_id, campaign_id, api_key_id, request, bytes_total, kind)
        SELECT $1, $2, $3, $4::text::jsonb, $5, $6
        -- Before the id is given (shared/db/api/added.py).
        FROM pg_current_xact_id()
        RETURNING tenant_id, id, kind, campaign_id, api_key_id, state, request, created_at,
            started_at, ended_at, lease, tries, line, bytes_total, bytes_read, imported, updated,
            duplicates, suppressed, rejected, warnings, columns, problem, waits_for, erased
        """,
        tenant_id,
        campaign_id,
        api_key_id,
        orjson.dumps(request).decode(),
        size,
        kind,
    )
    return operation_of(record)


async def get(conn: Connection, *, tenant_id: int, operation_id: int) -> Operation | None:
    record = await conn.fetchrow(
        """
        SELECT tenant_id, id, kind, campaign_id, api_key_id, state, request, created_at,
            started_at, ended_at, lease, tries, line, bytes_total, bytes_read, imported, updated,
            duplicates, suppressed, rejected, warnings, columns, problem, waits_for, erased
        FROM operations WHERE tenant_id = $1 AND id = $2
        """,
        tenant_id,
        operation_id,
    )
    return operation_of(record) if record else None


async def page(
    conn: Connection,
    *,
    tenant_id: int,
    kind: str | None,
    state: str | None,
    campaign_id: int | None,
    before: int | None,
    limit: int,
) -> list[Operation]:
    """Newest first."""
    records = await conn.fetch(
        """
        SELECT tenant_id, id, kind, campaign_id, api_key_id, state, request, created_at,
            started_at, ended_at, lease, tries, line, bytes_total, bytes_read, imported, updated,
            duplicates, suppressed, rejected, warnings, columns, problem, waits_for, erased
        FROM operations
        WHERE tenant_id = $1 AND ($2::text IS NULL OR state = $2)
            AND ($3::bigint IS NULL OR campaign_id = $3) AND ($4::bigint IS NULL OR id < $4)
            AND ($5::text IS NULL OR kind = $5)
        ORDER BY id DESC LIMIT $6
        """,
        tenant_id,
        state,
        campaign_id,
        before,
        kind,
        limit,
    )
    return [operation_of(record) for record in records]


async def take(conn: Connection, *, lease: UUID) -> Operation | None:
    """The next operation that is queued, or whose api gave no sign for a while."""
    record = await conn.fetchrow(
        """
        SELECT tenant_id, id, kind, campaign_id, api_key_id, state, request, created_at,
            started_at, ended_at, lease, tries, line, bytes_total, bytes_read, imported, updated,
            duplicates, suppressed, rejected, warnings, columns, problem, waits_for, erased
        FROM take_operation($1, $2, $3)
        """,
        lease,
        LEASE_SECONDS,
        MOST_OF_TENANT,
    )
    return operation_of(record) if record else None


async def renew(conn: Connection, operation: Operation, *, bytes_read: int) -> bool:
    """Keep the lease for a while; False if the operation is not this api's any more."""
    renewed = await conn.fetchval(
        """
        UPDATE operations SET bytes_read = greatest(bytes_read, $4),
            leased_until = clock_timestamp() + make_interval(secs => $5)
        WHERE tenant_id = $1 AND id = $2 AND lease = $3 RETURNING true
        """,
        operation.tenant_id,
        operation.id,
        operation.lease,
        bytes_read,
        LEASE_SECONDS,
    )
    return renewed is True


async def advance(
    conn: Connection,
    operation: Operation,
    *,
    line: int,
    bytes_read: int,
    counts: Counts,
    columns: Sequence[Any],
    rows: bytes,
) -> bool:
    """Note the rows up to `line` in the transaction that imports them, with their `counts`.

    False if the operation is not this api's any more: then its transaction must be rolled back.
    """
    advanced = await conn.fetchval(
        """
        UPDATE operations SET line = $4, tries = 0, imported = imported + $5,
            updated = updated + $6, duplicates = duplicates + $7, suppressed = suppressed + $8,
            rejected = rejected + $9, warnings = warnings + $10,
            columns = CASE WHEN $11 = '[]' THEN columns ELSE $11::jsonb END,
            bytes_read = greatest(bytes_read, $12)
        WHERE tenant_id = $1 AND id = $2 AND lease = $3 AND line <= $4 RETURNING true
        """,
        operation.tenant_id,
        operation.id,
        operation.lease,
        line,
        counts.imported,
        counts.updated,
        counts.duplicates,
        counts.suppressed,
        counts.rejected,
        counts.warnings,
        orjson.dumps(columns).decode(),
        bytes_read,
    )
    if advanced and rows:
        await operation_parts.add(
            conn,
            tenant_id=operation.tenant_id,
            operation_id=operation.id,
            kind="rows",
            content=rows,
        )
    return advanced is True


async def put_off(conn: Connection, operation: Operation, *, waits_for: str) -> None:
    """Queue an operation that runs here again, for a moment later: it waits for something."""
    await conn.execute(
        """
        UPDATE operations SET state = 'queued', lease = NULL, leased_until = NULL, tries = 0,
            waits_for = $4, not_before = clock_timestamp() + make_interval(secs => $5)
        WHERE tenant_id = $1 AND id = $2 AND lease = $3
        """,
        operation.tenant_id,
        operation.id,
        operation.lease,
        waits_for,
        PUT_OFF_SECONDS,
    )


async def end(
    conn: Connection,
    operation: Operation,
    *,
    state: OperationState,
    problem: Any = None,
    erased: Any = None,
) -> bool:
    """End an operation that runs here; its file and the person it erased are forgotten.

    False if it is not this api's.
    """
    ended = await conn.fetchval(
        """
        UPDATE operations SET state = $4, problem = $5, ended_at = clock_timestamp(), lease = NULL,
            leased_until = NULL, waits_for = NULL, erased = $6,
            request = CASE WHEN kind = 'erasure' THEN '{}' ELSE request END,
            bytes_read = CASE WHEN $4 = 'completed' THEN bytes_total ELSE bytes_read END
        WHERE tenant_id = $1 AND id = $2 AND lease = $3 RETURNING true
        """,
        operation.tenant_id,
        operation.id,
        operation.lease,
        state,
        None if problem is None else orjson.dumps(problem).decode(),
        None if erased is None else orjson.dumps(erased).decode(),
    )
    if ended:
        await operation_parts.delete_upload(
            conn, tenant_id=operation.tenant_id, operation_id=operation.id
        )
    return ended is True


async def cancel(conn: Connection, *, tenant_id: int, operation_id: int) -> bool:
    """Whether it had not ended. The api that runs it finds that it has no lease any more."""
    cancelled = await conn.fetchval(
        """
        UPDATE operations SET state = 'cancelled', ended_at = clock_timestamp(), lease = NULL,
            leased_until = NULL, waits_for = NULL,
            request = CASE WHEN kind = 'erasure' THEN '{}' ELSE request END
        WHERE tenant_id = $1 AND id = $2 AND state IN ('queued', 'running') RETURNING true
        """,
        tenant_id,
        operation_id,
    )
    if cancelled:
        await operation_parts.delete_upload(conn, tenant_id=tenant_id, operation_id=operation_id)
    return cancelled is True


async def is_open(conn: Connection, campaign: CampaignKey) -> bool:
    """Whether contacts are still to come into the campaign."""
    found: bool = await conn.fetchval(
        """
        SELECT EXISTS (
            SELECT FROM operations
            WHERE tenant_id = $1 AND campaign_id = $2 AND state IN ('queued', 'running')
        )
        """,
        *campaign,
    )
    return found
