"""number_pools, number_pool_numbers: caller IDs of which each call of a campaign shows one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from shared.db.types import Connection
from shared.domain.capacity.caller_ids import Rotation


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolRow:
    """`numbers` are in order."""

    id: int
    name: str
    rotation: Rotation
    max_calls_per_hour: int | None
    max_calls_per_day: int | None
    created_at: datetime
    numbers: list[str]


def _pool(record: asyncpg.Record) -> PoolRow:
    return PoolRow(**{**record, "rotation": Rotation(record["rotation"])})


async def insert(
    conn: Connection,
    *,
    tenant_id: int,
    name: str,
    rotation: Rotation,
    max_calls_per_hour: int | None,
    max_calls_per_day: int | None,
) -> int | None:
    """The id of a new pool without numbers; None if the tenant has one of this name."""
    pool_id: int | None = await conn.fetchval(
        """
        INSERT INTO number_pools (
            tenant_id, name, rotation, max_calls_per_hour, max_calls_per_day
        )
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (tenant_id, name) WHERE deleted_at IS NULL DO NOTHING
        RETURNING id
        """,
        tenant_id,
        name,
        rotation,
        max_calls_per_hour,
        max_calls_per_day,
    )
    return pool_id


async def change(
    conn: Connection,
    *,
    tenant_id: int,
    pool_id: int,
    rotation: Rotation,
    max_calls_per_hour: int | None,
    max_calls_per_day: int | None,
) -> None:
    await conn.execute(
        """
        UPDATE number_pools
        SET rotation = $3, max_calls_per_hour = $4, max_calls_per_day = $5
        WHERE tenant_id = $1 AND id = $2
        """,
        tenant_id,
        pool_id,
        rotation,
        max_calls_per_hour,
        max_calls_per_day,
    )


async def own_numbers(conn: Connection, *, tenant_id: int, numbers: Sequence[str]) -> set[str]:
    """Those among these that are the tenant's; they are not deleted until the commit."""
    records = await conn.fetch(
        """
        SELECT number FROM caller_ids
        WHERE tenant_id = $1 AND number = ANY ($2::text[]) AND deleted_at IS NULL
        ORDER BY number FOR KEY SHARE
        """,
        tenant_id,
        list(numbers),
    )
    return {record["number"] for record in records}


async def set_numbers(
    conn: Connection, *, tenant_id: int, pool_id: int, numbers: Sequence[str]
) -> None:
    """Replace the numbers of a pool."""
    await conn.execute(
        """
        WITH gone AS (
            DELETE FROM number_pool_numbers
            WHERE tenant_id = $1 AND number_pool_id = $2 AND number <> ALL ($3::text[])
        )
        INSERT INTO number_pool_numbers (tenant_id, number_pool_id, number)
        SELECT $1, $2, unnest($3::text[])
        ON CONFLICT DO NOTHING
        """,
        tenant_id,
        pool_id,
        list(numbers),
    )


async def get(conn: Connection, tenant_id: int, pool_id: int) -> PoolRow | None:
    record = await conn.fetchrow(
        """
        SELECT id, name, rotation, max_calls_per_hour, max_calls_per_day, created_at, ARRAY(
            SELECT member.number FROM number_pool_numbers AS member
            WHERE member.tenant_id = $1 AND member.number_pool_id = pool.id ORDER BY member.number
        ) AS numbers
        FROM number_pools AS pool
        WHERE pool.tenant_id = $1 AND pool.id = $2 AND pool.deleted_at IS NULL
        """,
        tenant_id,
        pool_id,
    )
    return None if record is None else _pool(record)


async def page(
    conn: Connection, *, tenant_id: int, before: int | None, limit: int
) -> list[PoolRow]:
    """A page of pools, newest first."""
    records = await conn.fetch(
        """
        SELECT id, name, rotation, max_calls_per_hour, max_calls_per_day, created_at, ARRAY(
            SELECT member.number FROM number_pool_numbers AS member
            WHERE member.tenant_id = $1 AND member.number_pool_id = pool.id ORDER BY member.number
        ) AS numbers
        FROM number_pools AS pool
        WHERE pool.tenant_id = $1 AND pool.deleted_at IS NULL
            AND ($2::bigint IS NULL OR pool.id < $2)
        ORDER BY pool.id DESC LIMIT $3
        """,
        tenant_id,
        before,
        limit,
    )
    return [_pool(record) for record in records]


async def keep(conn: Connection, *, tenant_id: int, name: str) -> int | None:
    """The id of the pool with this name; it is not deleted until the commit."""
    pool_id: int | None = await conn.fetchval(
        """
        SELECT id FROM number_pools
        WHERE tenant_id = $1 AND name = $2 AND deleted_at IS NULL FOR KEY SHARE
        """,
        tenant_id,
        name,
    )
    return pool_id


async def lock(conn: Connection, tenant_id: int, pool_id: int) -> bool:
    """Lock a pool, so that no campaign begins to name it; False if there is none."""
    locked: bool | None = await conn.fetchval(
        """
        SELECT true FROM number_pools
        WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL FOR UPDATE
        """,
        tenant_id,
        pool_id,
    )
    return locked or False


async def users(conn: Connection, tenant_id: int, pool_id: int) -> int:
    """How many campaigns that have not ended name it."""
    count: int = await conn.fetchval(
        """
        SELECT count(*) FROM campaigns
        WHERE tenant_id = $1 AND number_pool_id = $2 AND state NOT IN ('completed', 'cancelled')
        """,
        tenant_id,
        pool_id,
    )
    return count


async def delete(conn: Connection, tenant_id: int, pool_id: int) -> None:
    """Give its name and its numbers free; the row stays, because campaigns of before name it."""
    await conn.execute(
        """
        WITH gone AS (
            DELETE FROM number_pool_numbers WHERE tenant_id = $1 AND number_pool_id = $2
        )
        UPDATE number_pools SET deleted_at = clock_timestamp() WHERE tenant_id = $1 AND id = $2
        """,
        tenant_id,
        pool_id,
    )
