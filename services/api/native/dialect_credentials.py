"""The route that gives a client of a vendor's API its address, key and ids."""

from typing import Annotated

from fastapi import APIRouter, Body, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.api import dialect_credentials
from services.api.dialect_credentials import Dialect
from services.api.http.paging import Text
from services.api.http.resources import In, Now
from services.api.native.api_keys import SHOWN_ONCE
from services.api.native.auth import ADMIN, Authenticated, opened_by
from services.api.native.problems import documented
from shared.definitions.call import CallTerms

router = APIRouter(
    tags=["dialects"], route_class=opened_by(ADMIN), responses=documented(401, 403, 422)
)

EXAMPLE = {"dialect": "wavix", "name": "CRM", "calls": {"kind": "informational"}}


class NewCredentials(BaseModel):
    model_config = ConfigDict(extra="forbid")

    dialect: Dialect = Field(description="the vendor whose API the client speaks")
    name: Text | None = Field(
        default=None, description="of the key; left out: the dialect's name", examples=["CRM"]
    )
    calls: CallTerms = Field(
        default=CallTerms(),
        description="what its calls are, which the vendor's API cannot say; the client cannot "
        "change it. `trunk` is for Wavix only: other clients choose it themselves",
    )


class CredentialsView(BaseModel):
    dialect: Dialect
    base_url: str = Field(
        description="in place of the vendor's own", examples=["https://api.example.com/wavix"]
    )
    api_key_id: int = Field(description="see `/v1/api-keys`", examples=[17])
    api_key: str = Field(description="shown this once", examples=["od_17_…"])
    ids: dict[str, dict[str, int | str]] = Field(
        description="what the client may name, by the vendor's word for it: the id of each by the "
        "tenant's own name; the newest 1,000",
        examples=[{"callflow_id": {"reminder": 12}, "caller_id": {"+12025550100": "12025550100"}}],
    )


@router.post("/dialect-credentials", status_code=201, responses=documented(400, 413))
async def create_dialect_credentials(
    new: Annotated[NewCredentials, Body(examples=[EXAMPLE])],
    request: Request,
    response: Response,
    resources: In,
    caller: Authenticated,
    *,
    now: Now,
) -> CredentialsView:
    """Make an API key with the scopes of a client that was written for a vendor's API.

    The client needs another base URL, this key, and the ids that are listed here. The key is
    listed, rotated and revoked as all keys are.
    """
    made = await dialect_credentials.create(
        resources, caller, new.dialect, name=new.name or new.dialect, calls=new.calls, now=now
    )
    response.headers["Location"] = f"/v1/api-keys/{made.key.record.id}"
    response.headers.update(SHOWN_ONCE)
    return CredentialsView(
        dialect=new.dialect,
        base_url=f"{str(request.base_url).rstrip('/')}{made.path}",
        api_key_id=made.key.record.id,
        api_key=made.key.text,
        ids=made.ids,
    )
