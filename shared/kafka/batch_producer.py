"""FastStream's producer, with a cheaper way to publish a batch.

FastStream awaits a codec and makes the headers anew for each message, which takes longer than to
append the message to the batch. Here all messages of a batch are bytes and share their headers.
"""

import asyncio

from aiokafka.structs import RecordMetadata
from faststream.kafka import KafkaBroker
from faststream.kafka.exceptions import BatchBufferOverflowException
from faststream.kafka.publisher.producer import AioKafkaFastProducerImpl
from faststream.kafka.response import KafkaPublishCommand
from typing_extensions import override


class BatchProducer(AioKafkaFastProducerImpl):
    @override
    async def publish_batch(
        self, cmd: KafkaPublishCommand
    ) -> asyncio.Future[RecordMetadata] | RecordMetadata:
        producer = self._producer.producer
        batch = producer.create_batch()
        headers = [(name, value.encode()) for name, value in cmd.headers_to_publish().items()]
        for position, body in enumerate(cmd.batch_bodies):
            key = cmd.key_for(position)
            if batch.append(key=key, value=body, timestamp=None, headers=headers) is None:
                raise BatchBufferOverflowException(message_position=position)
        sent = await producer.send_batch(batch, cmd.destination, partition=cmd.partition)
        return await sent


def use_batch_producer(broker: KafkaBroker) -> None:
    """Call it before the broker is started."""
    broker.config.broker_config.producer = BatchProducer(parser=None, decoder=None)
