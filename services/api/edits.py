"""What the owner changes of a campaign that exists: one row, however many contacts it has."""

from dataclasses import replace
from datetime import datetime

from pydantic import ValidationError

from services.api.campaigns import refuse_never_open
from services.api.http.auth import Caller
from services.api.http.resources import Resources
from services.api.refusals import InvalidField, Refused, campaign_ended, not_found
from shared.db.api import campaigns
from shared.db.api.campaigns import Campaign
from shared.definitions.campaign import CampaignDefinition
from shared.definitions.edit import CampaignEdit


async def edit(
    resources: Resources, caller: Caller, campaign_id: int, wanted: CampaignEdit, *, now: datetime
) -> Campaign:
    """Scheduler and dialer read the definition with each look: from the commit on it holds."""
    async with resources.pool.acquire() as conn, conn.transaction():
        campaign = await campaigns.lock(conn, tenant_id=caller.tenant_id, campaign_id=campaign_id)
        if campaign is None:
            raise not_found()
        if campaign.is_over:
            raise campaign_ended()
        definition = _edited(campaign, wanted)
        if definition == campaign.definition:
            return campaign
        # A campaign whose dates are over may still be called by another name.
        if wanted.calendar is not None:
            refuse_never_open(definition, now=now)
        await campaigns.edit(conn, campaign_id, definition, api_key_id=caller.api_key_id)
    return replace(campaign, name=definition.name, definition=definition)


def _edited(campaign: Campaign, wanted: CampaignEdit) -> CampaignDefinition:
    try:
        return wanted.edited(campaign.definition)
    except ValidationError as error:
        errors = [
            InvalidField(
                code=fault["type"],
                detail=fault["msg"].removeprefix("Value error, "),
                field=fault["loc"],
            )
            for fault in error.errors(include_url=False, include_input=False)
        ]
        raise Refused("invalid", "the request is not valid", errors=errors) from None
