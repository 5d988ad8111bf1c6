"""The infrastructure faults that pass by themselves, and a retry that waits for their end."""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

import aiokafka.errors
import asyncpg
import redis.exceptions
import stamina

from shared.runtime.faults import in_words
from shared.runtime.metrics import RETRIES

logger = logging.getLogger(__name__)

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
LONGEST_PAUSE_SECONDS = 1.0
# With pauses of up to a second, a line every few seconds.
LOGGED_TRIES = 5


async def patiently(
    what: str, act: Callable[[], Awaitable[T]], *, seconds: float = PATIENCE_SECONDS
) -> T:
    """Call `act`, again after each transient fault, for `seconds`; then raise the fault.

    The first of the faults is logged, and then one in five.
    """
    async for attempt in stamina.retry_context(
        on=TRANSIENT,
        attempts=None,
        timeout=seconds,
        wait_initial=0.05,
        wait_max=LONGEST_PAUSE_SECONDS,
    ):
        with attempt:
            if attempt.num > 1:
                RETRIES.labels(what).inc()
            try:
                return await act()
            except TRANSIENT as error:
                if attempt.num % LOGGED_TRIES == 1:
                    extra = {"what": what, "tries": attempt.num, "error": in_words(error)}
                    logger.warning("tried again after a fault", extra=extra)
                raise
    raise AssertionError("the retry context returns or raises")
