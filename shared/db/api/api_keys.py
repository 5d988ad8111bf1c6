"""API keys: their text is known to the caller only; their digests are stored."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime

from shared.db.types import Connection
from shared.domain.attempts import LARGEST_TENANT_ID

# The text of a key names its tenant, so that a look-up reads the rows of this tenant only.
_KEY = re.compile(r"od_([1-9][0-9]{0,9})_[A-Za-z0-9_-]+", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    id: int
    tenant_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRecord:
    id: int
    created_at: datetime
    revoked_at: datetime | None


async def create(conn: Connection, tenant_id: int) -> str:
    """Create a key; returns its text, which cannot be read again."""
    prefix = f"od_{tenant_id}_"
    text = prefix + secrets.token_urlsafe(32)
    await conn.execute(
        "INSERT INTO api_keys (tenant_id, prefix, sha256) VALUES ($1, $2, $3)",
        tenant_id,
        prefix,
        _digest(text),
    )
    return text


async def find(conn: Connection, text: str) -> ApiKey | None:
    """The key with this text, unless it was revoked."""
    parts = _KEY.fullmatch(text)
    if parts is None or int(parts[1]) > LARGEST_TENANT_ID:
        return None
    record = await conn.fetchrow(
        """
        SELECT id, tenant_id FROM api_keys
        WHERE tenant_id = $1 AND sha256 = $2 AND revoked_at IS NULL
        """,
        int(parts[1]),
        _digest(text),
    )
    return ApiKey(**record) if record else None


async def of_tenant(conn: Connection, tenant_id: int) -> list[KeyRecord]:
    """All keys of the tenant, oldest first, also those that were revoked."""
    records = await conn.fetch(
        "SELECT id, created_at, revoked_at FROM api_keys WHERE tenant_id = $1 ORDER BY id",
        tenant_id,
    )
    return [KeyRecord(**record) for record in records]


async def revoke(conn: Connection, tenant_id: int, key_id: int, *, now: datetime) -> bool:
    """Refuse the key from now on; False if there is no such key, or if it was revoked before."""
    revoked = await conn.fetchval(
        """
        UPDATE api_keys SET revoked_at = $3
        WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NULL
        RETURNING id
        """,
        tenant_id,
        key_id,
        now,
    )
    return revoked is not None


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
