"""The infrastructure faults that pass by themselves, and a retry that waits for their end."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import aiokafka.errors
import asyncpg
import redis.exceptions
import stamina

from shared.runtime.metrics import RETRIES

TRANSIENT: tuple[type[Exception], ...] = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    # Raised by a query on a connection that the server is closing.
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.ReadOnlySQLTransactionError,
    redis.exceptions.ConnectionError,
    redis.exceptions.TimeoutError,
    redis.exceptions.ReadOnlyError,
    aiokafka.errors.KafkaError,
)

T = TypeVar("T")

# Longer than a restart of any of the servers, well under Kafka's 300 s between polls.
PATIENCE_SECONDS = 120.0


async def patiently(
    what: str, act: Callable[[], Awaitable[T]], *, seconds: float = PATIENCE_SECONDS
) -> T:
    """Call `act`, again after each transient fault, for `seconds`; then raise the fault."""
    async for attempt in stamina.retry_context(
        on=TRANSIENT, attempts=None, timeout=seconds, wait_initial=0.05, wait_max=1.0
    ):
        with attempt:
            if attempt.num > 1:
                RETRIES.labels(what).inc()
            return await act()
    raise AssertionError("the retry context returns or raises")
