"""SmartAlex's routes of campaigns: list, read, create, start, pause, resume, cancel."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated

from fastapi import APIRouter, Query

from services.api import campaigns
from services.api.dialects.smartalex.errors import Code, refused
from services.api.dialects.smartalex.routes import (
    CAMPAIGNS,
    CampaignId,
    Json,
    PageQuery,
    instant,
    listed,
    one,
    opened_by,
    wanted_number,
)
from services.api.dialects.smartalex.settings import (
    NewCampaign,
    business_hours_of,
    definition_of,
    settings_of,
)
from services.api.dialects.smartalex.statistics import statistics
from services.api.http.auth import Caller
from services.api.http.guarded_routes import Authenticated
from services.api.http.resources import In, Now
from services.api.refusals import refusing_invalid
from shared.db import counters
from shared.db.api import agents, numbered_pages
from shared.db.api import campaigns as campaign_rows
from shared.db.api.numbered_pages import NumberedCampaign
from shared.db.types import Connection
from shared.dialects.smartalex import (
    WANTED,
    CampaignStatus,
    Kind,
    campaign_status,
    number_of,
    spelled,
)
from shared.domain.agents import AgentState
from shared.domain.campaigns import Command

router = APIRouter(route_class=opened_by(CAMPAIGNS))

# From which statuses a command makes sense.
ALLOWED: dict[Command, frozenset[CampaignStatus]] = {
    Command.START: frozenset({CampaignStatus.DRAFT}),
    Command.PAUSE: frozenset({CampaignStatus.ACTIVE}),
    Command.RESUME: frozenset({CampaignStatus.PAUSED}),
    # Cancelled twice is cancelled.
    Command.CANCEL: frozenset(CampaignStatus) - {CampaignStatus.COMPLETED},
}
RUNS = frozenset({Command.START, Command.RESUME})
# The wanted state of a campaign that has not ended, by its status.
WANTED_BY_STATUS = {status: wanted for wanted, status in WANTED.items()}


class CampaignQuery(PageQuery):
    status: CampaignStatus | None = None
    agent_id: Annotated[str, Query(max_length=100)] | None = None


@router.get("/campaigns")
async def list_campaigns(
    resources: In, caller: Authenticated, query: Annotated[CampaignQuery, Query()]
) -> Json:
    """Newest first. No campaign names an agent that is not known."""
    ended = query.status is CampaignStatus.COMPLETED
    async with resources.pool.transaction(caller.tenant_id) as conn:
        rows, total = await numbered_pages.campaigns(
            conn,
            tenant_id=caller.tenant_id,
            state="completed" if ended else None,
            wanted_state=None if query.status is None or ended else WANTED_BY_STATUS[query.status],
            agent_id=wanted_number(Kind.AGENT, query.agent_id),
            page=query.number,
        )
    return listed([_row(row) for row in rows], total, query)


@router.get("/campaigns/{campaign_id}")
async def read_campaign(campaign_id: CampaignId, resources: In, caller: Authenticated) -> Json:
    """With its statistics, all of one moment."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        return one(await _shown(conn, caller, campaign_id))


@router.post("/campaigns", status_code=201)
async def create_campaign(new: NewCampaign, resources: In, caller: Authenticated, now: Now) -> Json:
    """A campaign in `draft`."""
    agent_id = number_of(Kind.AGENT, new.agent_id)
    async with resources.pool.transaction(caller.tenant_id) as conn:
        agent = agent_id and await agents.get(conn, caller.tenant_id, agent_id)
        if not agent or agent.state is not AgentState.ACTIVE:
            raise refused(Code.AGENT_NOT_FOUND)
        with refusing_invalid():
            definition = definition_of(new, caller.call_terms, agent=agent.name, trunk=agent.trunk)
        made = (await campaigns.create(resources, caller, definition, now=now)).campaign
        resources.record(after=definition, resource_id=str(made.id))
    return one(_detail(NumberedCampaign(campaign=made, agent_id=agent_id), {}, callbacks=0))


def _command_route(command: Command) -> Callable[..., Awaitable[Json]]:
    async def give_command(
        campaign_id: CampaignId, resources: In, caller: Authenticated, now: Now
    ) -> Json:
        async with resources.pool.transaction(caller.tenant_id) as conn:
            found = await campaign_rows.lock(
                conn, tenant_id=caller.tenant_id, campaign_id=campaign_id
            )
            if found is None:
                raise refused(Code.CAMPAIGN_NOT_FOUND)
            _refuse_by_status(campaign_status(found.state, found.wanted_state), command)
            await campaigns.give_command(resources, caller, campaign_id, command, now=now)
            return one(await _shown(conn, caller, campaign_id))

    return give_command


for _command in Command:
    router.add_api_route(
        f"/campaigns/{{campaign_id}}/{_command}",
        _command_route(_command),
        methods=["POST"],
        name=f"smartalex_{_command}_campaign",
    )


def _refuse_by_status(status: CampaignStatus, command: Command) -> None:
    if status in ALLOWED[command]:
        return
    if command in RUNS and status is CampaignStatus.ACTIVE:
        raise refused(Code.CAMPAIGN_ALREADY_ACTIVE)
    detail = None if command is Command.PAUSE else f"Cannot {command} a campaign that is {status}"
    raise refused(Code.CAMPAIGN_NOT_ACTIVE, detail)


def _row(found: NumberedCampaign) -> Json:
    campaign = found.campaign
    return {
        "id": spelled(Kind.CAMPAIGN, campaign.id),
        "name": campaign.name,
        "description": campaign.definition.description,
        "objective": None,
        "agent_id": None if found.agent_id is None else spelled(Kind.AGENT, found.agent_id),
        "status": str(campaign_status(campaign.state, campaign.wanted_state)),
        "created_at": instant(campaign.created_at),
    }


async def _shown(conn: Connection, caller: Caller, campaign_id: int) -> Json:
    key = caller.campaign(campaign_id)
    found = await numbered_pages.campaign(conn, key)
    if found is None:
        raise refused(Code.CAMPAIGN_NOT_FOUND)
    values = await counters.of_campaign(conn, key)
    callbacks = await numbered_pages.count_callbacks(conn, key)
    return _detail(found, values, callbacks=callbacks)


def _detail(found: NumberedCampaign, values: Mapping[str, int], *, callbacks: int) -> Json:
    campaign, definition = found.campaign, found.campaign.definition
    return {
        **_row(found),
        "phone_number_id": None,
        "campaign_mode": "outbound",
        "settings": settings_of(definition),
        "timezone": definition.calendar.zone,
        "business_hours": business_hours_of(definition),
        "started_at": instant(campaign.started_at),
        "ended_at": instant(campaign.ended_at),
        "stats": statistics(values, callbacks=callbacks),
    }
