"""The API as a process with a socket and a real Kafka, until SIGTERM."""

import asyncio
import json
import signal
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from outdial.client import ApiError
from outdial.stack.ports import free_port
from outdial.stack.servers import LocalServers
from shared.db.types import Pool
from shared.kafka.messages.commands import COMMANDS, CampaignCommand
from shared.kafka.topics import PARTITIONS, create_topics
from tests.support.api import DEFINITION
from tests.support.api_process import NOWHERE, a_caller, api_process, serving_process
from tests.support.database import one_waits_for_a_lock
from tests.support.waiting import PATIENCE, until
from tests.support.why_situations import FREE


def a_file(directory: Path, rows: int) -> Path:
    file = directory / "contacts.csv"
    with file.open("w") as lines:
        lines.write("number,name\n")
        lines.writelines(f"+1202{2_000_000 + n},Ada\n" for n in range(rows))
    return file


async def command_of(kafka: str, campaign_id: int) -> CampaignCommand:
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, auto_offset_reset="earliest")
    consumer.assign([TopicPartition(COMMANDS, n) for n in range(PARTITIONS[COMMANDS])])
    await consumer.start()
    try:
        async with asyncio.timeout(PATIENCE):
            async for record in consumer:
                assert record.value is not None
                command = CampaignCommand.model_validate_json(record.value)
                if record.key == str(campaign_id).encode():
                    return command
    finally:
        await consumer.stop()
    raise AssertionError


async def test_a_campaign_is_launched_as_the_command_line_does_it(
    servers: LocalServers, dsn: str, pool: Pool, tmp_path: Path
) -> None:
    await create_topics(servers.kafka.url)
    log = tmp_path / "api.log"

    async with api_process(dsn, pool, kafka=servers.kafka.url, log=log) as api:
        async with api.client() as client:
            # A kind of call that the law allows at any hour, so that all contacts may be called.
            campaign_id = int((await client.create_campaign(DEFINITION | FREE))["id"])
            report = await client.import_contacts(campaign_id, a_file(tmp_path, 20_000))
            await client.start(campaign_id)
            counters, waiting = (
                await client.counters(campaign_id),
                await client.waiting(campaign_id),
            )
            command = await command_of(servers.kafka.url, campaign_id)
        exit_code = await api.stop()

    assert (report["imported"], report["rejected"]) == (20_000, 0)
    assert command.data.campaign_id == campaign_id
    assert counters.contacts == {"total": 20_000, "pending": 20_000, "active": 0, "finished": 0}
    assert [(group.contacts, group.reason) for group in waiting] == [(20_000, "pacing")]
    assert exit_code == 0
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert all("error" not in line["level"] for line in lines), lines


async def test_commands_are_committed_while_kafka_is_away(
    dsn: str, pool: Pool, tmp_path: Path
) -> None:
    async with api_process(dsn, pool, kafka=NOWHERE, log=tmp_path / "api.log") as api:
        async with api.client() as client:
            campaign_id = int((await client.create_campaign(DEFINITION))["id"])
            await client.import_contacts(campaign_id, a_file(tmp_path, 10))
            async with asyncio.timeout(30):
                await client.start(campaign_id)
        exit_code = await api.stop()

    assert await pool.fetchval("SELECT wanted_state FROM campaigns") == "running"
    assert exit_code == 0


@pytest.mark.parametrize(
    ("head", "status"), [("name\n", 422), ("number,name\n", 404)], ids=["no column", "no campaign"]
)
async def test_a_client_whose_large_file_is_refused_gets_the_answer(
    dsn: str, pool: Pool, tmp_path: Path, head: str, status: int
) -> None:
    file = tmp_path / "large.csv"
    file.write_text(head + "x" * 79 + "\n" + ("y" * 79 + "\n") * 200_000)

    async with (
        api_process(dsn, pool, kafka=NOWHERE, log=tmp_path / "api.log") as api,
        api.client() as client,
    ):
        campaign_id = int((await client.create_campaign(DEFINITION))["id"])
        with pytest.raises(ApiError) as refused:
            await client.import_contacts(campaign_id if status == 422 else 10**6, file)

    assert refused.value.status == status


