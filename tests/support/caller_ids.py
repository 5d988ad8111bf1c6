"""Inserts caller IDs into the database, for tests that do not use the API."""

from shared.db.types import Connection


async def some_caller_ids(conn: Connection, tenant_id: int, *numbers: str) -> None:
    await conn.execute(
        "INSERT INTO caller_ids (tenant_id, number) SELECT $1, unnest($2::text[])",
        tenant_id,
        list(numbers),
    )


async def a_number_pool(
    conn: Connection, tenant_id: int, *numbers: str, rotation: str = "round_robin", **caps: int
) -> int:
    """Insert the numbers too; returns the id of the pool, whose name is `north`."""
    await some_caller_ids(conn, tenant_id, *numbers)
    pool_id: int = await conn.fetchval(
        """
        INSERT INTO number_pools (tenant_id, name, rotation, max_calls_per_hour, max_calls_per_day)
        VALUES ($1, 'north', $2, $3, $4) RETURNING id
        """,
        tenant_id,
        rotation,
        caps.get("max_calls_per_hour"),
        caps.get("max_calls_per_day"),
    )
    await conn.execute(
        "INSERT INTO number_pool_numbers SELECT $1, $2, unnest($3::text[])",
        tenant_id,
        pool_id,
        list(numbers),
    )
    return pool_id
