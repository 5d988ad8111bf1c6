"""Publishes claimed attempts again: those that a dialer handed back, and those that were lost."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from faststream.kafka import KafkaBroker

from services.scheduler.due import publish_due
from shared.db import tenants
from shared.db.scheduler import live_attempts
from shared.db.types import Pool
from shared.runtime.metrics import ATTEMPTS_RESCUED

RESCUE_MOST = 1_000


@dataclass(frozen=True, slots=True)
class Rescuer:
    """Republishes claimed attempts whose `revisit_at` has passed, tenant by tenant.

    It makes no difference whether the publisher crashed or a dialer got no permit.
    """

    pool: Pool
    broker: KafkaBroker
    lease: timedelta

    async def run_once(self, now: datetime) -> bool:
        """Return whether there may be more to republish at once."""
        more = False
        for tenant_id in await tenants.with_overdue_attempts(self.pool, claimed=True, now=now):
            more = await self._rescue(tenant_id, now=now) or more
        return more

    async def _rescue(self, tenant_id: int, *, now: datetime) -> bool:
        overdue = await live_attempts.republish(
            self.pool,
            tenant_id=tenant_id,
            now=now,
            revisit_at=now + self.lease,
            limit=RESCUE_MOST,
        )
        ATTEMPTS_RESCUED.inc(len(overdue))
        if overdue:
            await publish_due(self.broker, overdue, at=now)
        return len(overdue) == RESCUE_MOST
