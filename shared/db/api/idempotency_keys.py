"""idempotency_keys: answers of requests that changed something, by the keys of their clients."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.db import locks
from shared.db.types import Connection

# events deletes older ones; until then they count as if they were gone.
KEPT_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyKey:
    """The word that a client sent; another API key of the tenant may use the same one."""

    tenant_id: int
    api_key_id: int
    word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """`fingerprint` is that of the request. Without a body the answer itself was not kept."""

    fingerprint: bytes
    status: int
    headers: dict[str, str]
    body: bytes | None


async def try_lock(conn: Connection, key: IdempotencyKey) -> bool:
    """Whether no other transaction works on a request with this key; until this one ends."""
    return await locks.try_answer(conn, f"{key.tenant_id}/{key.api_key_id}/{key.word}")


async def find(conn: Connection, key: IdempotencyKey, *, since: datetime) -> KeptAnswer | None:
    """The answer that was kept under this key since then."""
    record = await conn.fetchrow(
        """
        SELECT fingerprint, status, headers, body FROM idempotency_keys
        WHERE tenant_id = $1 AND api_key_id = $2 AND key = $3 AND created_at > $4
        """,
        key.tenant_id,
        key.api_key_id,
        key.word,
        since,
    )
    if record is None:
        return None
    return KeptAnswer(**{**record, "headers": json.loads(record["headers"])})


async def keep(conn: Connection, key: IdempotencyKey, answer: KeptAnswer, *, now: datetime) -> None:
    """Keep an answer under a locked key; one that is over, and not deleted yet, gives way."""
    await conn.execute(
        """
        INSERT INTO idempotency_keys AS kept
            (tenant_id, api_key_id, key, fingerprint, status, headers, body, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (tenant_id, api_key_id, key) DO UPDATE SET
            fingerprint = excluded.fingerprint, status = excluded.status,
            headers = excluded.headers, body = excluded.body, created_at = excluded.created_at
        """,
        key.tenant_id,
        key.api_key_id,
        key.word,
        answer.fingerprint,
        answer.status,
        json.dumps(answer.headers),
        answer.body,
        now,
    )
