"""Publishing to Kafka and consuming from it; no other module does either."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from zlib import crc32

from aiokafka import AIOKafkaConsumer, ConsumerRecord
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaResponse
from faststream.kafka.prometheus import KafkaPrometheusMiddleware
from faststream.kafka.subscriber.usecase import LogicSubscriber
from faststream.message import StreamMessage
from prometheus_client import REGISTRY
from pydantic import TypeAdapter, ValidationError

from shared.kafka.aiokafka_patch import has_ended, patch_aiokafka
from shared.kafka.batch_producer import use_batch_producer
from shared.kafka.messages.envelope import Message
from shared.kafka.topics import AWAY, PARTITIONS, dead_letters
from shared.runtime.metrics import MESSAGES_PARKED
from shared.runtime.retries import TRANSIENT, patiently
from shared.runtime.settings import Settings

logger = logging.getLogger(__name__)

M = TypeVar("M", bound=Message)

CONTENT_TYPE = {"content-type": "application/cloudevents+json"}
BATCH = 500
# How long a service waits at its start for a Kafka that is not up yet.
START_SECONDS = 30.0
MEBIBYTE = 1024 * 1024


def make_broker(settings: Settings, service: str) -> KafkaBroker:
    """A broker that loses nothing: acks of all replicas, and no topics made by accident.

    Its producer is not idempotent. After a batch has expired while Kafka was away, aiokafka's
    idempotent producer gets OutOfOrderSequenceNumber for ever; and consumers take messages twice.
    """
    patch_aiokafka()
    broker = KafkaBroker(
        settings.kafka_url.split(","),
        client_id=f"outdial-{service}",
        acks="all",
        # aiokafka's 16 KiB are too small for a batch of 500.
        max_batch_size=MEBIBYTE,
        max_request_size=2 * MEBIBYTE,
        request_timeout_ms=20_000,
        allow_auto_create_topics=False,
        ack_policy=AckPolicy.ACK,
        graceful_timeout=10.0,
        middlewares=[
            KafkaPrometheusMiddleware(
                registry=REGISTRY, app_name=service, metrics_prefix="outdial_kafka"
            )
        ],
        logger=logging.getLogger("faststream"),
    )
    use_batch_producer(broker)
    return broker


@asynccontextmanager
async def started(broker: KafkaBroker) -> AsyncIterator[None]:
    """The broker, connected and with running subscribers. Waits for a Kafka that is not up yet.

    Ends the program with one line if none answers.
    """
    try:
        await patiently("kafka", broker.start, seconds=START_SECONDS)
    except TRANSIENT:
        await broker.stop()
        raise SystemExit(AWAY) from None
    try:
        yield
    finally:
        await broker.stop()


async def stop_consuming(broker: KafkaBroker) -> None:
    """Take no more messages. Batches in work are finished, and publishing goes on."""
    await asyncio.gather(*(subscriber.stop() for subscriber in broker.subscribers))


async def reaches_kafka(broker: KafkaBroker) -> None:
    """For `/readyz`: raises when no Kafka broker answers, and when a consumer has ended.

    FastStream polls an ended consumer for ever; only a restart of the service helps.
    """
    if not await broker.ping(timeout=2):
        raise ConnectionError("no Kafka broker answers")
    if any(map(has_ended, consumers_of(broker))):
        raise ConnectionError("a consumer has ended")


def consumers_of(broker: KafkaBroker) -> list[AIOKafkaConsumer]:
    """The consumers of the subscribers that run."""
    return [
        subscriber.consumer
        for subscriber in broker.subscribers
        if isinstance(subscriber, LogicSubscriber) and subscriber.consumer is not None
    ]


def partition_of(topic: str, key: bytes) -> int:
    """One partition per key. Cheaper than Kafka's own hash; no other producer writes here."""
    return crc32(key) % PARTITIONS[topic]


async def publish(broker: KafkaBroker, messages: Iterable[Message]) -> None:
    """Publish the messages, in order per key; returns when all in-sync replicas have them."""
    await publish_raw(
        broker, ((message.topic, message.partitionkey, message.encoded()) for message in messages)
    )


