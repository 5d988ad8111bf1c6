"""API keys: their text is known to the caller only; their digests are stored."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.db.types import Connection
from shared.domain.access import Network, Scope
from shared.domain.attempts import LARGEST_TENANT_ID

# The text of a key names its tenant, so that a look-up reads the rows of this tenant only.
_KEY = re.compile(r"od_([1-9][0-9]{0,9})_[A-Za-z0-9_-]+", re.ASCII)
# An index finds digests by their beginning; the rest is compared in constant time.
_INDEXED = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key as a text stands for it: an access token has fewer scopes, and an end of its own."""

    id: int
    tenant_id: int
    name: str
    scopes: frozenset[Scope]
    networks: tuple[Network, ...]
    expires_at: datetime | None
    revoked_at: datetime | None
    is_access_token: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRecord:
    id: int
    name: str
    scopes: list[Scope]
    networks: list[Network]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


async def create(conn: Connection, tenant_id: int, name: str = "operator") -> str:
    """Create a key with all scopes; returns its text, which cannot be read again."""
    _, text = await insert(conn, tenant_id=tenant_id, name=name, scopes=tuple(Scope))
    return text


async def insert(
    conn: Connection,
    *,
    tenant_id: int,
    name: str,
    scopes: Collection[Scope],
    networks: Sequence[Network] = (),
    expires_at: datetime | None = None,
) -> tuple[int, str]:
    """Create a key; returns its id and its text, which cannot be read again."""
    text = _new_text(tenant_id)
    key_id: int = await conn.fetchval(
        """
        INSERT INTO api_keys (tenant_id, prefix, sha256, name, scopes, networks, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id
        """,
        tenant_id,
        _prefix(tenant_id),
        _digest(text),
        name,
        _in_order(scopes),
        list(networks),
        expires_at,
    )
    return key_id, text


def tenant_of(text: str) -> int | None:
    """The tenant that the text of a key or of an access token names; None for any other text."""
    parts = _KEY.fullmatch(text)
    tenant_id = 0 if parts is None else int(parts[1])
    return tenant_id if 1 <= tenant_id <= LARGEST_TENANT_ID else None


async def find(conn: Connection, text: str) -> ApiKey | None:
    """The key that this text stands for, also one that has expired or was revoked."""
    tenant_id, digest = tenant_of(text), _digest(text)
    if tenant_id is None:
        return None
    records = await conn.fetch(
        """
        SELECT known.sha256, key.id, key.tenant_id, key.name, key.networks, key.revoked_at,
            coalesce(known.scopes, key.scopes) AS scopes,
            least(known.expires_at, key.expires_at) AS expires_at,
            known.scopes IS NOT NULL AS is_access_token
        FROM (
            SELECT id AS api_key_id, sha256, NULL::text[] AS scopes, NULL::timestamptz AS expires_at
            FROM api_keys WHERE tenant_id = $1 AND sha256 BETWEEN $2 AND $3
            UNION ALL
            SELECT api_key_id, sha256, scopes, expires_at
            FROM api_key_tokens WHERE tenant_id = $1 AND sha256 BETWEEN $2 AND $3
        ) AS known
        JOIN api_keys AS key ON key.tenant_id = $1 AND key.id = known.api_key_id
        """,
        tenant_id,
        digest[:_INDEXED].ljust(len(digest), b"\x00"),
        digest[:_INDEXED].ljust(len(digest), b"\xff"),
    )
    for record in records:
        if hmac.compare_digest(record["sha256"], digest):
            scopes, networks = frozenset(map(Scope, record["scopes"])), tuple(record["networks"])
            columns = {name: record[name] for name in ApiKey.__slots__}
            return ApiKey(**columns | {"scopes": scopes, "networks": networks})
    return None


async def of_tenant(conn: Connection, tenant_id: int) -> list[KeyRecord]:
    """All keys of the tenant, oldest first, also those that were revoked."""
    records = await conn.fetch(
        """
        SELECT id, name, scopes, networks, created_at, expires_at, last_used_at, revoked_at
        FROM api_keys WHERE tenant_id = $1 ORDER BY id
        """,
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


def _new_text(tenant_id: int) -> str:
    return _prefix(tenant_id) + secrets.token_urlsafe(32)


def _prefix(tenant_id: int) -> str:
    return f"od_{tenant_id}_"


def _in_order(scopes: Collection[Scope]) -> list[Scope]:
    """The scopes as they are listed everywhere."""
    return [scope for scope in Scope if scope in scopes]


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
