"""Why the pending contacts of a campaign wait, from the counts of waiting contacts."""

from dataclasses import dataclass
from datetime import datetime

from services.api.http.auth import Caller
from services.api.http.resources import Resources
from services.api.refusals import not_found
from shared.db import calling_groups
from shared.db.api import waiting, why
from shared.db.calling_groups import CallingGroups
from shared.domain.capacity.trunk_health import Outage
from shared.domain.decision.campaign_waits import CampaignHours, WaitReason, explain
from shared.domain.spend import SpendCeiling, reached


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignWhy:
    """`outages` are those of its trunks; its contacts wait for them only if all are down."""

    campaign_id: int
    stopped: str | None
    outages: list[Outage]
    spend: SpendCeiling | None
    waiting: list[WaitReason]
    at: datetime


async def of_campaign(
    resources: Resources, caller: Caller, campaign_id: int, *, now: datetime
) -> CampaignWhy:
    """Counts are read, not contacts: the cost does not grow with the number of contacts."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        campaign = await why.campaign(
            conn,
            resources.policies,
            tenant_id=caller.tenant_id,
            campaign_id=campaign_id,
            now=now,
        )
        if campaign is None:
            raise not_found("campaign")
        buckets = await waiting.by_bucket(conn, caller.campaign(campaign_id), now=now)
        in_calls = await waiting.in_calls(conn, caller.campaign(campaign_id), now=now)
        no_caller_id = await why.no_caller_id(conn, campaign, now=now)
        # After the counts, so that no group of theirs is missing.
        by_campaign = await calling_groups.of_campaigns(
            conn, [caller.campaign(campaign_id)], CallingGroups()
        )
    # None, if the draft was deleted after its contacts were counted.
    groups = by_campaign.get(campaign_id, [])
    calling = {group.id: group.calling for group in groups}
    hours = CampaignHours(
        tenant_id=campaign.tenant_id,
        stopped=campaign.stopped,
        blackouts=campaign.blackouts,
        now=now,
        in_calls=in_calls,
        outages=campaign.stopping_outages(now=now),
        no_caller_id=no_caller_id,
        spend=reached(campaign.spend),
    )
    reasons = explain(
        hours,
        [counted for counted in buckets if counted[0].calling_group_id in calling],
        lambda group_id: resources.rulebook.rules(campaign.policy, calling[group_id]),
    )
    return CampaignWhy(
        campaign_id=campaign_id,
        stopped=hours.stopped,
        outages=[outage.seen(now=now) for outage in campaign.outages if outage is not None],
        spend=hours.spend,
        waiting=reasons,
        at=now,
    )
