"""Tells call events to whoever asked: in order per call, each tried a bounded number of times."""

import asyncio
from collections import deque
from typing import Any

import aiohttp
import orjson
import structlog

Event = dict[str, Any]

# About fifteen seconds in all: a listener that restarts is still told.
_DELAYS = (0.1, 0.2, 0.4, 0.8, 1.6, 3.0, 3.0, 3.0, 3.0)
_TIMEOUT = aiohttp.ClientTimeout(total=5)
_CONNECTIONS = 32
_HEADERS = {"content-type": "application/json"}

logger = structlog.get_logger()


class EventTeller:
    def __init__(self) -> None:
        connector = aiohttp.TCPConnector(limit=_CONNECTIONS, keepalive_timeout=30)
        self._client = aiohttp.ClientSession(connector=connector, timeout=_TIMEOUT)
        self._queues: dict[str, deque[tuple[str, bytes]]] = {}
        self._deliveries: set[asyncio.Task[None]] = set()

    def tell(self, reference: str, url: str, event: Event) -> None:
        queue = self._queues.get(reference)
        if queue is not None:
            queue.append((url, orjson.dumps(event)))
            return
        self._queues[reference] = deque([(url, orjson.dumps(event))])
        delivery = asyncio.create_task(self._deliver_all(reference))
        self._deliveries.add(delivery)
        delivery.add_done_callback(self._deliveries.discard)

    async def close(self) -> None:
        for delivery in self._deliveries:
            delivery.cancel()
        await asyncio.gather(*self._deliveries, return_exceptions=True)
        await self._client.close()

    async def _deliver_all(self, reference: str) -> None:
        queue = self._queues[reference]
        while queue:
            await self._deliver(reference, *queue.popleft())
        del self._queues[reference]

    async def _deliver(self, reference: str, url: str, body: bytes) -> None:
        for delay in _DELAYS:
            if await self._taken(url, body):
                return
            await asyncio.sleep(delay)
        if not await self._taken(url, body):
            logger.warning("event given up", reference=reference)

    async def _taken(self, url: str, body: bytes) -> bool:
        try:
            async with self._client.post(url, data=body, headers=_HEADERS) as response:
                return response.ok
        except (aiohttp.ClientError, TimeoutError):
            return False
