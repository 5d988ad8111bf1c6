"""What aiokafka lacks to outlast a Kafka that is away, added when a broker is made.

* A pause: while no broker answers, aiokafka asks for metadata thousands of times a second, and logs
  each failure: https://github.com/aio-libs/aiokafka/issues/496. Its option `retry_backoff_ms` does
  not cover this loop.
* A fault that it knows: uvloop raises RuntimeError where a connection is used that closed a moment
  ago. aiokafka expects OSError there; its consumer would end for ever.

Each to be removed when its test passes without it.

`has_ended` tells of a consumer that ended for another fault, which aiokafka tells its poller only.
"""

import asyncio
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.client import AIOKafkaClient
from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError

METADATA_RETRY_SECONDS = 0.2

_update = AIOKafkaClient._metadata_update
_send = AIOKafkaConnection.send


async def _paced_update(client: AIOKafkaClient, *arguments: Any) -> Any:
    is_updated = await _update(client, *arguments)
    if not is_updated:
        await asyncio.sleep(METADATA_RETRY_SECONDS)
    return is_updated


def _send_if_open(connection: AIOKafkaConnection, *arguments: Any, **options: Any) -> Any:
    if connection._writer is not None and connection._writer.is_closing():
        connection.close(reason=CloseReason.CONNECTION_BROKEN)
        raise KafkaConnectionError(f"{connection.host}:{connection.port} closed the connection")
    return _send(connection, *arguments, **options)


def patch_aiokafka() -> None:
    """Replace methods of its classes; a second call changes nothing."""
    AIOKafkaClient._metadata_update = _paced_update
    AIOKafkaConnection.send = _send_if_open


def has_ended(consumer: AIOKafkaConsumer) -> bool:
    """Whether the consumer has left its group for ever: the task that keeps it there is over."""
    coordinator = consumer._coordinator
    return coordinator is not None and coordinator._coordination_task.done()
