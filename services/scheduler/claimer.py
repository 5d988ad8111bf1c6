"""Claims due contacts of running campaigns and hands the attempts to the dialers.

The same read of the live attempts shows which are overdue, many times a second.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from faststream.kafka import KafkaBroker

from services.scheduler.campaign_claim import Claims, OpenGroup
from services.scheduler.due import publish_due
from services.scheduler.pool_rooms import PoolRooms
from services.scheduler.rescuer import Rescuer
from services.scheduler.turns import Turns
from services.scheduler.usage import Usage
from shared.db import blackouts, calling_groups, campaign_runs
from shared.db.calling_groups import CallingGroups
from shared.db.campaign_runs import RunningCampaign
from shared.db.policies import Policies
from shared.db.scheduler import given_up, live_attempts
from shared.db.scheduler.claims import ClaimedAttempt
from shared.db.types import Connection, Pool
from shared.domain.campaigns import CampaignKey
from shared.domain.capacity.scopes import NO_CAPS, Caps
from shared.domain.spend import reached
from shared.runtime import traces
from shared.runtime.failpoints import Failpoint, passing
from shared.runtime.metrics import ATTEMPTS_CLAIMED, CAMPAIGNS_AT_SPEND_CEILING

logger = logging.getLogger(__name__)

# The most that one statement claims: with more its latency grows and the rate does not.
CLAIM_MOST = 1_000


@dataclass(frozen=True, slots=True)
class Pass:
    """The state that one pass works on, read at its beginning.

    `opened` has the groups that each campaign may call now whose turn it is, `callbacks` the
    campaigns with a callback that is due, and `rooms` the calls that capped number pools allow.
    `traces` are those of the campaigns' last commands, where spans are recorded.
    """

    running: list[RunningCampaign]
    usage: Usage
    opened: dict[int, list[OpenGroup]]
    callbacks: set[int]
    overdue: bool
    rooms: PoolRooms
    traces: Mapping[CampaignKey, str | None]


@dataclass(frozen=True, slots=True)
class Claimer:
    """`run_once` gives each running campaign its share of what the caps leave free."""

    pool: Pool
    broker: KafkaBroker
    claims: Claims
    rescuer: Rescuer
    installation: Caps = NO_CAPS
    policies: Policies = field(default_factory=Policies)
    groups: CallingGroups = field(default_factory=CallingGroups)
    turns: Turns = field(default_factory=Turns)

    async def run_once(self, now: datetime) -> bool:
        """Claim what the caps leave free; True when there may be more to do at once."""
        async with self.pool.acquire() as conn:
            observed = await self._observe(conn, now=now)
        more = observed.overdue and await self.rescuer.run_once(now)
        publishing: list[asyncio.Task[None]] = []
        try:
            async for claimed in self._claim_by_share(observed, now=now):
                campaign = CampaignKey(claimed[0].tenant_id, claimed[0].campaign_id)
                link = observed.traces.get(campaign)
                publishing.append(asyncio.create_task(self._publish(claimed, link=link, now=now)))
                more = more or len(claimed) == CLAIM_MOST
        finally:
            # Also after a claim that failed: committed attempts are published, and no task is left.
            published = await asyncio.gather(*publishing, return_exceptions=True)
        for error in published:
            if error is not None:
                raise error
        return more

    async def _claim_by_share(
        self, observed: Pass, *, now: datetime
    ) -> AsyncIterator[list[ClaimedAttempt]]:
        """Claim by shares; the rest of a share that a campaign does not use goes to the others.

        Each round claims for a campaign or finds one without work, so the rounds end, and
        campaigns that only wait keep no other campaign waiting. A campaign whose trunk has become
        full goes by its next trunk in the next round.
        """
        hungry = {
            campaign.id: campaign
            for campaign in observed.running
            if observed.opened.get(campaign.id) and observed.rooms.of(campaign)
        }
        while shares := observed.usage.shares(list(hungry.values())):
            for campaign, share in shares:
                id_, limit = campaign.id, min(CLAIM_MOST, share, observed.rooms.of(campaign))
                if not limit:
                    del hungry[id_]
                    continue
                result = await self.claims.take(
                    campaign,
                    observed.opened[id_],
                    limit=limit,
                    callbacks=id_ in observed.callbacks,
                    now=now,
                )
                observed.usage.note(campaign, len(result.claimed))
                observed.rooms.note(campaign, len(result.claimed))
                if result.claimed:
                    yield result.claimed
                # A campaign that claimed a whole statement claims again in the next pass.
                if not result.claimed or not result.more or limit == CLAIM_MOST:
                    del hungry[id_]

    async def _observe(self, conn: Connection, *, now: datetime) -> Pass:
        running = await campaign_runs.running(conn, self.policies)
        tenants = {campaign.tenant_id for campaign in running}
        keys = [campaign.key for campaign in running]
        live = await live_attempts.by_campaign(conn, tenants, now=now)
        looked = self.turns.next(running)
        groups = await calling_groups.of_campaigns(
            conn, [campaign.key for campaign in looked], self.groups
        )
        self.turns.note({id_: len(own) for id_, own in groups.items()})
        at_ceiling = sum(reached(campaign.spend) is not None for campaign in running)
        CAMPAIGNS_AT_SPEND_CEILING.set(at_ceiling)
        shut = await blackouts.in_force(conn, tenant_ids=tenants)
        return Pass(
            running=running,
            usage=Usage.of(live, running, self.installation, now=now),
            opened={
                campaign.id: self.claims.opened(
                    campaign, groups.get(campaign.id, []), shut, now=now
                )
                for campaign in looked
            },
            callbacks=await given_up.callbacks_due(conn, keys, now=now),
            overdue=any(attempts.overdue for attempts in live.values()),
            rooms=await PoolRooms.read(conn, running, live),
            traces=await campaign_runs.traceparents(conn, keys) if traces.records_spans() else {},
        )

    async def _publish(
        self, claimed: list[ClaimedAttempt], *, link: str | None, now: datetime
    ) -> None:
        """Publish what one statement claimed. It is a trace of its own, which names its start."""
        ATTEMPTS_CLAIMED.inc(len(claimed))
        passing(Failpoint.AFTER_CLAIM)
        noted = {"outdial.campaign_id": claimed[0].campaign_id, "outdial.attempts": len(claimed)}
        with traces.step("publish", None, kind="producer", link=link, attributes=noted):
            await publish_due(self.broker, claimed, at=now)
        for attempt in claimed:
            if attempt.traceparent is not None:
                _trace(attempt)
        passing(Failpoint.AFTER_PUBLISH)


def _trace(attempt: ClaimedAttempt) -> None:
    attempt_id = str(attempt.id)
    with traces.step("claim", attempt.traceparent, attributes={"outdial.attempt_id": attempt_id}):
        logger.info("attempt claimed", extra={"attempt_id": attempt_id})
