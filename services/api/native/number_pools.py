"""Routes of number pools: caller IDs of which each call of a campaign shows one."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body, Response
from pydantic import Field

from services.api import number_pools
from services.api.http.etags import IfMatch, Shown
from services.api.http.paging import Id, Page, View
from services.api.http.resources import In
from services.api.native.auth import CAMPAIGNS, Authenticated, opened_by
from services.api.native.listing import Asked
from services.api.native.problems import UNCHANGED, documented
from shared.db.api import number_pools as pool_rows
from shared.definitions.number_pool import NumberPoolDefinition, NumberPoolEdit
from shared.domain.capacity.caller_ids import Rotation

router = APIRouter(
    tags=["number pools"], route_class=opened_by(CAMPAIGNS), responses=documented(401, 403, 422)
)

EXAMPLE = {
    "name": "east",
    "numbers": ["+12025550100", "+12125550111"],
    "rotation": "local_presence",
    "max_calls_per_hour": 60,
    "max_calls_per_day": 400,
}


class NumberPoolView(View):
    id: int = Field(examples=[17])
    name: str = Field(examples=["east"])
    numbers: list[str] = Field(examples=[["+12025550100", "+12125550111"]])
    rotation: Rotation
    max_calls_per_hour: int | None
    max_calls_per_day: int | None
    created_at: datetime


class NumberPoolPage(Page):
    number_pools: list[NumberPoolView]


@router.post("/number-pools", status_code=201, responses=documented(400, 413))
async def create_number_pool(
    new: Annotated[NumberPoolDefinition, Body(examples=[EXAMPLE])],
    response: Response,
    resources: In,
    caller: Authenticated,
    show: Shown,
) -> NumberPoolView:
    """A campaign names it by `number_pool`. The caps hold for each number over all its pools.

    A call counts from the moment before it is placed, also if the carrier then refuses it.
    """
    made = await number_pools.create(resources, caller, new)
    response.headers["Location"] = f"/v1/number-pools/{made.id}"
    return show(NumberPoolView, made)


@router.get("/number-pools", responses=documented(400))
async def list_number_pools(resources: In, caller: Authenticated, asked: Asked) -> NumberPoolPage:
    """Newest first."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        rows = await pool_rows.page(
            conn, tenant_id=caller.tenant_id, before=asked.after(int), limit=asked.limit
        )
    return asked.page(NumberPoolPage, rows)


@router.get("/number-pools/{number_pool_id}", responses=UNCHANGED | documented(404))
async def read_number_pool(
    number_pool_id: Id, resources: In, caller: Authenticated, show: Shown
) -> NumberPoolView:
    return show(NumberPoolView, await number_pools.POOLS.read(resources, caller, number_pool_id))


@router.patch("/number-pools/{number_pool_id}", responses=documented(400, 404, 412, 413))
async def change_number_pool(
    number_pool_id: Id,
    change: Annotated[NumberPoolEdit, Body(examples=[{"max_calls_per_day": 300}])],
    resources: In,
    caller: Authenticated,
    *,
    seen: IfMatch,
    show: Shown,
) -> NumberPoolView:
    """Replace parts of it; it holds at once, also in campaigns that run."""
    changed = await number_pools.change(resources, caller, number_pool_id, change, seen=seen)
    return show(NumberPoolView, changed)


@router.delete(
    "/number-pools/{number_pool_id}", status_code=204, responses=documented(404, 409, 412)
)
async def delete_number_pool(
    number_pool_id: Id, resources: In, caller: Authenticated, seen: IfMatch
) -> None:
    """Only if no campaign names it that has not ended."""
    await number_pools.delete(resources, caller, number_pool_id, seen=seen)
