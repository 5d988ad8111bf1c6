"""Dialers that write the same attempts lock their rows in one order, so none waits for ever."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from shared.db import dialing
from shared.db.types import Pool
from shared.domain.attempts import CallReference
from tests.support.database import one_waits_for_a_lock
from tests.support.dialing import Bench
from tests.support.waiting import until

Write = Callable[[Pool, list[CallReference]], Awaitable[None]]
NOW = datetime.now(UTC)


async def place(pool: Pool, references: list[CallReference]) -> None:
    await dialing.placed(pool, references, [f"call-{n}" for n in range(2)], [NOW] * 2)


async def hand_back(pool: Pool, references: list[CallReference]) -> None:
    await dialing.hand_back(pool, references, [NOW] * 2)


@pytest.mark.parametrize(("write", "state"), [(place, "dialing"), (hand_back, "claimed")])
async def test_a_write_that_waits_for_an_attempt_holds_no_later_one(
    bench: Bench, write: Write, state: str
) -> None:
    messages = await bench.claimed(2)
    first, last = sorted(message.data.reference for message in messages)
    if state == "dialing":
        await bench.pool.execute("UPDATE attempts SET state = 'dialing', dialing_at = now()")
    lock = "SELECT FROM attempts WHERE tenant_id = $1 AND id = $2 FOR UPDATE"

    async with bench.pool.acquire() as conn, conn.transaction():
        await conn.execute(lock, *first)
        writing = asyncio.ensure_future(write(bench.pool, [last, first]))
        await until(lambda: one_waits_for_a_lock(bench.pool))
        await conn.execute(lock + " NOWAIT", *last)
    await writing