async def publish_raw(broker: KafkaBroker, rows: Iterable[tuple[str, str, bytes]]) -> None:
    """Publish (topic, key, encoded message), as `publish` does.

    A request of aiokafka takes one partition, so the messages are grouped by partition.
    """
    groups: dict[tuple[str, int], list[KafkaResponse]] = defaultdict(list)
    for topic, key, payload in rows:
        encoded = key.encode()
        groups[topic, partition_of(topic, encoded)].append(KafkaResponse(payload, key=encoded))
    await asyncio.gather(
        *(
            _publish_group(broker, topic, partition, group)
            for (topic, partition), group in groups.items()
        )
    )


async def _publish_group(
    broker: KafkaBroker, topic: str, partition: int, group: Sequence[KafkaResponse]
) -> None:
    for start in range(0, len(group), BATCH):
        await broker.publish_batch(
            *group[start : start + BATCH], topic=topic, partition=partition, headers=CONTENT_TYPE
        )


def consume(
    broker: KafkaBroker,
    topic: str,
    shape: Any,
    handler: Callable[[list[M]], Awaitable[None]],
    *,
    group: str,
    limit: int = BATCH,
) -> None:
    """Give the topic's messages to `handler` in batches, each at least once.

    An infrastructure fault is waited out. A message that cannot be read or handled is parked alone
    on the dead-letter topic. Correctness does not depend on offsets, but on the states of
    attempts and on the compare-and-set.
    """
    adapter: TypeAdapter[M] = TypeAdapter(shape)

    async def decode(message: StreamMessage[Any]) -> list[M]:
        readable = []
        for record in message.raw_message:
            try:
                readable.append(adapter.validate_json(record.value))
            except ValidationError:
                await park(broker, record, reason="unreadable")
        return readable

    async def on_batch(batch: list[M]) -> None:
        if not batch:
            return
        try:
            await patiently(group, lambda: handler(batch))
        except Exception:  # the loop of a consumer: one bad message must not stop the others
            logger.exception("batch not handled", extra={"topic": topic, "size": len(batch)})
            await _one_by_one(broker, topic, batch, handler)

    on_batch.__annotations__["batch"] = list[shape]
    subscriber = broker.subscriber(
        topic,
        group_id=f"outdial.{group}",
        batch=True,
        max_records=limit,
        batch_timeout_ms=10,
        fetch_max_wait_ms=50,
        auto_offset_reset="earliest",
        session_timeout_ms=6_000,
        heartbeat_interval_ms=2_000,
        ack_policy=AckPolicy.ACK,
        decoder=decode,
    )
    subscriber(on_batch)


async def _one_by_one(
    broker: KafkaBroker,
    topic: str,
    batch: list[M],
    handler: Callable[[list[M]], Awaitable[None]],
) -> None:
    for message in batch:
        try:
            await handler([message])
        except TRANSIENT:
            await _park_message(broker, topic, message, reason="unavailable")
        except Exception:  # the same: it is parked with its reason, and the next one follows
            logger.exception("message not handled", extra={"topic": topic, "id": str(message.id)})
            await _park_message(broker, topic, message, reason="unhandled")


async def _park_message(broker: KafkaBroker, topic: str, message: Message, *, reason: str) -> None:
    MESSAGES_PARKED.labels(topic, reason).inc()
    await broker.publish(
        message.encoded(),
        topic=dead_letters(topic),
        key=message.partitionkey.encode(),
        headers={**CONTENT_TYPE, "x-dlq-reason": reason, "x-dlq-topic": topic},
    )


async def park(broker: KafkaBroker, record: ConsumerRecord[Any, Any], *, reason: str) -> None:
    """Publish the record, byte for byte, on the dead-letter topic."""
    MESSAGES_PARKED.labels(record.topic, reason).inc()
    logger.error(
        "message parked",
        extra={"topic": record.topic, "offset": record.offset, "reason": reason},
    )
    await broker.publish(
        record.value or b"",
        topic=dead_letters(record.topic),
        key=record.key,
        headers={
            "x-dlq-reason": reason,
            "x-dlq-topic": record.topic,
            "x-dlq-partition": str(record.partition),
            "x-dlq-offset": str(record.offset),
        },
    )
