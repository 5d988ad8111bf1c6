"""API keys: their text is known to the caller only; their digests are stored."""

import hashlib
import re
import secrets
from dataclasses import dataclass

from shared.db.types import Connection
from shared.domain.attempts import LARGEST_TENANT_ID

# The text of a key names its tenant, so that a look-up reads the rows of this tenant only.
_KEY = re.compile(r"od_([1-9][0-9]{0,9})_[A-Za-z0-9_-]+", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    id: int
    tenant_id: int


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


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
