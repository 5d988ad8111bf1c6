"""The client outlasts a Kafka that is away, and a service whose consumer ended is not ready."""

import asyncio
import logging

import pytest
import uvloop
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest

from outdial.stack.ports import free_port
from outdial.stack.servers import LocalServers
from shared.kafka.aiokafka_patch import METADATA_RETRY_SECONDS, patch_aiokafka
from shared.kafka.broker import consume, consumers_of, make_broker, reaches_kafka, started
from shared.kafka.messages.commands import COMMANDS, CampaignCommand
from tests.support.pipeline import settings_for
from tests.support.waiting import until


async def test_metadata_is_not_asked_for_without_a_pause(
    servers: LocalServers, caplog: pytest.LogCaptureFixture
) -> None:
    patch_aiokafka()
    client = AIOKafkaClient(bootstrap_servers=servers.kafka.url)
    await client.bootstrap()
    (node,) = client.cluster.brokers()
    client.cluster._brokers = {node.nodeId: node._replace(port=free_port())}
    asked = 0
    with caplog.at_level(logging.CRITICAL, "aiokafka"):
        try:
            async with asyncio.timeout(5 * METADATA_RETRY_SECONDS):
                while True:
                    await client.force_metadata_update()
                    asked += 1
        except TimeoutError:
            pass
    await client.close()

    assert 1 <= asked <= 6


def test_a_connection_that_closed_a_moment_ago_is_a_lost_one_and_is_opened_again(
    servers: LocalServers,
) -> None:
    """On uvloop, as the services run, which raises RuntimeError there."""
    patch_aiokafka()

    async def ask_twice() -> None:
        client = AIOKafkaClient(bootstrap_servers=servers.kafka.url)
        await client.bootstrap()
        try:
            (node,) = client.cluster.brokers()
            assert await client.ready(node.nodeId)
            (connection,) = (known for known in client._conns.values() if known.connected())
            connection._writer.transport.abort()
            # It is closed, and its reader has not run yet.
            await asyncio.sleep(0)
            with pytest.raises(KafkaConnectionError, match="closed the connection"):
                connection.send(MetadataRequest([]))
            assert (await client.send(node.nodeId, MetadataRequest([]))).brokers
        finally:
            await client.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(ask_twice())


async def test_a_service_whose_consumer_has_ended_is_not_ready(
    servers: LocalServers, topics: None, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def take(messages: list[CampaignCommand]) -> None:
        return None

    async def fail() -> None:
        raise RuntimeError("a fault that aiokafka does not know")

    broker = make_broker(settings_for(servers, dsn), "test")
    consume(broker, COMMANDS, CampaignCommand, take, group="ended")
    async with started(broker):
        await reaches_kafka(broker)
        [consumer] = consumers_of(broker)
        coordinator = consumer._coordinator
        monkeypatch.setattr(coordinator, "ensure_coordinator_known", fail)
        coordinator.request_rejoin()

        async def is_unready() -> bool:
            try:
                await reaches_kafka(broker)
            except ConnectionError:
                return True
            return False

        await until(is_unready)
