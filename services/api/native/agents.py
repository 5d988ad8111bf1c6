"""Routes of agents: what a provider itself lets talk with the people that are called."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.api import agents
from services.api.http.etags import IfMatch, Shown
from services.api.http.paging import Id, Page, View
from services.api.http.resources import In
from services.api.native.auth import CAMPAIGNS, Authenticated, opened_by
from services.api.native.listing import Asked
from services.api.native.problems import UNCHANGED, documented
from shared.db.api import agents as agent_rows
from shared.domain.agents import AgentKind, AgentState

router = APIRouter(
    tags=["agents"], route_class=opened_by(CAMPAIGNS), responses=documented(401, 403, 422)
)

EXAMPLE = {
    "name": "renewals",
    "kind": "assistant",
    "provider_agent_id": "asst_8f1c",
    "trunk": "default",
}
Word = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00]*$"),
]


class NewAgent(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Word = Field(description="by which campaigns name it")
    kind: AgentKind = Field(description="what it is at the provider")
    provider_agent_id: Word = Field(description="the provider's own id of it")
    trunk: Word = Field(description="the trunk whose provider has it")


class AgentChange(BaseModel):
    model_config = ConfigDict(extra="forbid")

    state: AgentState


class AgentView(View):
    id: int = Field(examples=[17])
    name: str = Field(examples=["renewals"])
    kind: AgentKind
    provider_agent_id: str = Field(examples=["asst_8f1c"])
    trunk: str = Field(examples=["default"])
    state: AgentState = Field(description="inactive: no campaign begins to name it")
    created_at: datetime


class AgentPage(Page):
    agents: list[AgentView]


@router.post("/agents", status_code=201, responses=documented(400, 413))
async def add_agent(
    new: Annotated[NewAgent, Body(examples=[EXAMPLE])],
    response: Response,
    resources: In,
    caller: Authenticated,
    show: Shown,
) -> AgentView:
    """An agent at the provider of a trunk. A campaign names it by `agent`, without a call flow."""
    added = await agents.add(
        resources,
        caller,
        name=new.name,
        kind=new.kind,
        provider_agent_id=new.provider_agent_id,
        trunk=new.trunk,
    )
    response.headers["Location"] = f"/v1/agents/{added.id}"
    return show(AgentView, added)


@router.get("/agents", responses=documented(400))
async def list_agents(resources: In, caller: Authenticated, asked: Asked) -> AgentPage:
    """Newest first."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        rows = await agent_rows.page(
            conn, tenant_id=caller.tenant_id, before=asked.after(int), limit=asked.limit
        )
    return asked.page(AgentPage, rows)


@router.get("/agents/{agent_id}", responses=UNCHANGED | documented(404))
async def read_agent(agent_id: Id, resources: In, caller: Authenticated, show: Shown) -> AgentView:
    return show(AgentView, await agents.AGENTS.read(resources, caller, agent_id))


@router.patch("/agents/{agent_id}", responses=documented(400, 404, 412, 413))
async def change_agent(
    agent_id: Id,
    change: Annotated[AgentChange, Body(examples=[{"state": "inactive"}])],
    resources: In,
    caller: Authenticated,
    *,
    seen: IfMatch,
    show: Shown,
) -> AgentView:
    """Campaigns that name an agent already keep it when it becomes inactive."""
    changed = await agents.set_state(resources, caller, agent_id, change.state, seen=seen)
    return show(AgentView, changed)


@router.delete("/agents/{agent_id}", status_code=204, responses=documented(404, 409, 412))
async def delete_agent(agent_id: Id, resources: In, caller: Authenticated, seen: IfMatch) -> None:
    """Only if no campaign names it that has not ended."""
    await agents.delete(resources, caller, agent_id, seen=seen)
