"""The route of the tenant whose API key asks."""

from dataclasses import asdict
from datetime import datetime

from fastapi import APIRouter
from pydantic import Field

from services.api.http.paging import View
from services.api.http.resources import In
from services.api.native.auth import ANY_KEY, Authenticated, opened_by
from services.api.native.problems import documented
from shared.db.api import tenants
from shared.domain.access import KeyScope, in_order

router = APIRouter(
    tags=["tenant"], route_class=opened_by(ANY_KEY), responses=documented(401, 403, 422)
)


class TenantView(View):
    id: int
    name: str = Field(examples=["acme"])
    created_at: datetime
    is_partner: bool = Field(description="it may own client tenants")
    partner_id: int | None = Field(description="the partner that owns this tenant as a client")
    api_key_id: int = Field(description="of the key that asks")
    api_key_name: str = Field(examples=["CRM"])
    scopes: list[KeyScope] = Field(description="what the key, or the access token, opens")
    expires_at: datetime | None = Field(description="the end of the key, or of the access token")


@router.get("/tenant")
async def read_tenant(resources: In, caller: Authenticated) -> TenantView:
    """The tenant of this API key."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        tenant = await tenants.get(conn, caller.tenant_id)
    return TenantView(
        **asdict(tenant),
        api_key_id=caller.api_key_id,
        api_key_name=caller.key_name,
        scopes=in_order(caller.scopes),
        expires_at=caller.expires_at,
    )
