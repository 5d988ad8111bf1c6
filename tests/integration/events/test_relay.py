"""The relay of public events to a real Kafka: in order, at least once, one relay at a time."""

import asyncio
import os
import signal
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, TopicPartition
from faststream.kafka import KafkaBroker

from outdial.stack.postgres import PostgresServer
from outdial.stack.servers import LocalServers
from services.events.relay import BATCH, EventRelay
from shared.db import locks, public_events
from shared.db.events import event_relays
from shared.db.migrate import migrate
from shared.db.pool import open_pool
from shared.db.types import Connection, Pool
from shared.kafka.broker import make_broker
from shared.kafka.messages.public import (
    CAMPAIGN_EVENTS,
    CONTACT_EVENTS,
    CampaignChanged,
    CampaignChangedData,
)
from shared.kafka.topics import PARTITIONS, create_topics
from shared.runtime.retries import TRANSIENT
from shared.runtime.settings import Settings
from tests.support.database import connection
from tests.support.waiting import until

NOW = datetime(2026, 11, 1, tzinfo=UTC)


@pytest_asyncio.fixture(loop_scope="session")
async def broker(servers: LocalServers) -> AsyncIterator[KafkaBroker]:
    await create_topics(servers.kafka.url)
    settings = Settings.model_validate(
        {
            "postgres_url": servers.postgres.url,
            "redis_url": servers.redis.url,
            "kafka_url": servers.kafka.url,
        }
    )
    async with make_broker(settings, "events") as made:
        await made.start()
        yield made


