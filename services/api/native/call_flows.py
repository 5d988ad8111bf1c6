"""Routes of call flows: what callees hear and may press, in versions."""

from datetime import datetime
from typing import Annotated, Any, Self

from fastapi import APIRouter, Body, Path, Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from services.api import call_flows
from services.api.http.etags import IfMatch, Shown
from services.api.http.paging import Id, Page, View
from services.api.http.resources import In
from services.api.native.auth import CAMPAIGNS, Authenticated, opened_by
from services.api.native.listing import Asked
from services.api.native.patches import patch_of
from services.api.native.problems import UNCHANGED, documented
from shared.db.api import call_flows as flow_rows
from shared.definitions.call_flow import CallFlowDefinition, FlowName
from shared.definitions.merge import MergePatch

EXAMPLE = {
    "start": "greeting",
    "on_machine": "voicemail",
    "variables": {"first_name": {"default": "neighbour"}},
    "steps": {
        "greeting": {
            "type": "gather",
            "text": "Hello {{first_name}}, this is the library. Press 1 to renew, 9 to opt out.",
            "choices": {"1": "renewed", "9": "stop"},
            "otherwise": "greeting",
            "on_timeout": "goodbye",
        },
        "renewed": {"type": "tag", "tag": "renewed", "next": "goodbye"},
        "stop": {"type": "opt_out", "next": "goodbye"},
        "voicemail": {
            "type": "leave_message",
            "text": "Hello {{first_name}}, the library will call again.",
            "next": "goodbye",
        },
        "goodbye": {"type": "hang_up"},
    },
}

Version = Annotated[int, Path(ge=1, le=2**31 - 1, examples=[2])]

router = APIRouter(
    tags=["call flows"], route_class=opened_by(CAMPAIGNS), responses=documented(401, 403, 422)
)


class NewCallFlow(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: FlowName
    flow: CallFlowDefinition


class CallFlowChange(BaseModel):
    model_config = ConfigDict(extra="forbid")

    flow: CallFlowDefinition

    def edited(self, _before: Self) -> Self:
        return self


def _dumped(flow: CallFlowDefinition) -> dict[str, Any]:
    return flow.model_dump(mode="json", exclude_none=True)


class CallFlowView(View):
    id: int = Field(examples=[17])
    name: str = Field(examples=["reminder"])
    version: int = Field(examples=[1])
    created_at: datetime = Field(description="of the version")
    flow: Annotated[dict[str, Any], BeforeValidator(_dumped)]


class CallFlowPage(Page):
    call_flows: list[CallFlowView]


class CallFlowVersionPage(Page):
    versions: list[CallFlowView]


@router.post("/call-flows", status_code=201, responses=documented(400, 413))
async def create_call_flow(
    new: Annotated[NewCallFlow, Body(examples=[{"name": "renewal", "flow": EXAMPLE}])],
    response: Response,
    resources: In,
    caller: Authenticated,
    show: Shown,
) -> CallFlowView:
    """Version 1 of a call flow. A campaign plays it by its name: `{"call_flow": {"name": …}}`.

    It is refused if a step is never reached, leads nowhere, or never comes to an end.
    """
    made = await call_flows.create(resources, caller, name=new.name, flow=new.flow)
    response.headers["Location"] = f"/v1/call-flows/{made.id}"
    return show(CallFlowView, made)


@router.get("/call-flows", responses=documented(400))
async def list_call_flows(resources: In, caller: Authenticated, asked: Asked) -> CallFlowPage:
    """The newest version of each, newest flow first."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        rows = await flow_rows.page(
            conn, tenant_id=caller.tenant_id, before=asked.after(int), limit=asked.limit
        )
    return asked.page(CallFlowPage, rows)


@router.get("/call-flows/{call_flow_id}", responses=UNCHANGED | documented(404))
async def read_call_flow(
    call_flow_id: Id, resources: In, caller: Authenticated, show: Shown
) -> CallFlowView:
    """The newest version."""
    return show(CallFlowView, await call_flows.FLOWS.read(resources, caller, call_flow_id))


@router.patch("/call-flows/{call_flow_id}", responses=documented(400, 404, 412, 413))
async def change_call_flow(
    call_flow_id: Id,
    change: Annotated[CallFlowChange | MergePatch, patch_of(CallFlowChange, [{"flow": EXAMPLE}])],
    resources: In,
    caller: Authenticated,
    *,
    seen: IfMatch,
    show: Shown,
) -> CallFlowView:
    """Make a new version, unless nothing differs. Drafts play it; a campaign that was started
    keeps the version that was the newest at its start.
    """

    def edited(before: CallFlowDefinition) -> CallFlowDefinition:
        return change.edited(CallFlowChange(flow=before)).flow

    changed = await call_flows.change(resources, caller, call_flow_id, edited, seen=seen)
    return show(CallFlowView, changed)


@router.delete("/call-flows/{call_flow_id}", status_code=204, responses=documented(404, 409, 412))
async def delete_call_flow(
    call_flow_id: Id, resources: In, caller: Authenticated, seen: IfMatch
) -> None:
    """Only if no campaign plays it that has not ended. Its versions stay readable."""
    await call_flows.delete(resources, caller, call_flow_id, seen=seen)


@router.get("/call-flows/{call_flow_id}/versions", responses=documented(400, 404))
async def list_call_flow_versions(
    call_flow_id: Id,
    resources: In,
    caller: Authenticated,
    asked: Asked,
) -> CallFlowVersionPage:
    """Newest first, also of a flow that was deleted."""
    await call_flows.read_version(resources, caller, call_flow_id, 1)
    async with resources.pool.transaction(caller.tenant_id) as conn:
        rows = await flow_rows.versions(
            conn,
            tenant_id=caller.tenant_id,
            flow_id=call_flow_id,
            before=asked.after(int),
            limit=asked.limit,
        )
    return asked.page(CallFlowVersionPage, rows, lambda row: (row.version,))


@router.get("/call-flows/{call_flow_id}/versions/{version}", responses=UNCHANGED | documented(404))
async def read_call_flow_version(
    call_flow_id: Id, version: Version, resources: In, caller: Authenticated, show: Shown
) -> CallFlowView:
    return show(
        CallFlowView, await call_flows.read_version(resources, caller, call_flow_id, version)
    )
