"""Claims due contacts of running campaigns and hands the attempts to the dialers.

What nobody dialed in time is found by the same look at the live attempts, many times a second.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from faststream.kafka import KafkaBroker

from services.scheduler.openings import Openings
from services.scheduler.rescuer import Rescuer
from shared.broker import publish
from shared.db import attempts, campaign_groups, campaign_runs, counters
from shared.db.attempts import Claimed, Live
from shared.db.campaign_groups import Group
from shared.db.campaign_runs import Run
from shared.db.types import Pool
from shared.definitions.campaign import parse_definition
from shared.domain.claiming import Caps, claim_limit
from shared.domain.zones import tzdata_version
from shared.failpoints import Failpoint, passing
from shared.messages import attempt_due
from shared.metrics import ATTEMPTS_CLAIMED

# One statement's worth: above it the statement's latency grows and the rate does not.
CLAIM_MOST = 1_000
NO_CAPS = Caps(None, None)
IDLE = Live(claimed=0, dialed=0, overdue=0)


@dataclass(slots=True)
class Usage:
    """Calls up per scope, counted from the live attempts and kept up while claiming."""

    live: dict[int, Live]
    installation: Caps
    everything: int = 0
    tenants: Counter[int] = field(default_factory=Counter)
    trunks: Counter[int] = field(default_factory=Counter)

    @classmethod
    def of(cls, live: dict[int, Live], running: list[Run], installation: Caps) -> "Usage":
        usage = cls(live, installation)
        for campaign in running:
            own = live.get(campaign.id, IDLE)
            usage.note(campaign, own.claimed + own.dialed)
        return usage

    def note(self, campaign: Run, count: int) -> None:
        self.everything += count
        self.tenants[campaign.tenant_id] += count
        self.trunks[campaign.trunk_id] += count

    def limit(self, campaign: Run) -> int:
        own = self.live.get(campaign.id, IDLE)
        caps = parse_definition(campaign.definition).caps
        scopes = (
            Caps(caps.max_concurrent, caps.calls_per_second),
            campaign.tenant_caps,
            campaign.trunk_caps,
            self.installation,
        )
        # The tenant's and the trunk's share counts what waits in other campaigns as used.
        used = (
            own.dialed,
            self.tenants[campaign.tenant_id] - own.claimed,
            self.trunks[campaign.trunk_id] - own.claimed,
            self.everything - own.claimed,
        )
        return claim_limit(scopes, used, queued=own.claimed)


@dataclass(slots=True)
class Claimer:
    """`run_once` goes over the running campaigns once, each in turn the first."""

    pool: Pool
    broker: KafkaBroker
    openings: Openings
    rescuer: Rescuer
    lease: timedelta
    installation: Caps = NO_CAPS
    _turn: int = 0

    async def run_once(self, now: datetime) -> bool:
        """Claim what the caps leave free; True when there may be more to do at once."""
        async with self.pool.acquire() as conn:
            running = await campaign_runs.running(conn)
            live = await attempts.live(conn, now=now)
            groups = await campaign_groups.of_campaigns(conn, [each.id for each in running])
        more = any(each.overdue for each in live.values()) and await self.rescuer.run_once(now)
        usage = Usage.of(live, running, self.installation)
        self._turn += 1
        start = self._turn % len(running) if running else 0
        publishing: list[asyncio.Task[None]] = []
        try:
            for campaign in running[start:] + running[:start]:
                limit = min(CLAIM_MOST, usage.limit(campaign))
                claimed = await self._claim(campaign, groups.get(campaign.id, []), limit, now=now)
                if not claimed:
                    continue
                usage.note(campaign, len(claimed))
                more = more or len(claimed) == CLAIM_MOST
                publishing.append(asyncio.create_task(self._publish(claimed, now=now)))
        finally:
            # Also after a claim that failed: what is committed goes out, and nothing outlives this.
            published = await asyncio.gather(*publishing, return_exceptions=True)
        for error in published:
            if error is not None:
                raise error
        return more

    async def _claim(
        self, campaign: Run, groups: list[Group], limit: int, *, now: datetime
    ) -> list[Claimed]:
        opened = self.openings.open_groups(campaign.definition, groups, now=now)
        if not opened or limit <= 0:
            return []
        async with self.pool.acquire() as conn, conn.transaction():
            claimed = await attempts.claim(
                conn,
                campaign_id=campaign.id,
                groups=[group.id for group, _ in opened],
                closing=[span.closes_at for _, span in opened],
                limit=limit,
                zone_data=tzdata_version(),
                revisit_at=now + self.lease,
                now=now,
            )
            if claimed:
                await counters.add(conn, [(campaign.id, counters.ATTEMPTS, len(claimed))])
        return claimed

    async def _publish(self, claimed: list[Claimed], *, now: datetime) -> None:
        ATTEMPTS_CLAIMED.inc(len(claimed))
        passing(Failpoint.AFTER_CLAIM)
        await publish(
            self.broker,
            [attempt_due(each.id, each.campaign_id, each.contact_id, at=now) for each in claimed],
        )
        passing(Failpoint.AFTER_PUBLISH)