class Reader:
    """A consumer of the public topics, from their present end."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self.consumer = consumer
        self.seen: dict[str, list[str]] = defaultdict(list)

    async def read(self, count: int) -> dict[str, list[str]]:
        """Wait for `count` messages; return the payloads of each key in order."""

        async def enough() -> bool:
            for records in (await self.consumer.getmany(timeout_ms=100)).values():
                for record in records:
                    self.seen[record.key.decode()].append(record.value.decode())
            return sum(map(len, self.seen.values())) >= count

        await until(enough)
        return self.seen


@pytest_asyncio.fixture(loop_scope="session")
async def reader(servers: LocalServers, broker: KafkaBroker) -> AsyncIterator[Reader]:
    consumer = AIOKafkaConsumer(bootstrap_servers=servers.kafka.url)
    await consumer.start()
    partitions = [
        TopicPartition(topic, number)
        for topic in (CAMPAIGN_EVENTS, CONTACT_EVENTS)
        for number in range(PARTITIONS[topic])
    ]
    consumer.assign(partitions)
    await consumer.seek_to_end()
    for partition in partitions:
        await consumer.position(partition)
    yield Reader(consumer)
    await consumer.stop()


async def put(pool: Pool, keys: list[str], count: int, *, tenant: int = 1) -> None:
    """Insert `count` numbered events of the tenant, with the keys in turn."""
    await pool.execute(
        """
        WITH head AS (
            INSERT INTO event_heads (tenant_id, last) VALUES ($4, $3)
            ON CONFLICT (tenant_id) DO UPDATE SET last = event_heads.last + excluded.last
            RETURNING last
        )
        INSERT INTO public_events (tenant_id, position, id, type, topic, key, payload)
        SELECT $4, last - $3 + 1 + n, gen_random_uuid(), 'a.type', $1,
            ($2::text[])[1 + n % cardinality($2)], n::text::bytea
        FROM head, generate_series(0, $3 - 1) AS series (n)
        """,
        CONTACT_EVENTS,
        keys,
        count,
        tenant,
    )


async def left(pool: Pool) -> int:
    async with pool.acquire() as conn:
        return sum(backlog.waiting for backlog in await event_relays.backlogs(conn))


def a_key() -> str:
    return uuid4().hex


async def test_events_arrive_in_order_per_key_and_are_kept(
    pool: Pool, broker: KafkaBroker, reader: Reader
) -> None:
    keys = [a_key() for _ in range(50)]
    count = 2 * BATCH + 500
    await put(pool, keys, count)

    async with aclosing(EventRelay(pool, broker)) as relay:
        more = [await relay.run_once(NOW) for _ in range(4)]

    seen = await reader.read(count)
    assert more == [True, True, False, False]
    assert await left(pool) == 0
    assert await pool.fetchval("SELECT count(*) FROM public_events") == count
    for at, key in enumerate(keys):
        assert seen[key] == [str(n) for n in range(at, count, 50)]


async def test_a_long_backlog_of_one_tenant_holds_up_no_other(
    pool: Pool, broker: KafkaBroker, reader: Reader
) -> None:
    long, short = a_key(), a_key()
    await put(pool, [long], 3 * BATCH, tenant=1)
    await put(pool, [short], 5, tenant=2)

    async with aclosing(EventRelay(pool, broker)) as relay:
        assert await relay.run_once(NOW)
        seen = await reader.read(BATCH // 2 + 5)

    assert seen[short] == [str(n) for n in range(5)]
    assert len(seen[long]) == BATCH // 2


async def test_a_message_of_our_own_keeps_its_topic_key_and_bytes(
    pool: Pool, broker: KafkaBroker, reader: Reader
) -> None:
    key = a_key()
    data = CampaignChangedData.model_validate(
        {"tenant_id": 1, "campaign_id": 2, "state": "running"}
    )
    message = CampaignChanged(time=NOW, partitionkey=key, data=data)
    async with pool.acquire() as conn:
        await public_events.add(conn, [message])

    async with aclosing(EventRelay(pool, broker)) as relay:
        await relay.run_once(NOW)

    seen = await reader.read(1)
    assert CampaignChanged.model_validate_json(seen[key][0]) == message
    assert seen[key] == [message.encoded().decode()]


async def test_a_relay_killed_after_publishing_publishes_again(
    pool: Pool, broker: KafkaBroker, reader: Reader, dsn: str
) -> None:
    key = a_key()
    await put(pool, [key], 20)
    async with connection(dsn) as blocker:
        held = blocker.transaction()
        await held.start()
        await blocker.execute("LOCK TABLE event_relays IN SHARE MODE")

        async with aclosing(EventRelay(pool, broker)) as relay:
            cut_off = asyncio.create_task(relay.run_once(NOW))
            await until(lambda: kill_marking(pool))
            with pytest.raises(TRANSIENT):
                await cut_off
            await held.rollback()
            still_there = await left(pool)
            await until(lambda: leads_and_relays(relay, pool))

    numbers = [str(n) for n in range(20)]
    assert still_there == 20
    assert (await reader.read(40))[key] == numbers + numbers


@pytest_asyncio.fixture(loop_scope="session")
async def own_postgres(tmp_path: Path) -> AsyncIterator[str]:
    """The address of a PostgreSQL server that this test may stop."""
    server = PostgresServer(tmp_path / "postgres", fsync=False)
    await server.start()
    try:
        await asyncio.to_thread(migrate, server.url)
        yield server.url
    finally:
        await server.stop(kill=True)


async def test_a_relay_cut_off_at_its_election_leaves_no_lock_behind(
    own_postgres: str, broker: KafkaBroker
) -> None:
    async with (
        await open_pool(own_postgres) as pool,
        connection(own_postgres) as leader,
        connection(own_postgres) as other,
    ):
        assert await locks.try_lead_relay(leader)
        relay = EventRelay(pool, broker)
        await relay.run_once(NOW)
        backend = await pool.fetchval("SELECT pg_backend_pid()")
        await leader.close()

        os.kill(backend, signal.SIGSTOP)
        try:
            elected = asyncio.create_task(relay.run_once(NOW))
            await until(lambda: pool.get_idle_size() == 0)
            elected.cancel()
        finally:
            os.kill(backend, signal.SIGCONT)
        with pytest.raises(asyncio.CancelledError):
            await elected

        await until(lambda: locks.try_lead_relay(other))


async def kill_marking(conn: Connection) -> bool:
    """Cut the connection of a relay that waits to move a mark; return whether there was one."""
    killed = await conn.fetch(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        " AND query LIKE '%INSERT INTO event_relays%' AND wait_event_type = 'Lock'"
    )
    return bool(killed)


async def leads_and_relays(relay: EventRelay, pool: Pool) -> bool:
    await relay.run_once(NOW)
    return await left(pool) == 0


async def test_only_one_of_two_relays_leads(
    pool: Pool, broker: KafkaBroker, reader: Reader
) -> None:
    key = a_key()
    async with aclosing(EventRelay(pool, broker)) as second:
        async with aclosing(EventRelay(pool, broker)) as first:
            await first.run_once(NOW)
            await put(pool, [key], 5)
            await second.run_once(NOW)
            after_second = await left(pool)
            await first.run_once(NOW)
            after_first = await left(pool)
            await put(pool, [key], 5)

        await until(lambda: leads_and_relays(second, pool))

    assert (after_second, after_first) == (5, 0)
    assert len((await reader.read(10))[key]) == 10


async def test_a_leader_whose_connection_broke_may_lead_again(
    pool: Pool, broker: KafkaBroker, reader: Reader, dsn: str
) -> None:
    key = a_key()
    async with aclosing(EventRelay(pool, broker)) as relay:
        await relay.run_once(NOW)
        async with connection(dsn) as conn:
            await conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
        await put(pool, [key], 3)
        with pytest.raises(TRANSIENT):
            await relay.run_once(NOW)
        await until(lambda: leads_and_relays(relay, pool))

    assert (await reader.read(3))[key] == ["0", "1", "2"]


async def test_events_that_kafka_does_not_accept_stay(servers: LocalServers, pool: Pool) -> None:
    await put(pool, [a_key()], 3)
    deaf = KafkaBroker(servers.kafka.url, logger=None)

    async with aclosing(EventRelay(pool, deaf)) as relay:
        with pytest.raises(Exception, match="connect"):
            await relay.run_once(NOW)

        assert await left(pool) == 3
