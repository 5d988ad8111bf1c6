"""While no broker answers, the client pauses between metadata requests."""

import asyncio
import logging

import pytest
from aiokafka.client import AIOKafkaClient

from outdial.stack.ports import free_port
from outdial.stack.servers import LocalServers
from shared.kafka.aiokafka_patch import METADATA_RETRY_SECONDS, pace_metadata_updates


async def test_metadata_is_not_asked_for_without_a_pause(
    servers: LocalServers, caplog: pytest.LogCaptureFixture
) -> None:
    pace_metadata_updates()
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
