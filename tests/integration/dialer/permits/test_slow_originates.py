"""A call that reaches the carrier late counts for the rate from its arrival on."""

import time
from datetime import UTC, datetime

import pytest
from redis.asyncio import Redis
from uuid_utils.compat import uuid7

from services.dialer.permits.permits import Permits
from services.dialer.permits.slow_originates import SLOW_SECONDS, SlowOriginates
from shared.db.types import Pool
from shared.domain.attempts import CallReference
from shared.domain.capacity.scopes import INSTALLATION, Caps, scopes_of
from tests.support.waiting import until

SCOPES = scopes_of(campaign=1, tenant=1, trunk=1)
LIMITS = {INSTALLATION: Caps(100, 2)}


def a_reference() -> CallReference:
    return CallReference(1, uuid7())


@pytest.fixture
def permits(redis: Redis, pool: Pool) -> Permits:
    return Permits(redis, pool, lease_seconds=60)


async def test_a_call_under_way_keeps_its_place_in_the_rate(permits: Permits) -> None:
    watch, slow, quick = SlowOriginates(permits), a_reference(), a_reference()
    asked_at = time.monotonic() - SLOW_SECONDS
    answers = await permits.acquire([(slow, SCOPES), (quick, SCOPES)], LIMITS)
    assert answers == [None, None]
    more = [(a_reference(), SCOPES), (a_reference(), SCOPES)]

    async def one_is_free() -> bool:
        await watch.run_once(datetime.now(UTC))
        nonlocal answers
        answers = await permits.acquire(more, LIMITS)
        return None in answers

    watch.begin(slow, SCOPES, asked_at=asked_at)
    await until(one_is_free)
    watch.end(slow)

    assert answers[0] is None
    assert answers[1] is not None


async def test_an_answer_that_took_long_is_counted_once_more(
    permits: Permits, redis: Redis
) -> None:
    watch, call, quick = SlowOriginates(permits), a_reference(), a_reference()
    watch.begin(call, SCOPES, asked_at=time.monotonic() - SLOW_SECONDS - 0.01)
    watch.begin(quick, SCOPES, asked_at=time.monotonic() + 60)
    watch.end(call)
    watch.end(quick)

    await watch.run_once(datetime.now(UTC))

    for scope in ("installation:0", "campaign:1"):
        assert await redis.zrange(f"outdial:rate:{scope}", 0, -1) == [str(call)]
