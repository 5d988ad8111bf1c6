"""Who calls: a credential is looked up by its digest. Each façade extracts it in its own way."""

import hashlib
from dataclasses import dataclass

from services.api.http.resources import Resources
from shared.db.api import api_keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    tenant_id: int
    api_key_id: int


async def identify(resources: Resources, credential: str) -> Caller | None:
    """The caller with this API key; None when no valid key is like it."""
    digest = hashlib.sha256(credential.encode()).digest()
    async with resources.pool.acquire() as conn:
        key = await api_keys.find(conn, sha256=digest)
    return None if key is None else Caller(tenant_id=key.tenant_id, api_key_id=key.id)
