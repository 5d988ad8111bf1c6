"""Routes of campaigns: create, read, command, count."""

from typing import Annotated

from fastapi import APIRouter, Body, Query, Response

from services.api import campaigns as acts
from services.api import edits
from services.api.http.paging import Cursor, Id, Limit, id_of
from services.api.http.resources import In, Now
from services.api.native.auth import Authenticated
from services.api.native.models import (
    AttemptCounts,
    CampaignPage,
    CampaignView,
    ContactCounts,
    CountersView,
    CreatedCampaign,
    WebhookSecret,
)
from services.api.native.problems import documented
from shared.db import counters
from shared.db.api import campaigns
from shared.definitions.campaign import CampaignDefinition
from shared.definitions.edit import CampaignEdit
from shared.domain.campaigns import CampaignState, Command

EXAMPLE = {
    "name": "Appointment reminders",
    "caller_id": "+12025550100",
    "calendar": {
        "windows": [
            {"days": ["mon", "tue", "wed", "thu", "fri"], "start": "09:00", "end": "20:00"}
        ],
        "end_date": "2027-06-30",
    },
    "default_region": "US",
    "attempts": {
        "max_total": 3,
        "max_per_day": 2,
        "retry": {"busy": {"delay_seconds": 600}, "no_answer": {"delay_seconds": 7200}},
    },
    "caps": {"max_concurrent": 50, "calls_per_second": 20},
    "webhook": {"url": "https://example.com/outdial"},
}

EDIT_EXAMPLE = {
    "caps": {"max_concurrent": 10},
    "calendar": {"windows": [{"days": ["mon", "tue"], "start": "10:00", "end": "16:00"}]},
}

router = APIRouter(tags=["campaigns"], responses=documented(401, 422))


@router.post("/campaigns", status_code=201, responses=documented(400, 413))
async def create_campaign(
    definition: Annotated[CampaignDefinition, Body(examples=[EXAMPLE])],
    response: Response,
    resources: In,
    caller: Authenticated,
    now: Now,
) -> CreatedCampaign:
    """A campaign in `draft`. The secret of its webhook is shown in this answer only."""
    created = await acts.create(resources, caller, definition, now=now)
    response.headers["Location"] = f"/v1/campaigns/{created.campaign.id}"
    webhook = None
    if definition.webhook is not None and created.secret is not None:
        webhook = WebhookSecret(url=definition.webhook.url, secret=created.secret)
    view = CampaignView.of(created.campaign)
    return CreatedCampaign(**dict(view), webhook=webhook)


@router.get("/campaigns")
async def list_campaigns(
    resources: In,
    caller: Authenticated,
    limit: Limit = 100,
    cursor: Cursor = None,
    state: Annotated[CampaignState | None, Query()] = None,
) -> CampaignPage:
    """Newest first."""
    async with resources.pool.acquire() as conn:
        found = await campaigns.page(
            conn, tenant_id=caller.tenant_id, state=state, before=id_of(cursor), limit=limit
        )
    return CampaignPage(
        campaigns=[CampaignView.of(campaign) for campaign in found],
        next_cursor=str(found[-1].id) if len(found) == limit else None,
    )


@router.get("/campaigns/{campaign_id}", responses=documented(404))
async def read_campaign(campaign_id: Id, resources: In, caller: Authenticated) -> CampaignView:
    async with resources.pool.acquire() as conn:
        return CampaignView.of(await acts.owned(conn, caller, campaign_id))


@router.patch("/campaigns/{campaign_id}", responses=documented(400, 404, 409, 413))
async def edit_campaign(
    campaign_id: Id,
    edit: Annotated[CampaignEdit, Body(examples=[EDIT_EXAMPLE])],
    resources: In,
    caller: Authenticated,
    now: Now,
) -> CampaignView:
    """Each part that is given replaces the whole part before it, at once, also while it runs.

    What was claimed under the old definition is dialed only if the new one allows it.
    """
    return CampaignView.of(await edits.edit(resources, caller, campaign_id, edit, now=now))


@router.post("/campaigns/{campaign_id}/start", status_code=202, responses=documented(404, 409))
async def start_campaign(
    campaign_id: Id, resources: In, caller: Authenticated, now: Now
) -> CampaignView:
    """Contacts may be called from now on, inside their windows."""
    campaign = await acts.command(resources, caller, campaign_id, Command.START, now=now)
    return CampaignView.of(campaign)


@router.post("/campaigns/{campaign_id}/pause", status_code=202, responses=documented(404, 409))
async def pause_campaign(
    campaign_id: Id, resources: In, caller: Authenticated, now: Now
) -> CampaignView:
    """No new call is placed; those that are up go on."""
    campaign = await acts.command(resources, caller, campaign_id, Command.PAUSE, now=now)
    return CampaignView.of(campaign)


@router.post("/campaigns/{campaign_id}/resume", status_code=202, responses=documented(404, 409))
async def resume_campaign(
    campaign_id: Id, resources: In, caller: Authenticated, now: Now
) -> CampaignView:
    """After a pause, go on."""
    campaign = await acts.command(resources, caller, campaign_id, Command.RESUME, now=now)
    return CampaignView.of(campaign)


@router.post("/campaigns/{campaign_id}/cancel", status_code=202, responses=documented(404, 409))
async def cancel_campaign(
    campaign_id: Id, resources: In, caller: Authenticated, now: Now
) -> CampaignView:
    """No new call is placed, for good."""
    campaign = await acts.command(resources, caller, campaign_id, Command.CANCEL, now=now)
    return CampaignView.of(campaign)


@router.get("/campaigns/{campaign_id}/counters", responses=documented(404))
async def read_counters(campaign_id: Id, resources: In, caller: Authenticated) -> CountersView:
    """Added up in the transaction of each fact; all of one moment."""
    async with resources.pool.acquire() as conn:
        await acts.owned(conn, caller, campaign_id)
        return _counted(await counters.of_campaign(conn, campaign_id))


def _counted(values: dict[str, int]) -> CountersView:
    outcomes = _named(values, counters.OUTCOME)
    finished = _named(values, counters.FINISHED)
    contact_total = values.get(counters.CONTACTS, 0)
    attempt_total = values.get(counters.ATTEMPTS, 0)
    dropped = values.get(counters.DROPPED, 0)
    ended, done = sum(outcomes.values()), sum(finished.values())
    live = attempt_total - dropped - ended
    return CountersView(
        contacts=ContactCounts(
            total=contact_total, pending=contact_total - done - live, active=live, finished=done
        ),
        attempts=AttemptCounts(total=attempt_total, live=live, ended=ended, dropped=dropped),
        outcomes=outcomes,
        finished=finished,
    )


def _named(values: dict[str, int], prefix: str) -> dict[str, int]:
    return {
        name.removeprefix(prefix): value
        for name, value in sorted(values.items())
        if name.startswith(prefix) and value
    }
