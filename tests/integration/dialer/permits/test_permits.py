"""Permits on a real Redis: caps of a hierarchy of scopes, and the loss of all data in Redis."""

import asyncio
from datetime import UTC, datetime

import pytest
from redis.asyncio import Redis
from uuid_utils.compat import uuid7

from services.dialer.permits.permits import Permits, PermitsLostError
from shared.db import dialing
from shared.db.types import Pool
from shared.domain.attempts import CallReference
from shared.domain.capacity.scopes import INSTALLATION, NO_CAPS, Caps, Scope, scopes_of
from tests.support.campaigns import a_running_campaign, some_contacts

SCOPES = scopes_of(campaign=1, tenant=1, trunk=1)
CAMPAIGN = Scope("campaign", 1)


def a_reference() -> CallReference:
    return CallReference(1, uuid7())


@pytest.fixture
def permits(redis: Redis, pool: Pool) -> Permits:
    return Permits(redis, pool, lease_seconds=60)


def caps(**own: int | None) -> dict[Scope, Caps]:
    return {
        INSTALLATION: Caps(1000, 1000),
        CAMPAIGN: Caps(own.get("max_concurrent"), own.get("calls_per_second")),
    }


async def granted(
    permits: Permits, ids: list[CallReference], limits: dict[Scope, Caps]
) -> list[CallReference]:
    answers = await permits.acquire([(reference, SCOPES) for reference in ids], limits)
    return [reference for reference, refusal in zip(ids, answers, strict=True) if refusal is None]


async def test_no_more_leases_than_the_cap_until_one_is_released(permits: Permits) -> None:
    ids = [a_reference() for _ in range(5)]

    first = await granted(permits, ids, caps(max_concurrent=3))
    await permits.release([(first[0], SCOPES)])
    second = await granted(permits, ids[3:], caps(max_concurrent=3))

    assert first == ids[:3]
    assert second == ids[3:4]


async def test_a_batch_that_fills_the_caps_is_granted_as_a_whole_and_one_larger_is_not(
    permits: Permits,
) -> None:
    limits = caps(max_concurrent=3, calls_per_second=5)
    ids = [a_reference() for _ in range(6)]

    assert await granted(permits, ids[:3], limits) == ids[:3]
    await permits.release((reference, SCOPES) for reference in ids[:3])

    assert await granted(permits, ids[3:], limits) == ids[3:5]
    await permits.release([(ids[3], SCOPES)])
    assert await granted(permits, ids[5:], limits) == []


async def test_the_lowest_cap_of_the_hierarchy_binds_and_is_named(permits: Permits) -> None:
    limits = caps(max_concurrent=5) | {Scope("trunk", 1): Caps(1, None)}

    answers = await permits.acquire([(a_reference(), SCOPES), (a_reference(), SCOPES)], limits)

    assert answers[0] is None
    assert answers[1] is not None
    assert answers[1].scope == "trunk"


async def test_each_attempt_counts_in_its_own_scopes(permits: Permits) -> None:
    one, other = SCOPES, scopes_of(campaign=2, tenant=1, trunk=2)
    limits = {CAMPAIGN: Caps(1, None), Scope("campaign", 2): Caps(2, None)}
    limits |= {INSTALLATION: Caps(10, None), Scope("tenant", 1): Caps(10, None)}
    limits |= {Scope("trunk", 1): Caps(10, None), Scope("trunk", 2): Caps(10, None)}
    wanted = [(a_reference(), scopes) for scopes in (one, other, one, other, other, one)]

    answers = await permits.acquire(wanted, limits)

    assert [refusal and refusal.scope for refusal in answers] == (
        [None, None, "campaign", None, "campaign", "campaign"]
    )
    held = {
        f"{scope.kind}:{scope.id}": await permits.redis.zcard(
            f"outdial:leases:{scope.kind}:{scope.id}"
        )
        for scope in limits
    }
    assert held == {
        "installation:0": 3,
        "tenant:1": 3,
        "trunk:1": 1,
        "trunk:2": 2,
        "campaign:1": 1,
        "campaign:2": 2,
    }


async def test_thousands_of_leases_are_released_from_their_own_scopes_at_once(
    permits: Permits,
) -> None:
    other = scopes_of(campaign=2, tenant=1, trunk=1)
    limits = {INSTALLATION: Caps(5000, 5000)}
    ids = [a_reference() for _ in range(2500)]
    leases = [(reference, (SCOPES, other)[number % 2]) for number, reference in enumerate(ids)]
    await permits.acquire(leases, limits | dict.fromkeys((*SCOPES[1:], *other[1:]), NO_CAPS))

    await permits.release(leases[1:])

    for scope in SCOPES:
        held = await permits.redis.zrange(f"outdial:leases:{scope.kind}:{scope.id}", 0, -1)
        assert held == [str(ids[0])]
    assert not await permits.redis.exists("outdial:leases:campaign:2")


