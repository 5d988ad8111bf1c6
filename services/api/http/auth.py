"""Who is asking: the API key in the Authorization header, known by its digest."""

import hashlib
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from services.api.http.resources import In
from services.api.problems import ProblemError
from shared.db.api import api_keys

bearer = HTTPBearer(
    auto_error=False, bearerFormat="od_live_…", description="An API key of the tenant."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    tenant_id: int
    api_key_id: int


async def _caller(
    resources: In, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
) -> Caller:
    key = None
    if credentials is not None:
        digest = hashlib.sha256(credentials.credentials.encode()).digest()
        async with resources.pool.acquire() as conn:
            key = await api_keys.find(conn, sha256=digest)
    if key is None:
        raise ProblemError(
            401,
            "unauthenticated",
            "send a valid API key as `Authorization: Bearer …`",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return Caller(tenant_id=key.tenant_id, api_key_id=key.id)


Authenticated = Annotated[Caller, Depends(_caller)]
