"""Sends due webhook deliveries; an endpoint that does not answer delays no other endpoint."""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import aiohttp
import orjson

from services.events.webhooks.post import GONE, Answer, post
from services.events.webhooks.renderings import OF_CALLS
from services.events.webhooks.schedule import next_try_at
from shared.db.events import webhook_calls, webhooks
from shared.db.events.webhook_calls import EventCall
from shared.db.events.webhooks import DueDelivery, EndpointKey, TryResult
from shared.db.types import Connection, Pool
from shared.domain.deliveries import DeliveryState
from shared.runtime.batching import Batcher
from shared.runtime.metrics import WEBHOOK_TRIES
from shared.runtime.retries import patiently

logger = logging.getLogger(__name__)

# Well above the 15 s of a post. After this another sender takes the deliveries of one that died.
LEASE = timedelta(seconds=60)
# The longest Retry-After that is kept; it delays all deliveries of the endpoint.
LONGEST_REST = timedelta(hours=1)
# How often all endpoints with pending deliveries are searched while the proven ones are served.
LOOK_AROUND = timedelta(milliseconds=100)
SECONDS_TO_FINISH = 2.0


class WebhookSender:
    """Makes up to `posts` posts at a time, up to `per_endpoint` of them to one endpoint.

    An endpoint is proven if it took its last post. One that is not proven gets one post at a time,
    and all of these share half of `posts`: a thousand that hang leave room for the others.
    """

    def __init__(
        self,
        pool: Pool,
        session: aiohttp.ClientSession,
        *,
        posts: int = 256,
        per_endpoint: int = 16,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._pool = pool
        self._session = session
        self._posts = posts
        self._per_endpoint = per_endpoint
        self._chance = chance
        self._results = Batcher(self._record)
        self._endpoint_of: dict[asyncio.Task[None], EndpointKey] = {}
        self._proven: set[EndpointKey] = set()
        self._resting: dict[EndpointKey, datetime] = {}
        self._look_around_at = datetime.min.replace(tzinfo=UTC)

    async def run_once(self, now: datetime) -> bool:
        """Start due posts and wait until one ends; returns whether any was under way."""
        self._forget_finished()
        for delivery in await self._take(now):
            task = asyncio.create_task(self._try(delivery, now))
            self._endpoint_of[task] = delivery.key.endpoint
        if not self._endpoint_of:
            return False
        await asyncio.wait(self._endpoint_of, timeout=0.2, return_when=asyncio.FIRST_COMPLETED)
        return True

    async def aclose(self) -> None:
        """Give posts a moment to end; another sender repeats those that are cut off."""
        if not self._endpoint_of:
            return
        _, late = await asyncio.wait(self._endpoint_of, timeout=SECONDS_TO_FINISH)
        for task in late:
            task.cancel()
        await asyncio.gather(*self._endpoint_of, return_exceptions=True)

    def _forget_finished(self) -> None:
        finished = [task for task in self._endpoint_of if task.done()]
        for task in finished:
            del self._endpoint_of[task]
        for task in finished:
            task.result()

    async def _take(self, now: datetime) -> list[DueDelivery]:
        self._resting = {key: until for key, until in self._resting.items() if until > now}
        busy = Counter(self._endpoint_of.values())
        free = self._posts - busy.total()
        if free <= 0:
            return []
        async with self._pool.acquire() as conn:
            taken = await webhooks.take_due(
                conn,
                now=now,
                leased_until=now + LEASE,
                limit=free,
                per_endpoint=self._per_endpoint,
                busy=busy,
                only=self._proven - self._resting.keys(),
            )
            if not taken or now >= self._look_around_at:
                self._look_around_at = now + LOOK_AROUND
                tested = sum(n for endpoint, n in busy.items() if endpoint not in self._proven)
                taken += await webhooks.take_due(
                    conn,
                    now=now,
                    leased_until=now + LEASE,
                    limit=max(0, min(free - len(taken), self._posts // 2 - tested)),
                    per_endpoint=1,
                    busy=busy,
                    without=self._proven | self._resting.keys(),
                )
            return await with_calls(conn, taken)

    async def _try(self, delivery: DueDelivery, now: datetime) -> None:
        clock = asyncio.get_running_loop().time
        started = clock()
        answer = await post(self._session, delivery, now=now)
        ended_at = now + timedelta(seconds=clock() - started)
        self._learn(delivery.key.endpoint, answer, now=ended_at)
        result = _result(delivery, answer, now=ended_at, chance=self._chance())
        WEBHOOK_TRIES.labels(_label(result)).inc()
        await self._results.add(result)

    def _learn(self, endpoint: EndpointKey, answer: Answer, *, now: datetime) -> None:
        if answer.taken:
            if answer.status is not None:
                self._proven.add(endpoint)
            return
        self._proven.discard(endpoint)
        if answer.retry_after is not None:
            self._resting[endpoint] = now + min(answer.retry_after, LONGEST_REST)

    async def _record(self, results: list[TryResult]) -> None:
        await patiently("webhooks", lambda: self._write(results))

    async def _write(self, results: list[TryResult]) -> None:
        gone = {result.key.endpoint: result for result in results if result.status == GONE}
        async with self._pool.acquire() as conn, conn.transaction():
            await webhooks.lock_endpoints(conn, gone)
            await webhooks.record_results(conn, results)
            for endpoint, result in sorted(gone.items()):
                await webhooks.disable(conn, endpoint, now=result.tried_at)
        for endpoint in gone:
            logger.warning("webhook endpoint disabled", extra=endpoint._asdict())


async def with_calls(conn: Connection, taken: Sequence[DueDelivery]) -> list[DueDelivery]:
    """The same deliveries; the events of those whose bodies are of calls have their calls."""
    wanted = {}
    for delivery in taken:
        if delivery.event is not None and delivery.rendering in OF_CALLS:
            data = orjson.loads(delivery.event.payload)["data"]
            if "contact_id" in data:
                attempt_id = data.get("attempt_id")
                wanted[delivery.key] = (
                    delivery.key.tenant_id,
                    data["contact_id"],
                    None if attempt_id is None else UUID(attempt_id),
                )
    if not wanted:
        return list(taken)
    calls = dict(zip(wanted, await webhook_calls.of(conn, list(wanted.values())), strict=True))
    return [_with_call(delivery, calls.get(delivery.key)) for delivery in taken]


def _with_call(delivery: DueDelivery, call: EventCall | None) -> DueDelivery:
    if call is None or delivery.event is None:
        return delivery
    return replace(delivery, event=replace(delivery.event, call=call))


def _result(delivery: DueDelivery, answer: Answer, *, now: datetime, chance: float) -> TryResult:
    again_at = None
    if answer.taken:
        state = DeliveryState.DELIVERED
    else:
        if answer.status != GONE:
            again_at = next_try_at(
                delivery.tries + 1, now=now, chance=chance, retry_after=answer.retry_after
            )
        state = DeliveryState.EXHAUSTED if again_at is None else DeliveryState.PENDING
    return TryResult(
        key=delivery.key,
        tries=delivery.tries,
        state=state,
        tried_at=now,
        next_try_at=again_at,
        status=answer.status,
        error=answer.error,
    )


def _label(result: TryResult) -> str:
    """The resulting state; a delivery that is still pending counts as failed."""
    return "failed" if result.state is DeliveryState.PENDING else str(result.state)
