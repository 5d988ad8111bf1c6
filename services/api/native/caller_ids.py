"""Routes of caller IDs: the numbers that a tenant's calls may show."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body, Path, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from services.api import caller_ids
from services.api.http.etags import IfMatch, Shown
from services.api.http.paging import Page, View
from services.api.http.resources import In
from services.api.native.auth import CAMPAIGNS, Authenticated, opened_by
from services.api.native.listing import Asked
from services.api.native.problems import UNCHANGED, documented
from shared.db.api import caller_ids as caller_id_rows
from shared.domain.capacity.caller_ids import CallerIdState

router = APIRouter(
    tags=["caller IDs"], route_class=opened_by(CAMPAIGNS), responses=documented(401, 403, 422)
)

Number = Annotated[
    str,
    Path(
        pattern=r"^\+?[1-9][0-9]{6,14}$",
        description="E.164; the + may be left out",
        examples=["+12025550100"],
    ),
    AfterValidator(caller_ids.e164),
]


class NewCallerId(BaseModel):
    model_config = ConfigDict(extra="forbid")

    number: Annotated[str, StringConstraints(max_length=256)] = Field(
        description="with its country code", examples=["+12025550100"]
    )


class CallerIdChange(BaseModel):
    model_config = ConfigDict(extra="forbid")

    state: CallerIdState


class CallerIdView(View):
    number: str = Field(examples=["+12025550100"])
    state: CallerIdState = Field(description="inactive: no call shows it")
    created_at: datetime


class CallerIdPage(Page):
    caller_ids: list[CallerIdView]


@router.post("/caller-ids", status_code=201, responses=documented(400, 413))
async def add_caller_id(
    new: Annotated[NewCallerId, Body()],
    response: Response,
    resources: In,
    caller: Authenticated,
    show: Shown,
) -> CallerIdView:
    """A number that belongs to the tenant. Campaigns show it by `caller_id`, from now on."""
    added = await caller_ids.add(resources, caller, number=new.number)
    response.headers["Location"] = f"/v1/caller-ids/{added.number}"
    return show(CallerIdView, added)


@router.get("/caller-ids", responses=documented(400))
async def list_caller_ids(
    resources: In,
    caller: Authenticated,
    asked: Asked,
    state: CallerIdState | None = None,
) -> CallerIdPage:
    """In order of the numbers."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        rows = await caller_id_rows.page(
            conn, tenant_id=caller.tenant_id, state=state, after=asked.after(str), limit=asked.limit
        )
    return asked.page(CallerIdPage, rows, lambda row: (row.number,))


@router.get("/caller-ids/{number}", responses=UNCHANGED | documented(404))
async def read_caller_id(
    number: Number, resources: In, caller: Authenticated, show: Shown
) -> CallerIdView:
    return show(CallerIdView, await caller_ids.CALLER_IDS.read(resources, caller, number))


@router.patch("/caller-ids/{number}", responses=documented(400, 404, 412, 413))
async def change_caller_id(
    number: Number,
    change: Annotated[CallerIdChange, Body(examples=[{"state": "inactive"}])],
    resources: In,
    caller: Authenticated,
    *,
    seen: IfMatch,
    show: Shown,
) -> CallerIdView:
    """Contacts of a campaign that names an inactive one wait until it is active again."""
    changed = await caller_ids.set_state(resources, caller, number, change.state, seen=seen)
    return show(CallerIdView, changed)


@router.delete("/caller-ids/{number}", status_code=204, responses=documented(404, 409, 412))
async def delete_caller_id(
    number: Number, resources: In, caller: Authenticated, seen: IfMatch
) -> None:
    """Only if no campaign shows it that has not ended."""
    await caller_ids.delete(resources, caller, number, seen=seen)
