"""Forgets what nobody asks for any more: facts that Kafka cannot bring again, empty buckets."""

from dataclasses import dataclass
from datetime import datetime

from shared.db import waiting_counts
from shared.db.events import inbox
from shared.db.types import Pool
from shared.db.waiting_counts import five_minutes_of

PRUNE_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Pruner:
    pool: Pool

    async def run_once(self, now: datetime) -> bool:
        facts = await inbox.prune(self.pool, now=now, limit=PRUNE_MOST)
        buckets = await waiting_counts.prune(
            self.pool, before=five_minutes_of(now), limit=PRUNE_MOST
        )
        return PRUNE_MOST in (facts, buckets)
