"""Routes of API keys: their scopes, their end, and the networks that they are bound to."""

from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Annotated

from fastapi import APIRouter, Body, Response
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
)

from services.api import api_keys
from services.api.http.paging import Id, Page, View
from services.api.http.resources import In, Now
from services.api.native.auth import ADMIN, Authenticated, opened_by
from services.api.native.listing import Asked
from services.api.native.problems import documented
from shared.db.api import api_keys as key_rows
from shared.definitions.call import CallTerms
from shared.domain.access import KeyScope

router = APIRouter(
    tags=["API keys"], route_class=opened_by(ADMIN), responses=documented(401, 403, 422)
)

EXAMPLE = {
    "name": "CRM",
    "scopes": ["campaigns", "contacts"],
    "expires_at": "2027-06-30T00:00:00Z",
    "networks": ["192.0.2.0/24"],
}
A_DAY = 86_400
LONGEST_OVERLAP = 30 * A_DAY


def _is_network(text: str) -> str:
    try:
        network = str(ip_network(text))
    except ValueError:
        network = ""
    # An IPv6 address with a zone, like fe80::1%eth0, belongs to one machine only.
    if not network or "%" in network:
        raise ValueError("must be an address, or a network like 192.0.2.0/24")
    return network


def _differ(scopes: list[KeyScope]) -> list[KeyScope]:
    if len(set(scopes)) < len(scopes):
        raise ValueError("must differ from each other")
    return scopes


NetworkText = Annotated[str, StringConstraints(max_length=50), AfterValidator(_is_network)]


class NewApiKey(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[
        str,
        StringConstraints(
            strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00]*$"
        ),
    ] = Field(description="what the key is for, in lists and in the records of changes")
    scopes: Annotated[list[KeyScope], AfterValidator(_differ)] = Field(
        min_length=1, description="the parts of the API that it opens"
    )
    expires_at: AwareDatetime | None = Field(
        default=None, description="from then on it is refused; null: never"
    )
    networks: list[NetworkText] = Field(
        default=[], max_length=100, description="CIDR; the key is refused from elsewhere"
    )
    requests_per_minute: int | None = Field(
        default=None,
        ge=1,
        description="no more than the installation's; null: as many as that",
    )


class KeyRotation(BaseModel):
    model_config = ConfigDict(extra="forbid")

    overlap_seconds: int = Field(
        default=A_DAY,
        ge=0,
        le=LONGEST_OVERLAP,
        description="how long the text of before stays valid; 0 refuses it, and all access "
        "tokens of the key, at once",
    )


# Such an answer is not kept for a repetition with the same Idempotency-Key, either.
SHOWN_ONCE = {"Cache-Control": "no-store"}
A_DAYS_OVERLAP = KeyRotation()


class ApiKeyView(View):
    id: int = Field(examples=[17])
    name: str = Field(examples=["CRM"])
    scopes: list[KeyScope]
    networks: list[str] = Field(description="empty: it may be used from anywhere")
    requests_per_minute: int | None = Field(description="null: the installation's")
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = Field(description="exact to a minute or two")
    revoked_at: datetime | None
    call_terms: CallTerms | None = Field(
        description="what the calls of a vendor's client with this key are"
    )

    @field_validator("networks", mode="before")
    @classmethod
    def as_texts(cls, networks: list[object]) -> list[str]:
        return list(map(str, networks))


class NewApiKeyView(ApiKeyView):
    api_key: str = Field(description="shown this once", examples=["od_17_…"])


class RotatedApiKeyView(NewApiKeyView):
    previous_valid_until: datetime = Field(description="the end of the text of before")


class ApiKeyPage(Page):
    api_keys: list[ApiKeyView]


@router.post("/api-keys", status_code=201, responses=documented(400, 413))
async def create_api_key(
    new: Annotated[NewApiKey, Body(examples=[EXAMPLE])],
    response: Response,
    resources: In,
    caller: Authenticated,
    now: Now,
) -> NewApiKeyView:
    """Its text is in this answer only. A key with `admin` may give any scope."""
    made = await api_keys.create(
        resources,
        caller,
        name=new.name,
        scopes=new.scopes,
        networks=[ip_network(network) for network in new.networks],
        expires_at=new.expires_at,
        requests_per_minute=new.requests_per_minute,
        now=now,
    )
    response.headers["Location"] = f"/v1/api-keys/{made.record.id}"
    response.headers.update(SHOWN_ONCE)
    return NewApiKeyView(**dict(ApiKeyView.of(made.record)), api_key=made.text)


@router.get("/api-keys", responses=documented(400))
async def list_api_keys(resources: In, caller: Authenticated, asked: Asked) -> ApiKeyPage:
    """Newest first, also those that have ended; never their texts."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        rows = await key_rows.page(
            conn, tenant_id=caller.tenant_id, before=asked.after(int), limit=asked.limit
        )
    return asked.page(ApiKeyPage, rows)


@router.get("/api-keys/{api_key_id}", responses=documented(404))
async def read_api_key(api_key_id: Id, resources: In, caller: Authenticated) -> ApiKeyView:
    return ApiKeyView.of(await api_keys.read(resources, caller, api_key_id))


@router.post("/api-keys/{api_key_id}/rotate", responses=documented(400, 404, 409, 413))
async def rotate_api_key(
    api_key_id: Id,
    response: Response,
    resources: In,
    caller: Authenticated,
    now: Now,
    *,
    rotation: Annotated[KeyRotation, Body()] = A_DAYS_OVERLAP,
) -> RotatedApiKeyView:
    """Another text for the same key. The one of before stays valid for the overlap."""
    overlap = timedelta(seconds=rotation.overlap_seconds)
    made = await api_keys.rotate(resources, caller, api_key_id, overlap=overlap, now=now)
    response.headers.update(SHOWN_ONCE)
    return RotatedApiKeyView(
        **dict(ApiKeyView.of(made.record)), api_key=made.text, previous_valid_until=now + overlap
    )


@router.post("/api-keys/{api_key_id}/revoke", responses=documented(404))
async def revoke_api_key(
    api_key_id: Id, resources: In, caller: Authenticated, now: Now
) -> ApiKeyView:
    """Refuse the key and its access tokens from now on, for good. Repeating it changes nothing."""
    return ApiKeyView.of(await api_keys.revoke(resources, caller, api_key_id, now=now))
