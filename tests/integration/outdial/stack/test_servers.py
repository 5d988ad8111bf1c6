"""The local servers start, and restart with the same data and address."""

import asyncio
import os
import signal
import sys
import uuid
from pathlib import Path

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from redis.asyncio import Redis

from outdial.stack.errors import NotOursError
from outdial.stack.kafka import KafkaServer, cluster_id
from outdial.stack.postgres import PostgresServer
from outdial.stack.processes import Identity, started_at
from outdial.stack.redis import RedisServer
from outdial.stack.servers import LocalServers
from tests.support.waiting import PATIENCE


@pytest.mark.parametrize("kill", [False, True], ids=["stopped", "killed"])
async def test_postgres_comes_back_with_its_rows(tmp_path: Path, kill: bool) -> None:
    server = PostgresServer(tmp_path / "postgres", fsync=False)
    await server.start()
    url = server.url
    try:
        await _execute(url, "CREATE TABLE notes AS SELECT 'kept' AS text")

        await server.restart(kill=kill)

        assert server.url == url
        assert await _fetch(url, "SELECT text FROM notes") == "kept"
    finally:
        await server.stop(kill=True)


async def test_postgres_syncs_by_default(tmp_path: Path) -> None:
    server = PostgresServer(tmp_path / "postgres")
    await server.start()
    try:
        assert await _fetch(server.url, "SHOW fsync") == "on"
        assert str(await _fetch(server.url, "SHOW server_version")).startswith("18.")
    finally:
        await server.stop(kill=True)


async def test_postgres_refuses_a_stranger_without_the_password(tmp_path: Path) -> None:
    server = PostgresServer(tmp_path / "postgres", fsync=False)
    await server.start()
    try:
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(host="127.0.0.1", port=server.port, user="outdial", password="?")
    finally:
        await server.stop(kill=True)


async def test_redis_comes_back_empty(tmp_path: Path) -> None:
    server = RedisServer(tmp_path / "redis")
    await server.start()
    try:
        async with Redis.from_url(server.url) as client:
            await client.set("permit", "held")

        await server.restart(kill=True)

        async with Redis.from_url(server.url) as client:
            assert await client.get("permit") is None
        assert list(server.directory.iterdir()) == [server.log]
    finally:
        await server.stop(kill=True)


async def test_kafka_killed_comes_back_with_its_messages(tmp_path: Path) -> None:
    server = KafkaServer(tmp_path / "kafka")
    await server.start()
    url = server.url
    try:
        await _create_topic(url, "notes")
        await _produce(url, "notes", b"kept")

        await server.restart(kill=True)

        assert server.url == url
        assert await _consume_one(url, "notes") == b"kept"
    finally:
        await server.stop(kill=True)


async def test_kafka_is_formatted_with_an_identifier_that_begins_with_a_dash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dashed = uuid.UUID(bytes=b"\xf8" + bytes(15))
    assert cluster_id(dashed).startswith("-")
    monkeypatch.setattr(uuid, "uuid4", lambda: dashed)
    server = KafkaServer(tmp_path / "kafka")

    server.directory.mkdir()
    await server.prepare()

    assert cluster_id(dashed) in (server.data / "meta.properties").read_text()


async def test_an_interrupted_start_leaves_no_process(tmp_path: Path) -> None:
    started: list[Identity] = []

    def note(server: object) -> None:
        child = getattr(server, "child", None)
        assert child is not None
        started.append(child.identity)

    servers = LocalServers(tmp_path, on_start=note, environment={})
    starting = asyncio.ensure_future(servers.start())
    async with asyncio.timeout(PATIENCE):
        while len(started) < 2:
            await asyncio.sleep(0)

    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting

    assert not [identity for identity in started if identity.is_alive()]


async def test_a_server_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys, pathlib\n"
        "from outdial.stack.redis import RedisServer\n"
        "async def main():\n"
        "    server = RedisServer(pathlib.Path(sys.argv[1]))\n"
        "    await server.start()\n"
        "    print(server.pid, flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    owner = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program, str(tmp_path)),
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[4])},
    )
    assert owner.stdout is not None
    pid = int(await owner.stdout.readline())
    server = Identity(pid, started_at(pid) or "")
    assert server.is_alive()

    owner.send_signal(signal.SIGKILL)
    await owner.wait()

    async with asyncio.timeout(PATIENCE):
        while server.is_alive():
            await asyncio.sleep(0.01)


async def test_given_servers_are_left_alone(tmp_path: Path) -> None:
    environment = {
        "OUTDIAL_POSTGRES_URL": "postgresql://db.example/outdial",
        "OUTDIAL_REDIS_URL": "redis://cache.example/0",
        "OUTDIAL_KAFKA_URL": "broker.example:9092",
    }
    async with LocalServers(tmp_path, environment=environment) as servers:
        assert servers.environment() == environment
        assert not list(tmp_path.iterdir())
        with pytest.raises(NotOursError, match="kafka"):
            await servers.kafka.restart()


async def _execute(url: str, query: str) -> None:
    conn = await asyncpg.connect(url)
    await conn.execute(query)
    await conn.close()


async def _fetch(url: str, query: str) -> object:
    conn = await asyncpg.connect(url)
    try:
        return await conn.fetchval(query)
    finally:
        await conn.close()


async def _create_topic(url: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=url)
    await admin.start()
    await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    await admin.close()


async def _produce(url: str, topic: str, value: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=url, acks="all") as producer:
        await producer.send_and_wait(topic, value)


async def _consume_one(url: str, topic: str) -> bytes | None:
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=url, auto_offset_reset="earliest")
    async with asyncio.timeout(PATIENCE), consumer:
        value: bytes | None = (await consumer.getone()).value
        return value
