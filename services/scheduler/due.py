"""Hands claimed attempts to the dialers."""

from collections.abc import Iterable
from datetime import datetime

from faststream.kafka import KafkaBroker

from shared.db.scheduler.claims import ClaimedAttempt
from shared.kafka.broker import publish
from shared.kafka.messages.attempts import AttemptDue, AttemptDueData


async def publish_due(
    broker: KafkaBroker, attempts: Iterable[ClaimedAttempt], *, at: datetime
) -> None:
    """Publish an `AttemptDue` for each attempt; a dialer ignores one that is no longer claimed."""
    data = (
        AttemptDueData(
            tenant_id=attempt.tenant_id,
            attempt_id=attempt.id,
            campaign_id=attempt.campaign_id,
            contact_id=attempt.contact_id,
        )
        for attempt in attempts
    )
    await publish(broker, [AttemptDue.of(each, at=at) for each in data])
