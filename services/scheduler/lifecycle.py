"""Moves campaigns to the states that their owners want, and completes those without work left."""

import logging
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

from shared.db import campaign_runs, counters, locks, public_events, tenants, waiting_counts
from shared.db.calling_groups import Group
from shared.db.campaign_runs import UnsettledCampaign
from shared.db.policies import Policies
from shared.db.scheduler import completion, given_up
from shared.db.scheduler.given_up import GivenUpContact
from shared.db.types import Connection, Pool
from shared.domain.campaigns import CampaignKey, CampaignState, follows
from shared.domain.outcomes import Outcome
from shared.kafka.messages.commands import CampaignCommand
from shared.kafka.messages.public import CampaignChanged, CampaignChangedData
from shared.rulepacks.rulebook import RuleBook
from shared.runtime.metrics import CAMPAIGNS_MOVED

logger = logging.getLogger(__name__)

# The first zone in which a date begins is 14 hours ahead of UTC.
EARLIEST_DAY = timedelta(hours=14)
EXPIRE_MOST = 5_000


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """A command settles one campaign; the sweep settles all, also after a lost command."""

    pool: Pool
    rulebook: RuleBook
    policies: Policies = field(default_factory=Policies)

    async def on_commands(self, commands: list[CampaignCommand], *, now: datetime) -> None:
        for campaign in {command.data.campaign for command in commands}:
            await self._settle(campaign, now=now)

    async def run_once(self, now: datetime) -> bool:
        async with self.pool.acquire() as conn:
            open_campaigns = await campaign_runs.unsettled(conn)
        more = False
        for campaign in open_campaigns:
            more = await self._settle(campaign, now=now) or more
        return more

    async def _settle(self, key: CampaignKey, *, now: datetime) -> bool:
        """Return whether there are more contacts to give up in this campaign."""
        async with self.pool.acquire() as conn, conn.transaction():
            campaign = await campaign_runs.lock_unsettled(conn, self.policies, key)
            if campaign is None:
                return False
            state = follows(
                campaign.state, campaign.wanted_state, started=_has_begun(campaign, now=now)
            )
            events = []
            if state is not campaign.state:
                events.append(await _move(conn, campaign, state, now=now))
            more = False
            if state is CampaignState.RUNNING:
                more = await self._finish(conn, campaign, events, now=now)
            await public_events.add(conn, events)
            return more

    async def _finish(
        self,
        conn: Connection,
        campaign: UnsettledCampaign,
        events: list[CampaignChanged],
        *,
        now: datetime,
    ) -> bool:
        """Complete a campaign if no attempt is live and no contact can still be called."""
        if not await locks.try_exclude_imports(conn, campaign.id):
            return False
        left = await completion.remainder(conn, campaign.key)
        if left.has_live_attempts:
            return False
        if not all(self._is_over(campaign, group, now=now) for group in left.waiting):
            return False
        finished: list[GivenUpContact] = []
        for group in left.waiting:
            outcome = Outcome.OUT_OF_TIME if group.calling.zones else Outcome.EXCLUDED
            finished += await given_up.give_up(
                conn,
                campaign.key,
                group.id,
                outcome=outcome,
                limit=EXPIRE_MOST - len(finished),
            )
        await _count(conn, finished)
        if left.waiting:
            # Another transaction may lock a contact: a later sweep completes the campaign.
            return bool(finished)
        if left.has_contacts:
            events.append(await _move(conn, campaign, CampaignState.COMPLETED, now=now))
        return False

    def _is_over(self, campaign: UnsettledCampaign, group: Group, *, now: datetime) -> bool:
        rules = self.rulebook.rules(campaign.policy, group.calling)
        return rules.opening(now=now) is None

    async def expire(self, now: datetime) -> bool:
        """Finish the contacts whose requests have expired, tenant by tenant."""
        more = False
        for tenant_id in await tenants.with_expired_contacts(self.pool, now=now):
            async with self.pool.acquire() as conn, conn.transaction():
                expired = await given_up.expire(
                    conn, tenant_id=tenant_id, now=now, limit=EXPIRE_MOST
                )
                await _count(conn, expired)
            more = more or len(expired) == EXPIRE_MOST
        return more


async def _count(conn: Connection, finished: list[GivenUpContact]) -> None:
    """Count them; only the public events come later in the transaction (shared/db/locks.py)."""
    ends = Counter((contact.campaign, counters.FINISHED + contact.outcome) for contact in finished)
    await counters.add(conn, [(campaign, name, count) for (campaign, name), count in ends.items()])
    await waiting_counts.add(conn, [(contact.bucket, -1) for contact in finished])


def _has_begun(campaign: UnsettledCampaign, *, now: datetime) -> bool:
    start = campaign.policy.rules.calendar.start_date
    return start is None or now >= datetime.combine(start, time(), UTC) - EARLIEST_DAY


async def _move(
    conn: Connection, campaign: UnsettledCampaign, state: CampaignState, *, now: datetime
) -> CampaignChanged:
    await campaign_runs.move(conn, campaign.key, state, at=now)
    data = CampaignChangedData(tenant_id=campaign.tenant_id, campaign_id=campaign.id, state=state)
    CAMPAIGNS_MOVED.labels(state).inc()
    logger.info("campaign moved", extra={"campaign_id": campaign.id, "state": str(state)})
    return CampaignChanged.of(data, at=now)