async def test_a_refused_attempt_leaves_nothing_in_any_scope(permits: Permits) -> None:
    limits = caps(max_concurrent=2) | {Scope("trunk", 1): Caps(1, None)}
    ids = [a_reference() for _ in range(3)]
    await granted(permits, ids, limits)

    await permits.release([(ids[0], SCOPES)])

    assert await granted(permits, ids[1:], caps(max_concurrent=2)) == ids[1:]


async def test_the_rate_counts_permits_that_were_released(permits: Permits) -> None:
    ids = [a_reference() for _ in range(4)]

    first = await granted(permits, ids, caps(calls_per_second=2))
    await permits.release((reference, SCOPES) for reference in first)
    answers = await permits.acquire([(ids[2], SCOPES)], caps(calls_per_second=2))

    assert first == ids[:2]
    assert answers[0] is not None
    assert 0 < answers[0].seconds <= 1.25


async def test_asking_again_keeps_the_lease_and_the_place_in_the_rate(permits: Permits) -> None:
    attempt = a_reference()
    limits = caps(max_concurrent=1, calls_per_second=1)

    assert await granted(permits, [attempt], limits) == [attempt]
    assert await granted(permits, [attempt], limits) == [attempt]
    assert await granted(permits, [a_reference()], caps(max_concurrent=2, calls_per_second=1)) == []


async def test_callers_at_once_never_exceed_the_cap(permits: Permits, redis: Redis) -> None:
    others = [Permits(redis, permits.pool, 60) for _ in range(8)]
    await granted(permits, [], caps())

    answers = await asyncio.gather(
        *(
            granted(other, [a_reference() for _ in range(20)], caps(max_concurrent=30))
            for other in others
        )
    )

    assert sum(map(len, answers)) == 30


async def test_after_a_flush_the_leases_come_back_from_the_dialed_attempts(
    permits: Permits, pool: Pool, redis: Redis
) -> None:
    now = datetime.now(UTC)
    campaign = await a_running_campaign(pool, now=now)
    tenant = await pool.fetchval("SELECT tenant_id FROM campaigns WHERE id = $1", campaign)
    trunk = await pool.fetchval("SELECT trunk_id FROM campaigns WHERE id = $1", campaign)
    await some_contacts(pool, campaign, 3)
    await pool.execute(
        """
        INSERT INTO attempts (tenant_id, id, campaign_id, contact_id, claimed_at, window_closes_at,
            revisit_at, dialing_at, number, state, tzdata_version)
        SELECT tenant_id, uuidv7(), campaign_id, id, now(), now(), now(), now(), 1, 'dialing', 'x'
        FROM contacts
        """
    )
    scopes = scopes_of(campaign=campaign, tenant=tenant, trunk=trunk)
    limits = {INSTALLATION: Caps(100, 100), Scope("campaign", campaign): Caps(4, None)}
    await permits.acquire([], limits)

    await redis.flushdb()
    with pytest.raises(PermitsLostError):
        await permits.acquire([(a_reference(), scopes)], limits)
    answers = await permits.acquire([(a_reference(), scopes), (a_reference(), scopes)], limits)

    assert len(await dialing.live_leases(pool)) == 3
    assert [refusal is None for refusal in answers] == [True, False]


async def test_a_redis_that_comes_back_with_an_old_epoch_is_not_trusted(
    permits: Permits, redis: Redis
) -> None:
    await granted(permits, [a_reference()], caps())
    await redis.set("outdial:epoch", "another-life:0123")
    other = Permits(redis, permits.pool, 60)

    await granted(other, [a_reference()], caps())

    epoch = await redis.get("outdial:epoch")
    assert not str(epoch).startswith("another-life")


async def test_a_redis_that_has_forgotten_the_script_grants_nothing_at_once(
    permits: Permits, redis: Redis
) -> None:
    await granted(permits, [a_reference()], caps())
    await redis.script_flush()

    with pytest.raises(PermitsLostError):
        await granted(permits, [a_reference()], caps())
    again = await granted(permits, [a_reference()], caps())

    assert len(again) == 1


async def test_a_cap_that_is_set_while_calls_are_up_counts_them(permits: Permits) -> None:
    ids = [a_reference() for _ in range(4)]
    await granted(permits, ids[:3], {scope: Caps(None, None) for scope in SCOPES})

    assert await granted(permits, ids[3:], caps(max_concurrent=3)) == []
