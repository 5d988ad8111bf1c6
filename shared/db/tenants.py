"""tenants, as the services see them that work tenant by tenant."""

from shared.db.types import Connection


async def ids(conn: Connection) -> list[int]:
    """All tenants, in order."""
    rows = await conn.fetch("SELECT id FROM tenants ORDER BY id")
    return [row["id"] for row in rows]
