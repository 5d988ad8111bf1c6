"""Queries on suppressions: numbers that a tenant must not call; the API writes them."""

from dataclasses import dataclass
from datetime import datetime

from shared.db.types import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    number: str
    reason: str
    created_at: datetime


async def insert(
    conn: Connection, *, tenant_id: int, number: str, reason: str
) -> Suppression | None:
    """None when the number is suppressed already."""
    record = await conn.fetchrow(
        """
        INSERT INTO suppressions (tenant_id, number, reason, created_at)
        VALUES ($1, $2, $3, clock_timestamp())
        ON CONFLICT (tenant_id, number, campaign_id) DO NOTHING
        RETURNING number, reason, created_at
        """,
        tenant_id,
        number,
        reason,
    )
    return Suppression(**record) if record else None


async def get(conn: Connection, *, tenant_id: int, number: str) -> Suppression | None:
    record = await conn.fetchrow(
        """
        SELECT number, reason, created_at FROM suppressions WHERE tenant_id = $1 AND number = $2
        """,
        tenant_id,
        number,
    )
    return Suppression(**record) if record else None


async def page(
    conn: Connection, *, tenant_id: int, after: str | None, limit: int
) -> list[Suppression]:
    records = await conn.fetch(
        """
        SELECT number, reason, created_at FROM suppressions
        WHERE tenant_id = $1 AND ($2::text IS NULL OR number > $2)
        ORDER BY number
        LIMIT $3
        """,
        tenant_id,
        after,
        limit,
    )
    return [Suppression(**record) for record in records]


async def delete(conn: Connection, *, tenant_id: int, number: str) -> bool:
    """Whether there was one."""
    deleted = await conn.fetchval(
        "DELETE FROM suppressions WHERE tenant_id = $1 AND number = $2 RETURNING true",
        tenant_id,
        number,
    )
    return deleted is True
