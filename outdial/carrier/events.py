"""Sends call events: in order per call, each tried a limited number of times."""

import asyncio
from collections import deque
from typing import Any, NamedTuple

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


class Post(NamedTuple):
    url: str
    body: bytes
    headers: dict[str, str]


class EventSender:
    def __init__(self) -> None:
        connector = aiohttp.TCPConnector(limit=_CONNECTIONS, keepalive_timeout=30)
        self._client = aiohttp.ClientSession(connector=connector, timeout=_TIMEOUT)
        self._queues: dict[str, deque[Post]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def send(
        self, reference: str, url: str, event: Event, *, traceparent: str | None = None
    ) -> None:
        headers = _HEADERS if traceparent is None else {**_HEADERS, "traceparent": traceparent}
        post = Post(url, orjson.dumps(event), headers)
        queue = self._queues.get(reference)
        if queue is not None:
            queue.append(post)
            return
        self._queues[reference] = deque([post])
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
            await self._send_one(reference, queue.popleft())
        del self._queues[reference]

    async def _send_one(self, reference: str, post: Post) -> None:
        for delay in _DELAYS:
            if await self._is_taken(post):
                return
            await asyncio.sleep(delay)
        if not await self._is_taken(post):
            logger.warning("event given up", reference=reference)

    async def _is_taken(self, post: Post) -> bool:
        try:
            async with self._client.post(
                post.url, data=post.body, headers=post.headers
            ) as response:
                return response.ok
        except (aiohttp.ClientError, TimeoutError):
            return False
