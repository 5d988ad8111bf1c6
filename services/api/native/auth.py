"""The caller of the native API: an API key as a bearer token in the Authorization header."""

from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException

from services.api.http.auth import Caller, identify
from services.api.http.resources import In

bearer = HTTPBearer(
    auto_error=False, bearerFormat="od_17_…", description="An API key of the tenant."
)


async def _caller(
    resources: In, sent: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
) -> Caller:
    caller = None if sent is None else await identify(resources, sent.credentials)
    if caller is None:
        raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
    return caller


Authenticated = Annotated[Caller, Depends(_caller)]
