"""The scheduler's claimer, as its service builds it."""

from datetime import timedelta

import pytest
from faststream.kafka import KafkaBroker

from services.scheduler.campaign_claim import Claims
from services.scheduler.claimer import Claimer
from services.scheduler.rescuer import Rescuer
from shared.db.types import Pool
from tests.support.campaigns import a_rulebook

LEASE = timedelta(seconds=15)


def a_claimer(pool: Pool, broker: KafkaBroker, *, lease: timedelta = LEASE) -> Claimer:
    claims = Claims(pool, a_rulebook(), lease)
    return Claimer(pool, broker, claims, Rescuer(pool, broker, lease))


@pytest.fixture
def claimer(pool: Pool, broker: KafkaBroker) -> Claimer:
    return a_claimer(pool, broker)
