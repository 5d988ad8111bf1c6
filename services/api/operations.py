"""Use cases of operations: imports of contacts and erasures, which go on after their request."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import BinaryIO

from services.api.files import READ_AT_ONCE, Reading
from services.api.http.auth import Caller
from services.api.http.resources import Resources
from services.api.imports import fillable
from services.api.refusals import Refused, not_found
from shared.db.api import operation_parts, operations
from shared.db.api.operations import Operation
from shared.db.types import Connection

# A megabyte; a statement with it takes some milliseconds.
PART = 16 * READ_AT_ONCE


async def begin(
    resources: Resources, caller: Caller, campaign_id: int, file: BinaryIO, *, reading: Reading
) -> Operation:
    """Keep the file in the database, where each api finds it, and queue its import."""
    size = file.seek(0, 2)
    file.seek(0)
    async with resources.pool.transaction(caller.tenant_id) as conn:
        await fillable(conn, caller, campaign_id)
        await resources.quotas.refuse_another_import(conn, caller.tenant_id)
        begun = await operations.create(
            conn,
            tenant_id=caller.tenant_id,
            kind="contacts_import",
            campaign_id=campaign_id,
            api_key_id=caller.api_key_id,
            request=request_of(reading),
            size=size,
        )
        while part := await asyncio.to_thread(file.read, PART):
            await operation_parts.add(
                conn,
                tenant_id=caller.tenant_id,
                operation_id=begun.id,
                kind="upload",
                content=part,
            )
    resources.record(after={"campaign_id": campaign_id, "bytes": size})
    return begun


def request_of(reading: Reading) -> dict[str, object]:
    """How the file is read, as JSON; `Reading(**…)` is the way back."""
    fields = asdict(reading)
    for name in ("after", "fates"):
        del fields[name]
    return fields


async def owned(conn: Connection, caller: Caller, operation_id: int) -> Operation:
    found = await operations.get(conn, tenant_id=caller.tenant_id, operation_id=operation_id)
    if found is None:
        raise not_found("operation")
    return found


async def cancel(resources: Resources, caller: Caller, operation_id: int) -> Operation:
    """Import or erase no more rows; the changes that were committed stay."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        ended = await operations.cancel(conn, tenant_id=caller.tenant_id, operation_id=operation_id)
        found = await owned(conn, caller, operation_id)
    if ended:
        resources.record(after={"state": found.state})
    if not ended and found.state != "cancelled":
        raise Refused("operation_ended", f"the operation has {found.state} already")
    return found


async def rows(resources: Resources, caller: Caller, operation_id: int) -> AsyncIterator[bytes]:
    """The rows that were not taken as they are, as CSV; a slow client holds no connection."""
    async with resources.pool.transaction(caller.tenant_id, keep=False) as conn:
        await owned(conn, caller, operation_id)
    return _rows(resources, caller, operation_id)


async def _rows(resources: Resources, caller: Caller, operation_id: int) -> AsyncIterator[bytes]:
    after = 0
    while True:
        async with resources.pool.transaction(caller.tenant_id, keep=False) as conn:
            part = await operation_parts.following(
                conn,
                tenant_id=caller.tenant_id,
                operation_id=operation_id,
                kind="rows",
                after=after,
            )
        if part is None:
            return
        after, content = part
        yield content
