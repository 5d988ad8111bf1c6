"""Moves campaigns to the states that their owners want, completes and clears those without work."""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

from shared.db import campaign_runs, counters, locks, public_events, tenants, waiting_counts
from shared.db.calling_groups import Group
from shared.db.campaign_runs import UnsettledCampaign
from shared.db.policies import Policies
from shared.db.scheduler import completion, given_up
from shared.db.scheduler.completion import Remainder
from shared.db.scheduler.given_up import GivenUpContact
from shared.db.types import Connection, Pool
from shared.domain.campaigns import CampaignKey, CampaignState, follows
from shared.domain.decision.reachability import is_over_everywhere, unreachable
from shared.domain.outcomes import Outcome
from shared.domain.reasons import Reason
from shared.kafka.messages.commands import CampaignCommand
from shared.kafka.messages.public import CampaignChanged, CampaignChangedData
from shared.rulepacks.rulebook import RuleBook
from shared.runtime import traces
from shared.runtime.metrics import CAMPAIGNS_MOVED
from shared.runtime.traces import Attributes

logger = logging.getLogger(__name__)

# The first zone in which a date begins is 14 hours ahead of UTC.
EARLIEST_DAY = timedelta(hours=14)
# Those of contacts that are given up; for every other reason their time is over.
OUTCOMES = {Reason.UNKNOWN_ZONE: Outcome.EXCLUDED, Reason.CANCELLED: Outcome.CANCELLED}
# Contacts that one transaction finishes.
FINISH_MOST = 5_000
# Groups that a sweep reads of a campaign before it reads all of them.
GROUPS_FIRST = 20


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
                events.append(await _move(conn, campaign, campaign.state, state, now=now))
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
        """Complete a campaign if no attempt is live, no contact can still be called, and all ends
        are told.
        """
        if not await locks.try_exclude_imports(conn, campaign.id):
            return False
        # Nearly always one of the first groups shows that the campaign goes on.
        left = await completion.remainder(conn, campaign.key, most_groups=GROUPS_FIRST)
        has_several = await given_up.has_several(conn, campaign.key)
        may_end = self._may_end(campaign, left, now=now)
        if len(left.waiting) == GROUPS_FIRST and (may_end or has_several):
            left = await completion.remainder(conn, campaign.key)
            may_end = self._may_end(campaign, left, now=now)
        if has_several and await self._go_on(conn, campaign, left.waiting, now=now):
            return True
        if not may_end:
            return False
        finished = 0
        for group in left.waiting:
            if finished < FINISH_MOST:
                reason = self._why_over(campaign, group, now=now)
                finished += await _give_up(
                    conn, campaign.key, [group], reason, most=FINISH_MOST - finished
                )
        if left.waiting:
            # Another transaction may lock a contact: a later sweep completes the campaign.
            return bool(finished)
        if left.has_untold_ends or _stays_open(campaign, now=now):
            return False
        events.append(
            await _move(conn, campaign, CampaignState.RUNNING, CampaignState.COMPLETED, now=now)
        )
        return False

    async def _go_on(
        self,
        conn: Connection,
        campaign: UnsettledCampaign,
        waiting: Sequence[Group],
        *,
        now: datetime,
    ) -> bool:
        """Let contacts go on from numbers whose hours are over to others that have some left."""
        ids = [group.id for group in waiting if self._is_over(campaign, group, now=now)]
        further = await given_up.further_groups(conn, campaign.key, ids) if ids else []
        left = [group.id for group in further if not self._is_over(campaign, group, now=now)]
        if not left:
            return False
        moved = await given_up.go_on(conn, campaign.key, ids, left, limit=FINISH_MOST)
        await waiting_counts.add(
            conn, [change for gone, come in moved for change in ((gone, -1), (come, 1))]
        )
        return bool(moved)

    def _may_end(self, campaign: UnsettledCampaign, left: Remainder, *, now: datetime) -> bool:
        if left.has_live_attempts or left.has_open_import:
            return False
        return all(self._is_over(campaign, group, now=now) for group in left.waiting)

    def _is_over(self, campaign: UnsettledCampaign, group: Group, *, now: datetime) -> bool:
        rules = self.rulebook.rules(campaign.policy, group.calling)
        return rules.opening(now=now) is None

    def _why_over(self, campaign: UnsettledCampaign, group: Group, *, now: datetime) -> Reason:
        found = unreachable(self.rulebook.rules(campaign.policy, group.calling), now=now)
        return Reason.ENDED if found is None else found.reason

    async def clear(self, now: datetime) -> bool:
        """Finish the contacts of cancelled campaigns, some at a time: also those whose last
        attempt ends after the campaign.
        """
        async with self.pool.acquire() as conn:
            cancelled = await campaign_runs.uncleared(conn)
        more = False
        for campaign in cancelled:
            more = await self._clear(campaign, now=now) or more
        return more

    async def _clear(self, campaign: CampaignKey, *, now: datetime) -> bool:
        """Return whether there are more contacts to finish in this campaign."""
        async with self.pool.acquire() as conn, conn.transaction():
            # An import that began before the cancel may still add contacts.
            if not await locks.try_exclude_imports(conn, campaign.campaign_id):
                return False
            left = await completion.remainder(conn, campaign)
            finished = await _give_up(
                conn, campaign, left.waiting, Reason.CANCELLED, most=FINISH_MOST
            )
            if not left.waiting and not left.has_live_attempts:
                await campaign_runs.note_cleared(conn, campaign, at=now)
        return finished == FINISH_MOST

    async def expire(self, now: datetime) -> bool:
        """Finish the contacts whose requests have expired, tenant by tenant."""
        more = False
        for tenant_id in await tenants.with_expired_contacts(self.pool, now=now):
            async with self.pool.acquire() as conn, conn.transaction():
                expired = await given_up.expire(
                    conn, tenant_id=tenant_id, now=now, limit=FINISH_MOST
                )
                await _count(conn, expired)
            more = more or len(expired) == FINISH_MOST
        return more


