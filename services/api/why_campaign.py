"""Why the pending contacts of a campaign wait, from the counts of waiting contacts."""

from dataclasses import dataclass
from datetime import datetime

from services.api.http.auth import Caller
from services.api.http.resources import Resources
from services.api.refusals import not_found
from shared.db import calling_groups
from shared.db.api import why
from shared.domain.decision.campaign_waits import CampaignHours, WaitReason, explain


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignWhy:
    campaign_id: int
    stopped: str | None
    waiting: dict[WaitReason, int]
    at: datetime


async def of_campaign(
    resources: Resources, caller: Caller, campaign_id: int, *, now: datetime
) -> CampaignWhy:
    """Counts are read, not contacts: the cost does not grow with the number of contacts."""
    async with resources.pool.acquire() as conn:
        campaign = await why.campaign(
            conn, tenant_id=caller.tenant_id, campaign_id=campaign_id, now=now
        )
        if campaign is None:
            raise not_found()
        buckets = await why.waiting(conn, caller.campaign(campaign_id), now=now)
        # After the counts, so that no group of theirs is missing.
        by_campaign = await calling_groups.of_campaigns(conn, [caller.campaign(campaign_id)])
    groups = by_campaign.get(campaign_id, [])
    calling = {group.id: group.calling for group in groups}
    hours = CampaignHours(
        tenant_id=campaign.tenant_id,
        stopped=campaign.stopped,
        blackouts=campaign.blackouts,
        now=now,
    )
    waiting = explain(
        hours,
        buckets,
        lambda group_id: resources.rulebook.rules(campaign.policy, calling[group_id]),
    )
    return CampaignWhy(campaign_id=campaign_id, stopped=hours.stopped, waiting=waiting, at=now)
