"""trunks: routes to providers, with the caps of their carriers. Written by the operator's tool."""

from dataclasses import dataclass

from shared.db.types import Connection


@dataclass(frozen=True, slots=True)
class Trunk:
    id: int
    provider: str
    url: str


async def upsert(
    conn: Connection,
    *,
    name: str,
    provider: str,
    url: str,
    max_concurrent: int | None = None,
    calls_per_second: int | None = None,
) -> int:
    trunk_id: int = await conn.fetchval(
        """
        INSERT INTO trunks AS t (name, provider, url, max_concurrent, calls_per_second)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (name) DO UPDATE
        SET provider = excluded.provider, url = excluded.url,
            max_concurrent = excluded.max_concurrent, calls_per_second = excluded.calls_per_second
        RETURNING t.id
        """,
        name,
        provider,
        url,
        max_concurrent,
        calls_per_second,
    )
    return trunk_id


async def find(conn: Connection, trunk_id: int) -> Trunk | None:
    row = await conn.fetchrow("SELECT id, provider, url FROM trunks WHERE id = $1", trunk_id)
    return Trunk(**row) if row else None
