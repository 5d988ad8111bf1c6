"""Sends call events: in order per call, each tried a limited number of times."""

import asyncio
from collections import deque
from typing import Any

import aiohttp
import orjson
import structlog

Event = dict[str, Any]

# About fifteen seconds in all, so that a listener that restarts still gets the event.
_DELAYS = (0.1, 0.2, 0.4, 0.8, 1.6, 3.0, 3.0, 3.0, 3.0)
_TIMEOUT = aiohttp.ClientTimeout(total=5)
_CONNECTIONS = 32
_HEADERS = {"content-type": "application/json"}

logger = structlog.get_logger()


class EventSender:
    def __init__(self) -> None:
        connector = aiohttp.TCPConnector(limit=_CONNECTIONS, keepalive_timeout=30)
        self._client = aiohttp.ClientSession(connector=connector, timeout=_TIMEOUT)
        self._queues: dict[str, deque[tuple[str, bytes]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def send(self, reference: str, url: str, event: Event) -> None:
        queue = self._queues.get(reference)
        if queue is not None:
            queue.append((url, orjson.dumps(event)))
            return
        self._queues[reference] = deque([(url, orjson.dumps(event))])
        task = asyncio.create_task(self._send_all(reference))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.close()

    async def _send_all(self, reference: str) -> None:
        queue = self._queues[reference]
        while queue:
            await self._send_one(reference, *queue.popleft())
        del self._queues[reference]

    async def _send_one(self, reference: str, url: str, body: bytes) -> None:
        for delay in _DELAYS:
            if await self._is_taken(url, body):
                return
            await asyncio.sleep(delay)
        if not await self._is_taken(url, body):
            logger.warning("event given up", reference=reference)

    async def _is_taken(self, url: str, body: bytes) -> bool:
        try:
            async with self._client.post(url, data=body, headers=_HEADERS) as response:
                return response.ok
        except (aiohttp.ClientError, TimeoutError):
            return False
