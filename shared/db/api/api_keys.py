"""Queries on API keys, which are stored as digests only."""

from dataclasses import dataclass

from shared.db.types import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    id: int
    tenant_id: int


async def find(conn: Connection, *, sha256: bytes) -> ApiKey | None:
    """The key with this digest, unless it was revoked."""
    record = await conn.fetchrow(
        "SELECT id, tenant_id FROM api_keys WHERE sha256 = $1 AND revoked_at IS NULL", sha256
    )
    return ApiKey(**record) if record else None
