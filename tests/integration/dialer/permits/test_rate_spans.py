"""A provider may count its trunk's calls in a longer span; other caps are counted per second."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
from redis.asyncio import Redis
from uuid_utils.compat import uuid7

from services.dialer.permits.permits import Permits, PermitsLostError, Refusal
from shared.db.types import Pool
from shared.domain.attempts import CallReference
from shared.domain.capacity.scopes import INSTALLATION, NO_CAPS, Caps, Scope, scopes_of

SCOPES = scopes_of(campaign=1, tenant=1, trunk=1)
TRUNK, CAMPAIGN = Scope("trunk", 1), Scope("campaign", 1)
THREE_SECONDS = timedelta(seconds=3)


@pytest.fixture
def permits(redis: Redis, pool: Pool) -> Permits:
    return Permits(redis, pool, lease_seconds=60)


async def ask(permits: Permits, count: int, caps: Mapping[Scope, Caps]) -> list[Refusal | None]:
    wanted = [(CallReference(1, uuid7()), SCOPES) for _ in range(count)]
    limits = {INSTALLATION: NO_CAPS, CAMPAIGN: NO_CAPS} | dict(caps)
    return await permits.acquire(wanted, limits)


async def opened(permits: Permits) -> None:
    """End the quiet time of the new epoch, as if the servers had run for long."""
    await ask(permits, 0, {})
    epoch = str(await permits.redis.get("outdial:epoch"))
    older = f"{epoch.rpartition(':')[0]}:1"
    await permits.redis.set("outdial:epoch", older)
    permits._epoch = older


async def test_a_span_of_three_seconds_holds_three_times_the_calls(permits: Permits) -> None:
    await opened(permits)

    answers = await ask(permits, 7, {TRUNK: Caps(None, 2, THREE_SECONDS)})

    assert answers[:6] == [None] * 6
    refusal = answers[6]
    assert refusal is not None
    assert refusal.scope == "trunk"
    assert 2 < refusal.seconds <= 3.25


async def test_the_campaigns_cap_is_for_a_second_whatever_the_trunk_counts(
    permits: Permits,
) -> None:
    await opened(permits)
    caps = {TRUNK: Caps(None, 2, THREE_SECONDS), CAMPAIGN: Caps(None, 2)}

    answers = await ask(permits, 3, caps)

    assert answers[:2] == [None, None]
    refusal = answers[2]
    assert refusal is not None
    assert refusal.scope == "campaign"
    assert refusal.seconds <= 1.25


async def test_after_a_loss_a_long_span_stays_closed_until_it_is_over(
    permits: Permits, redis: Redis
) -> None:
    await opened(permits)
    trunk, campaign = {TRUNK: Caps(None, 2, THREE_SECONDS)}, {CAMPAIGN: Caps(None, 2)}
    assert await ask(permits, 6, trunk) == [None] * 6

    await redis.flushdb()
    with pytest.raises(PermitsLostError):
        await ask(permits, 1, trunk)
    [refusal] = await ask(permits, 1, trunk)

    assert refusal is not None
    assert refusal.scope == "trunk"
    assert 1.5 < refusal.seconds <= 2
    assert await ask(permits, 1, campaign) == [None]


async def test_a_call_that_arrives_late_counts_for_the_whole_span(permits: Permits) -> None:
    await opened(permits)
    trunk = {TRUNK: Caps(None, 1, THREE_SECONDS)}
    late = [(CallReference(1, uuid7()), SCOPES) for _ in range(3)]
    assert await permits.acquire(late, trunk) == [None] * 3

    await permits.count_from_now(late)
    [refusal] = await ask(permits, 1, trunk)

    assert refusal is not None
    assert 2.5 < refusal.seconds <= 3.25
    assert await permits.redis.pttl("outdial:rate:trunk:1") > 3_000
