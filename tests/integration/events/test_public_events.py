"""Positions of public events have no gaps per tenant and are in commit order, also in races."""

import asyncio
from datetime import UTC, datetime

from shared.db import public_events
from shared.db.events import event_relays
from shared.db.events.event_relays import Backlog
from shared.db.types import Connection, Pool
from shared.domain.campaigns import CampaignState
from shared.kafka.messages.public import CampaignChanged, CampaignChangedData
from tests.support.database import connection
from tests.support.waiting import until

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def an_event(tenant: int, campaign: int = 7) -> CampaignChanged:
    data = CampaignChangedData(tenant_id=tenant, campaign_id=campaign, state=CampaignState.RUNNING)
    return CampaignChanged.of(data, at=NOW)


async def positions(conn: Connection, tenant: int, *, after: int = 0) -> list[int]:
    entries = await event_relays.oldest(conn, [Backlog(tenant, after, 0)], limit=10_000)
    return [entry.position for entry in entries]


async def test_each_tenant_has_its_own_positions_in_the_order_of_the_batch(pool: Pool) -> None:
    batch = [an_event(2, 1), an_event(1, 1), an_event(2, 2), an_event(1, 2), an_event(2, 3)]

    async with pool.acquire() as conn:
        await public_events.add(conn, [])
        await public_events.add(conn, batch)
        await public_events.add(conn, [an_event(2, 4)])
        entries = await event_relays.oldest(conn, await event_relays.backlogs(conn), limit=10)

    assert sorted((entry.tenant_id, entry.position, entry.key) for entry in entries) == [
        (1, 1, "1"),
        (1, 2, "2"),
        (2, 1, "1"),
        (2, 2, "2"),
        (2, 3, "3"),
        (2, 4, "4"),
    ]


async def test_a_reader_that_goes_on_behind_its_last_position_misses_nothing(
    pool: Pool, dsn: str
) -> None:
    """Some writers commit in any order, some roll back, and a reader follows."""
    seen: list[int] = []

    async def write(number: int) -> None:
        async with connection(dsn) as conn:
            for round_ in range(20):
                transaction = conn.transaction()
                await transaction.start()
                await public_events.add(conn, [an_event(1), an_event(1 + number % 2)])
                if (round_ + number) % 5 == 0:
                    await transaction.rollback()
                else:
                    await transaction.commit()

    async def read() -> None:
        async with pool.acquire() as conn:
            seen.extend(await positions(conn, 1, after=seen[-1] if seen else 0))

    writers = [asyncio.create_task(write(number)) for number in range(6)]
    while not all(writer.done() for writer in writers):
        await read()
    await asyncio.gather(*writers)
    await read()

    assert seen == list(range(1, len(seen) + 1))
    assert len(seen) == await pool.fetchval("SELECT last FROM event_heads WHERE tenant_id = 1")


async def test_the_second_writer_of_a_tenant_waits_for_the_commit_of_the_first(
    pool: Pool, dsn: str
) -> None:
    async with connection(dsn) as first, connection(dsn) as second:
        transaction = first.transaction()
        await transaction.start()
        await public_events.add(first, [an_event(1)])
        await public_events.add(second, [an_event(2)])

        waiting = asyncio.create_task(public_events.add(second, [an_event(1)]))
        await until(lambda: _one_waits(pool))
        await transaction.commit()
        await waiting

    async with pool.acquire() as conn:
        assert await positions(conn, 1) == [1, 2]


async def _one_waits(pool: Pool) -> bool:
    waits: bool = await pool.fetchval(
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()"
        " AND wait_event_type = 'Lock' AND query LIKE '%INSERT INTO event_heads%')"
    )
    return waits
