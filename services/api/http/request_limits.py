"""How many requests an API key may send in a minute, and how many a tenant may have under way."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from redis.asyncio import Redis
from redis.exceptions import RedisError
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.api.refusals import Refused

WINDOW_SECONDS = 60
# While Redis is away no request waits for it, but for one in each such span.
AWAY_SECONDS = 1.0
RETRY_AFTER_SECONDS = 1
# The name of the only policy, in the headers of the IETF's draft.
POLICY = '"default"'
ALLOWANCE = "allowance"
# One command, which costs half of two.
COUNT = """
local used = redis.call('INCR', KEYS[1])
if used == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return used
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """The requests that a key may send in this window, and those that are left of them."""

    quota: int
    left: int
    reset_seconds: int

    def headers(self) -> dict[str, str]:
        return {
            "RateLimit-Policy": f"{POLICY};q={self.quota};w={WINDOW_SECONDS}",
            "RateLimit": f"{POLICY};r={max(0, self.left)};t={self.reset_seconds}",
        }


@dataclass(slots=True)
class RequestRates:
    """Counts requests in Redis, for all processes together, by one round trip each.

    The counts may be lost. Without Redis every request passes: the API is worth more than its
    limit.
    """

    redis: Redis | None = None
    per_minute: int = 30_000
    _away_until: float = 0.0

    async def count(
        self, tenant_id: int, api_key_id: int, *, own: int | None, now: datetime
    ) -> Allowance | None:
        """The allowance of a key after this request; `own` is the key's own rate, if it
        has one.
        """
        window, passed = divmod(int(now.timestamp()), WINDOW_SECONDS)
        used = await self._used(f"outdial:requests:{tenant_id}:{api_key_id}:{window}")
        if used is None:
            return None
        quota = min(own or self.per_minute, self.per_minute)
        return Allowance(quota=quota, left=quota - used, reset_seconds=WINDOW_SECONDS - passed)

    async def _used(self, key: str) -> int | None:
        if self.redis is None or time.monotonic() < self._away_until:
            return None
        try:
            used = await self.redis.register_script(COUNT)(keys=[key], args=[WINDOW_SECONDS])
        except (RedisError, OSError):
            self._away_until = time.monotonic() + AWAY_SECONDS
            return None
        return int(used)


def refuse_excess(allowance: Allowance) -> None:
    if allowance.left >= 0:
        return
    detail = (
        f"this API key may send {allowance.quota:,} requests in a minute; go on in "
        f"{allowance.reset_seconds} seconds"
    )
    raise Refused("rate_limited", detail, retry_after=allowance.reset_seconds)


@dataclass(frozen=True, slots=True)
class RequestsAtOnce:
    """The requests of each tenant that this process has under way."""

    most: int = 200
    _under_way: Counter[int] = field(default_factory=Counter)

    @contextmanager
    def one_more(self, tenant_id: int) -> Iterator[None]:
        if self._under_way[tenant_id] >= self.most:
            detail = (
                f"the tenant has {self.most:,} requests under way, the most that it may have; "
                "send the next one when one of them is answered"
            )
            raise Refused("too_many_requests_at_once", detail, retry_after=RETRY_AFTER_SECONDS)
        self._under_way[tenant_id] += 1
        try:
            yield
        finally:
            self._under_way[tenant_id] -= 1
            if not self._under_way[tenant_id]:
                del self._under_way[tenant_id]


class RatedRequests:
    """Middleware of a façade: every answer to a request that was counted says what is left."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})

        async def rated(message: Message) -> None:
            allowance: Allowance | None = state.get(ALLOWANCE)
            if message["type"] == "http.response.start" and allowance is not None:
                MutableHeaders(scope=message).update(allowance.headers())
            await send(message)

        await self._app(scope, receive, rated)
