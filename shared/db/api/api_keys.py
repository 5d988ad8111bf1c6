"""API keys: their text is known to the caller only; their digests are stored."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from shared.db.types import Connection
from shared.definitions.base import STORED
from shared.definitions.call import CallTerms
from shared.domain.access import KeyScope, Network, in_order
from shared.domain.attempts import LARGEST_TENANT_ID

# The text of a key names its tenant, so that a look-up reads the rows of this tenant only.
_KEY = re.compile(r"od_([1-9][0-9]{0,9})_[A-Za-z0-9_-]+", re.ASCII)
# An index finds digests by their beginning; the rest is compared in constant time.
_INDEXED = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key as a text stands for it: an access token has fewer scopes, and an end of its own.

    `call_terms` are those of the calls that a vendor's client makes with it.
    """

    id: int
    tenant_id: int
    name: str
    scopes: frozenset[KeyScope]
    networks: tuple[Network, ...]
    requests_per_minute: int | None
    expires_at: datetime | None
    revoked_at: datetime | None
    is_access_token: bool
    call_terms: CallTerms | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRecord:
    id: int
    name: str
    scopes: list[KeyScope]
    networks: list[Network]
    requests_per_minute: int | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    call_terms: CallTerms | None


async def create(conn: Connection, tenant_id: int, name: str = "operator") -> str:
    """Create a key with all scopes; returns its text, which cannot be read again."""
    _, text = await insert(conn, tenant_id=tenant_id, name=name, scopes=tuple(KeyScope))
    return text


async def insert(
    conn: Connection,
    *,
    tenant_id: int,
    name: str,
    scopes: Collection[KeyScope],
    networks: Sequence[Network] = (),
    expires_at: datetime | None = None,
    requests_per_minute: int | None = None,
    call_terms: CallTerms | None = None,
) -> tuple[int, str]:
    """Create a key; returns its id and its text, which cannot be read again."""
    text = _new_text(tenant_id)
    key_id: int = await conn.fetchval(
        """
        INSERT INTO api_keys (tenant_id, prefix, sha256, name, scopes, networks, expires_at,
            requests_per_minute, call_terms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id
        """,
        tenant_id,
        _prefix(tenant_id),
        _digest(text),
        name,
        in_order(scopes),
        list(networks),
        expires_at,
        requests_per_minute,
        None if call_terms is None else call_terms.model_dump_json(),
    )
    return key_id, text


def tenant_of(text: str) -> int | None:
    """The tenant that the text of a key or of an access token names; None for any other text."""
    parts = _KEY.fullmatch(text)
    tenant_id = 0 if parts is None else int(parts[1])
    return tenant_id if 1 <= tenant_id <= LARGEST_TENANT_ID else None


async def find(conn: Connection, text: str) -> ApiKey | None:
    """The key that this text stands for, also one that has expired or was revoked.

    It needs no transaction.
    """
    tenant_id = tenant_of(text)
    if tenant_id is None:
        return None
    digest = _digest(text)
    records = await conn.fetch(
        "SELECT * FROM known_keys($1, $2, $3)",
        tenant_id,
        digest[:_INDEXED].ljust(len(digest), b"\x00"),
        digest[:_INDEXED].ljust(len(digest), b"\xff"),
    )
    for record in records:
        if hmac.compare_digest(record["sha256"], digest):
            scopes, networks = frozenset(map(KeyScope, record["scopes"])), tuple(record["networks"])
            columns = {name: record[name] for name in ApiKey.__slots__}
            parsed = {"scopes": scopes, "networks": networks, "call_terms": _terms(record)}
            return ApiKey(**columns | parsed)
    return None


async def get(conn: Connection, *, tenant_id: int, key_id: int) -> KeyRecord | None:
    record = await conn.fetchrow(
        """
        SELECT id, name, scopes, networks, requests_per_minute, created_at, expires_at,
            last_used_at, revoked_at, call_terms
        FROM api_keys WHERE tenant_id = $1 AND id = $2
        """,
        tenant_id,
        key_id,
    )
    return None if record is None else _key(record)


async def page(
    conn: Connection, *, tenant_id: int, before: int | None, limit: int
) -> list[KeyRecord]:
    """Keys of the tenant, newest first, also those that were revoked."""
    records = await conn.fetch(
        """
        SELECT id, name, scopes, networks, requests_per_minute, created_at, expires_at,
            last_used_at, revoked_at, call_terms
        FROM api_keys WHERE tenant_id = $1 AND ($2::bigint IS NULL OR id < $2)
        ORDER BY id DESC LIMIT $3
        """,
        tenant_id,
        before,
        limit,
    )
    return list(map(_key, records))


