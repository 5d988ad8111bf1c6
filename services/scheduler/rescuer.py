"""Publishes claimed attempts again: those that were handed back, and those that were lost."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from faststream.kafka import KafkaBroker

from shared.db.scheduler import claims
from shared.db.types import Pool
from shared.kafka.broker import publish
from shared.kafka.messages.attempts import AttemptDue, AttemptDueData
from shared.runtime.metrics import ATTEMPTS_RESCUED

RESCUE_MOST = 1_000


@dataclass(frozen=True, slots=True)
class Rescuer:
    """A crash after the claim and a permit that was not to be had look alike here, and are."""

    pool: Pool
    broker: KafkaBroker
    lease: timedelta

    async def run_once(self, now: datetime) -> bool:
        async with self.pool.acquire() as conn:
            lost = await claims.republish(
                conn, now=now, revisit_at=now + self.lease, limit=RESCUE_MOST
            )
        if not lost:
            return False
        ATTEMPTS_RESCUED.inc(len(lost))
        await publish(
            self.broker,
            [
                AttemptDue.of(
                    AttemptDueData(
                        attempt_id=attempt.id,
                        campaign_id=attempt.campaign_id,
                        contact_id=attempt.contact_id,
                    ),
                    at=now,
                )
                for attempt in lost
            ],
        )
        return len(lost) == RESCUE_MOST
