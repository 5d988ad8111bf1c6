"""secrets: what all processes of the installation know alike. A migration makes each."""

from shared.db.types import Connection


async def cursor_key(conn: Connection) -> bytes:
    """The key by which the cursors of lists are sealed."""
    key: bytes = await conn.fetchval("SELECT value FROM secrets WHERE name = 'cursors'")
    return key
