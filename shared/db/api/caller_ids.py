"""caller_ids: the numbers that a tenant's calls may show."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from shared.db.types import Connection
from shared.domain.capacity.caller_ids import CallerIdState


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerId:
    number: str
    state: CallerIdState
    created_at: datetime


def _caller_id(record: asyncpg.Record) -> CallerId:
    return CallerId(**{**record, "state": CallerIdState(record["state"])})


async def insert(conn: Connection, *, tenant_id: int, number: str) -> CallerId | None:
    """Add a caller ID, also one that was deleted; None if the tenant has it."""
    record = await conn.fetchrow(
        """
        INSERT INTO caller_ids AS own (tenant_id, number) VALUES ($1, $2)
        ON CONFLICT (tenant_id, number) DO UPDATE
        SET state = excluded.state, created_at = excluded.created_at, deleted_at = NULL
        WHERE own.deleted_at IS NOT NULL
        RETURNING number, state, created_at
        """,
        tenant_id,
        number,
    )
    return None if record is None else _caller_id(record)


async def get(conn: Connection, tenant_id: int, number: str) -> CallerId | None:
    record = await conn.fetchrow(
        """
        SELECT number, state, created_at FROM caller_ids
        WHERE tenant_id = $1 AND number = $2 AND deleted_at IS NULL
        """,
        tenant_id,
        number,
    )
    return None if record is None else _caller_id(record)


async def page(
    conn: Connection, *, tenant_id: int, state: str | None, after: str | None, limit: int
) -> list[CallerId]:
    """A page of caller IDs, in order of the numbers."""
    records = await conn.fetch(
        """
        SELECT number, state, created_at FROM caller_ids
        WHERE tenant_id = $1 AND deleted_at IS NULL
            AND ($2::text IS NULL OR state = $2) AND ($3::text IS NULL OR number > $3)
        ORDER BY number LIMIT $4
        """,
        tenant_id,
        state,
        after,
        limit,
    )
    return [_caller_id(record) for record in records]


async def keep_active(conn: Connection, *, tenant_id: int, number: str) -> bool:
    """Whether it is an active one of the tenant; it is not deleted until the commit."""
    active: bool | None = await conn.fetchval(
        """
        SELECT true FROM caller_ids
        WHERE tenant_id = $1 AND number = $2 AND state = 'active' AND deleted_at IS NULL
        FOR KEY SHARE
        """,
        tenant_id,
        number,
    )
    return active or False


async def set_state(conn: Connection, *, tenant_id: int, number: str, state: CallerIdState) -> None:
    await conn.execute(
        "UPDATE caller_ids SET state = $3 WHERE tenant_id = $1 AND number = $2",
        tenant_id,
        number,
        state,
    )


async def lock(conn: Connection, tenant_id: int, number: str) -> bool:
    """Lock a caller ID, so that no campaign begins to name it; False if there is none."""
    locked: bool | None = await conn.fetchval(
        """
        SELECT true FROM caller_ids
        WHERE tenant_id = $1 AND number = $2 AND deleted_at IS NULL FOR UPDATE
        """,
        tenant_id,
        number,
    )
    return locked or False


async def users(conn: Connection, tenant_id: int, number: str) -> int:
    """How many campaigns that have not ended name it, and how many pools have it.

    An INBOUND campaign of VoiceAIWrapper's API that is bound to it counts, too.
    """
    count: int = await conn.fetchval(
        """
        SELECT (
            SELECT count(*) FROM campaigns
            WHERE tenant_id = $1 AND caller_id = $2 AND state NOT IN ('completed', 'cancelled')
        ) + (SELECT count(*) FROM number_pool_numbers WHERE tenant_id = $1 AND number = $2)
            + (SELECT count(*) FROM voice_campaigns WHERE tenant_id = $1 AND number = $2)
        """,
        tenant_id,
        number,
    )
    return count


async def delete(conn: Connection, tenant_id: int, number: str) -> None:
    """The row stays, because campaigns of before name it."""
    await conn.execute(
        """
        UPDATE caller_ids SET deleted_at = clock_timestamp() WHERE tenant_id = $1 AND number = $2
        """,
        tenant_id,
        number,
    )
