"""Queries on tenants; the API's operator writes them."""

from shared.db.types import Connection

KEY_PREFIX = "od_live_"


async def create(conn: Connection, *, name: str, key_sha256: bytes) -> int:
    """A tenant with its first key, of which only the digest is stored."""
    tenant_id: int = await conn.fetchval(
        """
        WITH tenant AS (INSERT INTO tenants (name) VALUES ($1) RETURNING id)
        INSERT INTO api_keys (tenant_id, prefix, sha256)
        SELECT id, $2, $3 FROM tenant
        RETURNING tenant_id
        """,
        name,
        KEY_PREFIX,
        key_sha256,
    )
    return tenant_id
