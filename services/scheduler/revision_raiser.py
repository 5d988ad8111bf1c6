"""Raises the revisions of campaigns for black-outs whose makers died before they did."""

from dataclasses import dataclass
from datetime import datetime

from shared.db import blackouts
from shared.db.types import Pool


@dataclass(frozen=True, slots=True)
class RevisionRaiser:
    """Two schedulers may do it for one black-out: attempts are then rechecked twice."""

    pool: Pool

    async def run_once(self, _now: datetime) -> bool:
        async with self.pool.acquire() as conn:
            for blackout in await blackouts.unraised(conn):
                async with conn.transaction():
                    await blackouts.raise_revisions(conn, blackout)
        return False
