"""Forgets facts that are older than anything Kafka can still bring."""

from dataclasses import dataclass
from datetime import datetime

from shared.db import inbox
from shared.db.types import Pool

PRUNE_MOST = 10_000


@dataclass(frozen=True, slots=True)
class InboxPruner:
    pool: Pool

    async def run_once(self, now: datetime) -> bool:
        return await inbox.prune(self.pool, now=now, limit=PRUNE_MOST) == PRUNE_MOST
