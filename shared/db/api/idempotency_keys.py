"""idempotency_keys: answers of requests that changed something, by the keys of their clients."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.db.locks import LockClass
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


@dataclass(frozen=True, slots=True)
class Taken:
    """The key, locked until the transaction ends; `kept` is the answer that was kept under it."""

    kept: KeptAnswer | None


async def take(conn: Connection, key: IdempotencyKey, *, since: datetime) -> Taken | None:
    """Lock the key and look for an answer since then; None: another request holds it."""
    record = await conn.fetchrow(
        "SELECT fingerprint, status, headers, body FROM take_answer($1, $2, $3, $4, $5)",
        LockClass.ANSWER,
        key.tenant_id,
        key.api_key_id,
        key.word,
        since,
    )
    if record is None:
        return None
    if record["fingerprint"] is None:
        return Taken(None)
    return Taken(KeptAnswer(**{**record, "headers": json.loads(record["headers"])}))


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