async def count_valid(conn: Connection, tenant_id: int, *, now: datetime) -> int:
    """The number of keys of the tenant that were not revoked and have not expired."""
    count: int = await conn.fetchval(
        """
        SELECT count(*) FROM api_keys WHERE tenant_id = $1
            AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)
        """,
        tenant_id,
        now,
    )
    return count


async def lock(conn: Connection, *, tenant_id: int, key_id: int) -> bool:
    """Lock the key until the transaction ends; False if there is none."""
    locked = await conn.fetchval(
        "SELECT id FROM api_keys WHERE tenant_id = $1 AND id = $2 FOR UPDATE", tenant_id, key_id
    )
    return locked is not None


async def rotate(conn: Connection, *, tenant_id: int, key_id: int, until: datetime) -> str:
    """Give a locked key another text, which is returned.

    All that stood for the key before, its last text and access tokens, ends then at the latest.
    """
    text = _new_text(tenant_id)
    await conn.execute(
        """
        UPDATE api_key_tokens SET expires_at = $3
        WHERE tenant_id = $1 AND api_key_id = $2 AND expires_at > $3
        """,
        tenant_id,
        key_id,
        until,
    )
    await conn.execute(
        """
        WITH replaced AS (
            INSERT INTO api_key_tokens (tenant_id, sha256, api_key_id, expires_at)
            SELECT tenant_id, sha256, id, $4 FROM api_keys WHERE tenant_id = $1 AND id = $2
        )
        UPDATE api_keys SET sha256 = $3 WHERE tenant_id = $1 AND id = $2
        """,
        tenant_id,
        key_id,
        _digest(text),
        until,
    )
    return text


async def issue_token(
    conn: Connection,
    *,
    tenant_id: int,
    key_id: int,
    scopes: Collection[KeyScope],
    expires_at: datetime,
) -> str:
    """Store an access token of the key; returns its text, which cannot be read again."""
    text = _new_text(tenant_id)
    await conn.execute(
        """
        INSERT INTO api_key_tokens (tenant_id, sha256, api_key_id, scopes, expires_at)
        VALUES ($1, $2, $3, $4, $5)
        """,
        tenant_id,
        _digest(text),
        key_id,
        in_order(scopes),
        expires_at,
    )
    return text


async def forget_expired(conn: Connection, *, tenant_id: int, key_id: int, now: datetime) -> None:
    """Delete texts of before and access tokens of the key that have expired."""
    await conn.execute(
        """
        DELETE FROM api_key_tokens
        WHERE tenant_id = $1 AND api_key_id = $2 AND expires_at <= $3
        """,
        tenant_id,
        key_id,
        now,
    )


async def forget_oldest_tokens(conn: Connection, *, tenant_id: int, key_id: int, keep: int) -> None:
    """Delete the access tokens of the key but for the newest ones."""
    await conn.execute(
        """
        DELETE FROM api_key_tokens WHERE tenant_id = $1 AND sha256 IN (
            SELECT sha256 FROM api_key_tokens
            WHERE tenant_id = $1 AND api_key_id = $2 AND scopes IS NOT NULL
            ORDER BY expires_at DESC, sha256 OFFSET $3
        )
        """,
        tenant_id,
        key_id,
        keep,
    )


async def revoke(conn: Connection, *, tenant_id: int, key_id: int, now: datetime) -> None:
    """Refuse the key from now on; one that was revoked before stays so since then."""
    await conn.execute(
        """
        UPDATE api_keys SET revoked_at = $3
        WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NULL
        """,
        tenant_id,
        key_id,
        now,
    )


async def note_uses(conn: Connection, tenant_id: int, uses: Mapping[int, datetime]) -> None:
    """Store when keys were used, by their ids; at most once a minute for each."""
    await conn.execute(
        """
        UPDATE api_keys AS key SET last_used_at = used.at
        FROM unnest($2::bigint[], $3::timestamptz[]) AS used (id, at)
        WHERE key.tenant_id = $1 AND key.id = used.id
            AND (key.last_used_at IS NULL OR key.last_used_at <= used.at - interval '1 minute')
        """,
        tenant_id,
        list(uses),
        list(uses.values()),
    )


def _key(record: asyncpg.Record) -> KeyRecord:
    scopes = list(map(KeyScope, record["scopes"]))
    return KeyRecord(**{**record, "scopes": scopes, "call_terms": _terms(record)})


def _terms(record: asyncpg.Record) -> CallTerms | None:
    text = record["call_terms"]
    return None if text is None else CallTerms.model_validate_json(text, context=STORED)


def _new_text(tenant_id: int) -> str:
    return _prefix(tenant_id) + secrets.token_urlsafe(32)


def _prefix(tenant_id: int) -> str:
    return f"od_{tenant_id}_"


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
