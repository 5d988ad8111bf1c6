"""Messages that are published together keep their keys, their headers and their order."""

from collections import defaultdict

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from faststream.kafka import KafkaBroker
from faststream.kafka.exceptions import BatchBufferOverflowException

from outdial.stack.servers import LocalServers
from shared.kafka.broker import BATCH, CONTENT_TYPE, MEBIBYTE, partition_of, publish_raw
from shared.kafka.messages.attempts import ATTEMPTS_DUE
from shared.kafka.topics import PARTITIONS


async def test_each_message_of_a_batch_has_its_key_and_the_headers(
    servers: LocalServers, broker: KafkaBroker
) -> None:
    keys = [f"key {number % 7}" for number in range(2 * BATCH + 1)]
    rows = [(ATTEMPTS_DUE, key, b"%d" % number) for number, key in enumerate(keys)]
    consumer = AIOKafkaConsumer(bootstrap_servers=servers.kafka.url)
    await consumer.start()
    places = [TopicPartition(ATTEMPTS_DUE, each) for each in range(PARTITIONS[ATTEMPTS_DUE])]
    consumer.assign(places)
    await consumer.seek_to_end(*places)

    await publish_raw(broker, rows)

    values = defaultdict(list)
    for _ in rows:
        record = await consumer.getone()
        assert record.partition == partition_of(ATTEMPTS_DUE, record.key)
        assert dict(record.headers)["content-type"].decode() == CONTENT_TYPE["content-type"]
        values[record.key.decode()].append(int(record.value))
    await consumer.stop()
    assert values == {
        key: [number for number, own in enumerate(keys) if own == key] for key in set(keys)
    }


async def test_a_batch_that_is_too_large_is_refused(broker: KafkaBroker) -> None:
    half = b"x" * (MEBIBYTE // 2)

    with pytest.raises(BatchBufferOverflowException):
        await publish_raw(broker, [(ATTEMPTS_DUE, "key", half)] * 3)