async def test_a_file_that_breaks_off_leaves_nothing(dsn: str, pool: Pool, tmp_path: Path) -> None:
    async with api_process(dsn, pool, kafka=NOWHERE, log=tmp_path / "api.log") as api:
        async with api.client() as client:
            campaign_id = int((await client.create_campaign(DEFINITION))["id"])
        address = api.url.removeprefix("http://").split(":")
        _, writer = await asyncio.open_connection(address[0], int(address[1]))
        rows = a_file(tmp_path, 30_000).read_bytes()
        head = (
            f"POST /v1/campaigns/{campaign_id}/contacts/import HTTP/1.1\r\nHost: api\r\n"
            f"Authorization: Bearer {api.key}\r\nContent-Type: text/csv\r\n"
            f"Content-Length: {len(rows) * 2}\r\n\r\n"
        )
        writer.write(head.encode() + rows)
        await writer.drain()
        writer.close()
        await until(lambda: _is_refused(api.url))
        assert await api.stop() == 0

    assert await pool.fetchval("SELECT count(*) FROM contacts") == 0


async def _is_refused(url: str) -> bool:
    async with aiohttp.ClientSession() as client, client.get(f"{url}/metrics") as answer:
        text = await answer.text()
    return 'outdial_request_seconds_count{operation="import_contacts",status="400"} 1' in text


@pytest.mark.parametrize(
    ("settings", "status"), [({}, 403), ({"OUTDIAL_TRUSTED_PROXIES": "127.0.0.1"}, 200)]
)
async def test_only_a_trusted_proxy_names_the_client(
    dsn: str, pool: Pool, tmp_path: Path, settings: dict[str, str], status: int
) -> None:
    log = tmp_path / "api.log"
    async with api_process(dsn, pool, kafka=NOWHERE, log=log, **settings) as api:
        await pool.execute("UPDATE api_keys SET networks = '{192.0.2.0/24}'")
        # The proxy adds the address that it sees behind the one that the client wrote itself.
        headers = {
            "Authorization": f"Bearer {api.key}",
            "X-Forwarded-For": "198.51.100.1, 192.0.2.17",
        }
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.get(f"{api.url}/v1/tenant") as answer,
        ):
            assert answer.status == status


async def repeated(url: str, key: str) -> tuple[int, str | None, int]:
    """Create a campaign as a client does that repeats its request until it is answered.

    Returns the status, whether the answer was replayed, and the campaign.
    """
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "order-17"}
    got: list[tuple[int, str | None, int]] = []

    async def is_answered() -> bool:
        with suppress(aiohttp.ClientError):
            async with session.post(f"{url}/v1/campaigns", json=DEFINITION) as answer:
                if answer.status not in (409, 503):
                    replayed = answer.headers.get("Idempotent-Replayed")
                    got.append((answer.status, replayed, (await answer.json())["id"]))
        return bool(got)

    async with aiohttp.ClientSession(headers=headers) as session:
        await until(is_answered)
    return got[0]


async def test_a_post_whose_answer_is_cut_off_after_its_commit_makes_one_resource(
    dsn: str, pool: Pool, tmp_path: Path
) -> None:
    key, port, log = await a_caller(pool), free_port(), tmp_path / "api.log"
    dies = {"OUTDIAL_FAILPOINT": "after_write"}

    async with serving_process(dsn, port, kafka=NOWHERE, log=log, **dies) as (url, dying):
        client = asyncio.create_task(repeated(url, key))
        assert await dying.wait(PATIENCE) == -signal.SIGKILL
    made = await pool.fetchval("SELECT id FROM campaigns")
    async with serving_process(dsn, port, kafka=NOWHERE, log=log):
        answer = await client

    assert answer == (201, "true", made)
    assert await pool.fetchval("SELECT count(*) FROM campaigns") == 1
    assert await pool.fetchval("SELECT count(*) FROM audit_log") == 1


async def test_a_post_that_is_killed_before_its_commit_is_carried_out_when_it_is_repeated(
    dsn: str, pool: Pool, tmp_path: Path
) -> None:
    key, port, log = await a_caller(pool), free_port(), tmp_path / "api.log"

    async with (
        serving_process(dsn, port, kafka=NOWHERE, log=log) as (url, dying),
        pool.acquire() as conn,
        conn.transaction(),
    ):
        await conn.execute("LOCK TABLE campaigns IN ACCESS EXCLUSIVE MODE")
        client = asyncio.create_task(repeated(url, key))
        await until(lambda: one_waits_for_a_lock(pool))
        dying.send(signal.SIGKILL)
        await dying.wait(PATIENCE)
    async with serving_process(dsn, port, kafka=NOWHERE, log=log):
        status, replayed, campaign_id = await client

    assert (status, replayed) == (201, None)
    assert [row["id"] for row in await pool.fetch("SELECT id FROM campaigns")] == [campaign_id]