async def _give_up(
    conn: Connection, campaign: CampaignKey, groups: Sequence[Group], reason: Reason, *, most: int
) -> int:
    """Finish up to `most` pending contacts of these groups; returns how many."""
    finished = await given_up.give_up(
        conn,
        campaign,
        [group.id for group in groups],
        outcome=OUTCOMES.get(reason, Outcome.OUT_OF_TIME),
        reason=reason,
        limit=most,
    )
    await _count(conn, finished)
    return len(finished)


async def _count(conn: Connection, finished: list[GivenUpContact]) -> None:
    """Count them; only the public events come later in the transaction (shared/db/locks.py)."""
    ends = Counter((contact.campaign, counters.FINISHED + contact.outcome) for contact in finished)
    await counters.add(conn, [(campaign, name, count) for (campaign, name), count in ends.items()])
    await waiting_counts.add(conn, [(contact.bucket, -1) for contact in finished])


def _stays_open(campaign: UnsettledCampaign, *, now: datetime) -> bool:
    """Whether it waits for more contacts, which could still be called."""
    calendar = campaign.policy.rules.calendar
    return campaign.policy.definition.keep_open and not is_over_everywhere(calendar, now=now)


def _has_begun(campaign: UnsettledCampaign, *, now: datetime) -> bool:
    start = campaign.policy.rules.calendar.start_date
    return start is None or now >= datetime.combine(start, time(), UTC) - EARLIEST_DAY


async def _move(
    conn: Connection,
    campaign: UnsettledCampaign,
    before: CampaignState,
    state: CampaignState,
    *,
    now: datetime,
) -> CampaignChanged:
    data = CampaignChangedData(
        tenant_id=campaign.tenant_id,
        campaign_id=campaign.id,
        state=state,
        previous_state=before,
    )
    noted: Attributes = {"outdial.campaign_id": campaign.id, "outdial.state": str(state)}
    with traces.step("move campaign", campaign.traceparent, attributes=noted) as step:
        await campaign_runs.move(conn, campaign.key, state, at=now)
        logger.info("campaign moved", extra={"campaign_id": campaign.id, "state": str(state)})
    CAMPAIGNS_MOVED.labels(state).inc()
    return CampaignChanged.of(data, at=now).traced(step.traceparent)
