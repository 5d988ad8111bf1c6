"""Use cases of a tenant's API keys: make one, give it another text, revoke it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.api.http.auth import Caller
from services.api.http.resources import Resources
from services.api.refusals import Refused, not_found, refuse_invalid_expiry
from shared.db.api import api_keys
from shared.db.api.api_keys import KeyRecord
from shared.db.types import Connection
from shared.definitions.call import CallTerms
from shared.domain.access import KeyScope, Network

# Keys of a tenant that admit; a key for each program and person is far fewer.
MOST_KEYS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeKey:
    """A key with its text, which is known now only."""

    record: KeyRecord
    text: str


async def create(
    resources: Resources,
    caller: Caller,
    *,
    name: str,
    scopes: Collection[KeyScope],
    networks: Sequence[Network],
    expires_at: datetime | None,
    requests_per_minute: int | None = None,
    call_terms: CallTerms | None = None,
    now: datetime,
) -> MadeKey:
    """A key may be slower than the installation lets each of them be, and not faster."""
    refuse_invalid_expiry(expires_at, now)
    most = resources.rates.per_minute
    if requests_per_minute is not None and requests_per_minute > most:
        raise Refused("out_of_range", f"must be at most {most:,}", field=("requests_per_minute",))
    async with resources.pool.transaction(caller.tenant_id) as conn:
        # Requests at once may pass it by a few.
        if await api_keys.count_valid(conn, caller.tenant_id, now=now) >= MOST_KEYS:
            detail = f"a tenant has at most {MOST_KEYS} keys that admit; revoke one first"
            raise Refused("too_many_keys", detail)
        key_id, text = await api_keys.insert(
            conn,
            tenant_id=caller.tenant_id,
            name=name,
            scopes=scopes,
            networks=networks,
            expires_at=expires_at,
            requests_per_minute=requests_per_minute,
            call_terms=call_terms,
        )
        made = MadeKey(record=await _owned(conn, caller, key_id), text=text)
    resources.record(after=made.record)
    return made


async def read(resources: Resources, caller: Caller, key_id: int) -> KeyRecord:
    async with resources.pool.transaction(caller.tenant_id) as conn:
        return await _owned(conn, caller, key_id)


async def rotate(
    resources: Resources, caller: Caller, key_id: int, *, overlap: timedelta, now: datetime
) -> MadeKey:
    """Give the key another text; its last one, and its access tokens, end after the overlap."""
    named = {"tenant_id": caller.tenant_id, "key_id": key_id}
    async with resources.pool.transaction(caller.tenant_id) as conn:
        await api_keys.lock(conn, **named)
        key = await _owned(conn, caller, key_id)
        if key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now):
            raise Refused("key_ended", "the key has expired or was revoked; make another one")
        text = await api_keys.rotate(conn, **named, until=now + overlap)
        await api_keys.forget_expired(conn, **named, now=now)
    resources.record(after={"previous_valid_until": now + overlap})
    return MadeKey(record=key, text=text)


async def revoke(resources: Resources, caller: Caller, key_id: int, *, now: datetime) -> KeyRecord:
    async with resources.pool.transaction(caller.tenant_id) as conn:
        before = await _owned(conn, caller, key_id)
        await api_keys.revoke(conn, tenant_id=caller.tenant_id, key_id=key_id, now=now)
        after = await _owned(conn, caller, key_id)
    resources.record(before=before, after=after)
    return after


async def _owned(conn: Connection, caller: Caller, key_id: int) -> KeyRecord:
    key = await api_keys.get(conn, tenant_id=caller.tenant_id, key_id=key_id)
    if key is None:
        raise not_found("API key")
    return key
