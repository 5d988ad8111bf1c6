"""VoiceAIWrapper's routes of campaigns: create and change one.

Of our own are those that list, read, activate, pause and resume.
A webhook's secret is in the header Webhook-Secret of the answer that made it, and nowhere else.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.api import campaigns
from services.api.dialects.voiceaiwrapper import voice_campaigns
from services.api.dialects.voiceaiwrapper.counts import lead_counts
from services.api.dialects.voiceaiwrapper.errors import CAMPAIGN_NOT_FOUND, not_found
from services.api.dialects.voiceaiwrapper.routes import (
    CAMPAIGNS,
    NOT_DIALED,
    OF_CAMPAIGNS,
    V2,
    CampaignId,
    Json,
    opened_by,
    outbound,
    success,
)
from services.api.dialects.voiceaiwrapper.settings import CampaignType, Settings
from services.api.http.auth import Caller
from services.api.http.guarded_routes import Authenticated
from services.api.http.resources import In, Now, Resources
from services.api.refusals import Refused
from shared.db import counters
from shared.db.api import voice_campaigns as rows
from shared.db.api.voice_campaigns import VoiceCampaign
from shared.db.types import Connection
from shared.dialects.voiceaiwrapper import (
    CampaignStatus,
    Kind,
    answered,
    campaign_status,
    global_id,
    number_of,
)
from shared.domain.campaigns import Command

router = APIRouter(prefix=f"{V2}{OF_CAMPAIGNS}", route_class=opened_by(CAMPAIGNS))

SECRET = "Webhook-Secret"  # noqa: S105 - the name of a header
# The word and the text of each, and from which statuses it makes sense; twice is as once.
COMMANDS: dict[Command, tuple[str, str, frozenset[CampaignStatus]]] = {
    Command.START: (
        "activate",
        "Campaign activated successfully",
        frozenset({CampaignStatus.DRAFT, CampaignStatus.ACTIVE}),
    ),
    Command.PAUSE: (
        "pause",
        "Campaign paused successfully",
        frozenset({CampaignStatus.ACTIVE, CampaignStatus.PAUSED}),
    ),
    Command.RESUME: (
        "resume",
        "Campaign resumed successfully",
        frozenset({CampaignStatus.PAUSED, CampaignStatus.ACTIVE}),
    ),
}


class CampaignQuery(BaseModel):
    """Parameters of the list; one that is not known is refused."""

    model_config = ConfigDict(extra="forbid")

    type: CampaignType | None = None
    after: Annotated[str, Query(max_length=100)] | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20


@router.post("", status_code=201)
async def create_voice_campaign(
    new: Settings, response: Response, resources: In, caller: Authenticated, now: Now
) -> Json:
    """A campaign in DRAFT. One that is INBOUND says so in its answer: it is never dialed."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        written = await voice_campaigns.create(resources, conn, caller, new, now=now)
        shown = await _shown(conn, caller, written.id)
    _tell(response, written.secret)
    return success("Campaign created successfully", _brief(shown))


@router.patch("/{campaign_id}")
async def update_voice_campaign(
    campaign_id: CampaignId,
    changes: Json,
    response: Response,
    resources: In,
    caller: Authenticated,
    *,
    now: Now,
) -> Json:
    """The fields that are given change; the result must be a possible campaign as a whole."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        written = await voice_campaigns.change(
            resources, conn, caller, campaign_id, changes, now=now
        )
        shown = await _shown(conn, caller, campaign_id)
    _tell(response, written.secret)
    return success("Campaign updated successfully", _brief(shown))


@router.get("")
async def list_voice_campaigns(
    resources: In, caller: Authenticated, query: Annotated[CampaignQuery, Query()]
) -> Json:
    """Newest first; `next` is the `after` of the next page."""
    before = None if query.after is None else number_of(Kind.CAMPAIGN, query.after) or 0
    async with resources.pool.transaction(caller.tenant_id) as conn:
        found = await rows.page(
            conn, caller.tenant_id, before=before, limit=query.limit + 1, type_=query.type
        )
    shown, more = found[: query.limit], found[query.limit :]
    return success(
        "Campaigns retrieved successfully",
        {
            "campaigns": [_brief(campaign) for campaign in shown],
            "next": global_id(Kind.CAMPAIGN, shown[-1].id) if more else None,
        },
    )


@router.get("/{campaign_id}")
async def read_voice_campaign(
    campaign_id: CampaignId, resources: In, caller: Authenticated
) -> Json:
    """The campaign with all its settings, and how many of its leads are in which state."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        return success("Campaign retrieved successfully", await _whole(conn, caller, campaign_id))


def _command_route(command: Command, message: str) -> Callable[..., Awaitable[Json]]:
    async def give_command(
        campaign_id: CampaignId, resources: In, caller: Authenticated, now: Now
    ) -> Json:
        async with resources.pool.transaction(caller.tenant_id) as conn:
            await _command(resources, conn, caller, campaign_id, command, now=now)
            return success(message, _brief(await _shown(conn, caller, campaign_id)))

    return give_command


for _given, (_word, _message, _) in COMMANDS.items():
    router.add_api_route(
        f"/{{campaign_id}}/{_word}",
        _command_route(_given, _message),
        methods=["POST"],
        name=f"{_word}_voice_campaign",
    )


async def _command(
    resources: Resources,
    conn: Connection,
    caller: Caller,
    campaign_id: int,
    command: Command,
    *,
    now: datetime,
) -> None:
    campaign, settings = await outbound(conn, caller, campaign_id)
    word, _, allowed = COMMANDS[command]
    status = campaign_status(campaign.state, campaign.wanted_state)
    if status not in allowed:
        raise Refused("command_not_allowed", f"a campaign that is {status} has no {word}")
    if command is Command.START and campaign.is_draft:
        voice_campaigns.refuse_incomplete(campaign.definition, settings, now=now)
    await campaigns.give_command(resources, caller, campaign_id, command, now=now)


def _tell(response: Response, secret: str | None) -> None:
    if secret is not None:
        response.headers.update({SECRET: secret, "Cache-Control": "no-store"})


async def _shown(conn: Connection, caller: Caller, campaign_id: int) -> VoiceCampaign:
    found = await rows.get(conn, caller.tenant_id, campaign_id)
    if found is None:
        raise not_found(CAMPAIGN_NOT_FOUND)
    return found


def _brief(found: VoiceCampaign) -> Json:
    """The four keys of VoiceAIWrapper's own answers; INBOUND: with what Outdial does not do."""
    status = CampaignStatus.DRAFT
    if found.campaign is not None:
        status = campaign_status(found.campaign.state, found.campaign.wanted_state)
    brief = {
        "campaign_id": global_id(Kind.CAMPAIGN, found.id),
        "campaign_name": found.settings["name"],
        "campaign_type": found.settings["type"],
        "campaign_status": str(status),
    }
    return brief if found.campaign is not None else brief | {"notice": NOT_DIALED}


async def _whole(conn: Connection, caller: Caller, campaign_id: int) -> Json:
    found = await _shown(conn, caller, campaign_id)
    # In the order of the document; the database keeps another one.
    settings = {
        name: found.settings[name] for name in Settings.model_fields if name not in {"name", "type"}
    }
    whole = _brief(found) | settings | {"created_at": found.created_at.isoformat()}
    if found.campaign is None:
        return whole
    values = await counters.of_campaign(conn, caller.campaign(campaign_id))
    reached = answered(voicemail_too=found.settings["consider_voicemail_as_answered"])
    return whole | {"lead_counts": lead_counts(values, reached)}
