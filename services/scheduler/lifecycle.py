"""Moves campaigns to the state that their owners want, and ends those that are done."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from services.scheduler.openings import Openings
from shared.db import campaign_groups, campaign_runs, contacts, counters, outbox
from shared.db.campaign_runs import Unsettled
from shared.db.types import Connection, Pool
from shared.definitions.campaign import calendar_of
from shared.domain.campaigns import CampaignState, follows
from shared.domain.outcomes import Outcome
from shared.messages import CampaignChanged, CampaignCommand, ChangedCampaign
from shared.metrics import CAMPAIGNS_MOVED

logger = logging.getLogger(__name__)

# The first zone in which a date begins is 14 hours ahead of UTC.
EARLIEST_DAY = timedelta(hours=14)
EXPIRE_MOST = 5_000


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """A command wakes it for one campaign; the sweep finds what a lost command left."""

    pool: Pool
    openings: Openings

    async def on_commands(self, commands: list[CampaignCommand], *, now: datetime) -> None:
        for campaign_id in {command.data.campaign_id for command in commands}:
            await self._settle(campaign_id, now=now)

    async def run_once(self, now: datetime) -> bool:
        async with self.pool.acquire() as conn:
            open_campaigns = await campaign_runs.unsettled(conn)
        more = False
        for campaign_id in open_campaigns:
            more = await self._settle(campaign_id, now=now) or more
        return more

    async def _settle(self, campaign_id: int, *, now: datetime) -> bool:
        """Whether there is more to give up in this campaign."""
        async with self.pool.acquire() as conn, conn.transaction():
            campaign = await campaign_runs.lock_unsettled(conn, campaign_id)
            if campaign is None:
                return False
            state = follows(
                campaign.state, campaign.wanted_state, started=_has_begun(campaign, now=now)
            )
            if state is not campaign.state:
                await _move(conn, campaign, state, now=now)
            if state is not CampaignState.RUNNING:
                return False
            return await self._finish(conn, campaign, now=now)

    async def _finish(self, conn: Connection, campaign: Unsettled, *, now: datetime) -> bool:
        """Complete a campaign of which no contact is live or can be called any more."""
        if not await campaign_runs.try_exclude_imports(conn, campaign.id):
            return False
        live, waiting = await campaign_groups.unfinished(conn, campaign.id)
        if live:
            return False
        over = [
            group
            for group in waiting
            if self.openings.span(campaign.definition, group.zones, now=now) is None
        ]
        if len(over) < len(waiting):
            return False
        for group in over:
            outcome = Outcome.OUT_OF_TIME if group.zones else Outcome.EXCLUDED
            given_up = await contacts.give_up(
                conn, campaign.id, group.id, outcome=outcome, limit=EXPIRE_MOST
            )
            name = counters.FINISHED + outcome
            await counters.add(conn, [(campaign.id, name, given_up)])
            if given_up == EXPIRE_MOST:
                return True
        if await contacts.any_in(conn, campaign.id):
            await _move(conn, campaign, CampaignState.COMPLETED, now=now)
        return False


def _has_begun(campaign: Unsettled, *, now: datetime) -> bool:
    start = calendar_of(campaign.definition).start_date
    return start is None or now >= datetime.combine(start, time(), UTC) - EARLIEST_DAY


async def _move(
    conn: Connection, campaign: Unsettled, state: CampaignState, *, now: datetime
) -> None:
    await campaign_runs.move(conn, campaign.id, state, at=now)
    data = ChangedCampaign(tenant_id=campaign.tenant_id, campaign_id=campaign.id, state=state)
    message = CampaignChanged(time=now, partitionkey=str(campaign.id), data=data)
    await outbox.add(conn, [message])
    CAMPAIGNS_MOVED.labels(state).inc()
    logger.info("campaign moved", extra={"campaign_id": campaign.id, "state": str(state)})
