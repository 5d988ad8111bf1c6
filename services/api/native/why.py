"""Routes that say why: a contact, an attempt, and what the contacts of a campaign wait for."""

from uuid import UUID

from fastapi import APIRouter

from services.api import why as acts
from services.api.http.paging import Id
from services.api.http.resources import In, Now
from services.api.native.auth import Authenticated
from services.api.native.problems import documented
from services.api.native.waiting_models import CampaignWhyView
from services.api.native.why_models import AttemptWhyView, ContactWhyView

router = APIRouter(tags=["why"], responses=documented(401, 404, 422))


@router.get("/contacts/{contact_id}/why")
async def explain_contact(
    contact_id: Id, resources: In, caller: Authenticated, now: Now
) -> ContactWhyView:
    """Whether it may be called now, all that forbids it, and when it may be called next."""
    return ContactWhyView.of(await acts.of_contact(resources, caller, contact_id, now=now))


@router.get("/attempts/{attempt_id}/why")
async def explain_attempt(
    attempt_id: UUID, resources: In, caller: Authenticated, now: Now
) -> AttemptWhyView:
    """By which rules it was allowed, or by which it was stopped, and the contact's why now."""
    return AttemptWhyView.of(await acts.of_attempt(resources, caller, attempt_id, now=now))


@router.get("/campaigns/{campaign_id}/why")
async def explain_campaign(
    campaign_id: Id, resources: In, caller: Authenticated, now: Now
) -> CampaignWhyView:
    """How many pending contacts wait for what, and when the next ones may be called."""
    return CampaignWhyView.of(await acts.of_campaign(resources, caller, campaign_id, now=now))
