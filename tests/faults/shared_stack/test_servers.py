"""Restarts each server, by SIGTERM and by SIGKILL, in the middle of a run: the run goes on."""

import time
from pathlib import Path

import pytest
from redis.asyncio import Redis

from outdial.stack.server import GivenServer, LocalServer
from tests.support.owner import a_campaign, numbers
from tests.support.stack import RunningStack, print_figures
from tests.support.waiting import until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

CONTACTS = 700
FLUSHES = 3
CONCURRENT = 12


def server_of(stack: RunningStack, name: str) -> LocalServer | GivenServer:
    return next(server for server in stack.local.servers.all if server.name == name)


@pytest.mark.parametrize("name", ["kafka", "postgres", "redis"])
async def test_a_run_survives_the_restart_of_a_server(
    stack: RunningStack, tmp_path: Path, name: str
) -> None:
    owner, server = stack.owner, server_of(stack, name)
    definition = a_campaign(f"{name} restarts", max_concurrent=150, calls_per_second=120)
    rows = [(number, "Atlantic/Reykjavik") for number in numbers(CONTACTS)]
    campaign = await owner.launch(definition, rows, tmp_path)
    took = []
    for kill, ended in ((False, 150), (True, 400)):
        await owner.until_attempts(campaign, ended)
        stack.note(f"{name} restarted")
        began = time.monotonic()
        await server.restart(kill=kill)
        up = time.monotonic() - began
        stack.note(f"{name} up")
        done = (await eventually_counted(stack, campaign)) + 50
        await owner.until_attempts(campaign, done)
        took.append(f"{'kill -9' if kill else 'clean'}: up {up:.1f} s, calls flow after "
                    f"{time.monotonic() - began:.1f} s")  # fmt: skip
    await owner.until_state(campaign, "completed")
    await stack.until_quiet()
    counters = await owner.counters(campaign)
    print_figures(
        f"{name}: {took}, {counters.attempts}, unknown {counters.outcomes.get('unknown', 0)}"
    )
    assert counters.contacts["finished"] == CONTACTS
    await stack.judge()


async def eventually_counted(stack: RunningStack, campaign: int) -> int:
    """The number of ended attempts; waits until the API answers."""
    await stack.owner.until_attempts(campaign, 0)
    return (await stack.owner.counters(campaign)).attempts["ended"]


async def calls_are_up(stack: RunningStack, count: int) -> bool:
    return bool((await stack.carrier_stats())["live"] >= count)


async def no_lease_is_left(redis: Redis) -> bool:
    """A lease that is never released would take one call from the cap for ever."""
    return not await redis.zcard("outdial:leases:installation:0")


async def test_a_flushed_redis_lets_no_call_above_the_cap(
    stack: RunningStack, tmp_path: Path
) -> None:
    owner = stack.owner
    definition = a_campaign("flushed", max_concurrent=CONCURRENT)
    rows = [(number, "Atlantic/Reykjavik") for number in numbers(80)]
    campaign = await owner.launch(definition, rows, tmp_path)
    at_flush = []
    async with Redis.from_url(stack.local.servers.redis.url, decode_responses=True) as redis:
        for turn in range(1, FLUSHES + 1):
            await owner.until_attempts(campaign, turn * 20)
            await until(lambda: calls_are_up(stack, CONCURRENT - 2))
            at_flush.append((await stack.carrier_stats())["live"])
            await redis.flushall()
        await owner.until_state(campaign, "completed")
        await stack.until_quiet()
        await until(lambda: no_lease_is_left(redis), every=0.2)

    print_figures(f"calls up at each FLUSHALL: {at_flush} of {CONCURRENT}")
    assert (await owner.counters(campaign)).contacts["finished"] == 80
    await stack.judge()
