"""Routes of client tenants, which a partner owns: its keys act for them by `Outdial-Tenant`."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.api.http.paging import Id, Page, View
from services.api.http.resources import In
from services.api.native.auth import ADMIN, Authenticated, opened_by
from services.api.native.listing import Asked
from services.api.native.problems import documented
from services.api.refusals import Refused, not_found
from shared.db.api import tenants
from shared.domain.attempts import LARGEST_TENANT_ID

router = APIRouter(
    tags=["client tenants"], route_class=opened_by(ADMIN), responses=documented(401, 403, 422)
)


class NewClientTenant(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[
        str,
        StringConstraints(
            strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00]*$"
        ),
    ]


class ClientTenantView(View):
    id: int = Field(description="for the header Outdial-Tenant", examples=[18])
    name: str = Field(examples=["acme north"])
    created_at: datetime


class ClientTenantPage(Page):
    tenants: list[ClientTenantView]


@router.post("/tenants", status_code=201, responses=documented(400, 413))
async def create_client_tenant(
    new: Annotated[NewClientTenant, Body(examples=[{"name": "acme north"}])],
    response: Response,
    resources: In,
    caller: Authenticated,
) -> ClientTenantView:
    """For partners only. A key of the partner makes the client's own keys with `Outdial-Tenant`."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        made = await tenants.create_client(conn, partner_id=caller.tenant_id, name=new.name)
    if made is None:
        raise Refused("not_a_partner", "only a partner has client tenants; ask the operator")
    resources.record(after=made)
    response.headers["Location"] = f"/v1/tenants/{made.id}"
    return ClientTenantView.of(made)


@router.get("/tenants", responses=documented(400))
async def list_client_tenants(
    resources: In, caller: Authenticated, asked: Asked
) -> ClientTenantPage:
    """Newest first; none if the tenant is no partner."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        rows = await tenants.clients(
            conn, partner_id=caller.tenant_id, before=asked.after(int), limit=asked.limit
        )
    return asked.page(ClientTenantPage, rows)


@router.get("/tenants/{tenant_id}", responses=documented(404))
async def read_client_tenant(
    tenant_id: Id, resources: In, caller: Authenticated
) -> ClientTenantView:
    client = None
    if tenant_id <= LARGEST_TENANT_ID:
        async with resources.pool.transaction(caller.tenant_id) as conn:
            client = await tenants.client(conn, partner_id=caller.tenant_id, tenant_id=tenant_id)
    if client is None:
        raise not_found("client tenant")
    return ClientTenantView.of(client)
