"""Permits to start calls: leases for concurrency, rolling windows for rates, in one Lua call.

Redis may lose everything at any moment, or come back with old data. The epoch names the life of the
server in which it was made. Without an epoch of the present life nothing is granted until the
leases are rebuilt from the attempts that PostgreSQL shows as dialed.
"""

import asyncio
import logging
import secrets
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Literal, NamedTuple

import orjson
from redis.asyncio import Redis
from redis.exceptions import NoScriptError

from shared.db import dialing
from shared.db.types import Pool
from shared.domain.attempts import CallReference
from shared.domain.capacity.margins import LONGEST_RATE_SPAN, RATE_MARGIN, RATE_WINDOW
from shared.domain.capacity.scopes import (
    INSTALLATION,
    Caps,
    Hierarchy,
    Scope,
    ScopeKind,
)
from shared.runtime.metrics import PERMIT_REBUILDS

logger = logging.getLogger(__name__)

EPOCH = "outdial:epoch"
REBUILDING = "outdial:rebuilding"

# A permit must be used within this time of being asked for, else it is void (seconds).
PERMIT_SECONDS = 0.15
MILLISECOND = timedelta(milliseconds=1)
# The quiet time before a new epoch: as long as the shortest rate window. A longer window of a
# trunk stays closed until it reaches back no further than the begin of this time.
QUIET_MS = RATE_WINDOW // MILLISECOND
# A call that may have arrived this very moment counts as one whose permit was used some time ago:
# its place is free again when the carrier's span after its arrival is over, and 20 ms later.
ARRIVED_MS_AGO = RATE_MARGIN // MILLISECOND - 20
RATES_KEPT_MS = (LONGEST_RATE_SPAN + RATE_MARGIN) * 2 // MILLISECOND
LEASE_MARGIN_SECONDS = 600


class Refusal(NamedTuple):
    """No permit now: ask again after `seconds`; the cap of a `scope` of this kind is reached."""

    seconds: float
    scope: ScopeKind | Literal["lost"]


class PermitsLostError(ConnectionError):
    """Redis has lost the leases. Nothing is granted until they are rebuilt."""


@dataclass(slots=True)
class Permits:
    redis: Redis
    pool: Pool
    lease_seconds: float
    _script: str = ""
    _epoch: str = ""
    _pause: Callable[[float], Awaitable[None]] = field(default=asyncio.sleep)

    async def acquire(
        self, wanted: Sequence[tuple[CallReference, Hierarchy]], caps: dict[Scope, Caps]
    ) -> list[Refusal | None]:
        """Ask for a permit per attempt, in all of its scopes or in none; None means granted."""
        # Scopes without a cap too: a cap that is set later must count the calls that are up.
        scopes = list(caps)
        numbers = {scope: number for number, scope in enumerate(scopes, start=1)}
        hierarchies = {own: number for number, own in enumerate({own for _, own in wanted}, 1)}
        keys = [EPOCH]
        for scope in scopes:
            keys += [_leases(scope), _rate(scope)]
        request = {
            "epoch": await self._known_epoch(),
            "quiet": QUIET_MS,
            "lease": int((self.lease_seconds + LEASE_MARGIN_SECONDS) * 1000),
            "caps": [(own.max_concurrent or 0, *_rate_of(own)) for own in caps.values()],
            "hierarchies": [
                [numbers[scope] for scope in own if scope in numbers] for own in hierarchies
            ],
            "attempts": [(str(reference), hierarchies[own]) for reference, own in wanted],
        }
        refused = await self._run(keys, orjson.dumps(request))
        answers: list[Refusal | None] = [None] * len(wanted)
        for index, wait, binding in zip(refused[::3], refused[1::3], refused[2::3], strict=True):
            answers[index - 1] = Refusal(wait / 1000, scopes[binding - 1].kind)
        return answers

    async def release(self, leases: Iterable[tuple[CallReference, Hierarchy]]) -> None:
        """Give the leases back; scopes of the same calls share one list of them."""
        members: dict[Hierarchy, list[str]] = defaultdict(list)
        for reference, own in leases:
            members[own].append(str(reference))
        if not members:
            return
        given = [(scope, number) for number, own in enumerate(members, 1) for scope in own]
        request = {"members": list(members.values()), "lists": [number for _, number in given]}
        script = self.redis.register_script(_source("release.lua"))
        await script(keys=[_leases(scope) for scope, _ in given], args=[orjson.dumps(request)])

    async def count_from_now(self, calls: Iterable[tuple[CallReference, Hierarchy]]) -> None:
        """Count calls for the rate from now on, because they may have arrived only now."""
        members = _by_scope(calls)
        if not members:
            return
        arguments: list[str | int] = [ARRIVED_MS_AGO, RATES_KEPT_MS]
        for own in members.values():
            arguments += [len(own), *own]
        script = self.redis.register_script(_source("recount.lua"))
        await script(keys=[_rate(scope) for scope in members], args=arguments)

    async def sweep(self, _now: datetime) -> bool:
        """Release the leases of attempts that have ended.

        A rebuild leases an attempt again whose lease was released but whose end is not folded yet.
        The leases are read before the attempts, because an ended attempt is never dialed again.
        """
        members = await self.redis.zrange(_leases(INSTALLATION), 0, -1)
        held = [CallReference.parse(str(member)) for member in members]
        leaked = await dialing.ended(self.pool, held)
        await self.release(leaked.items())
        return False

    async def _run(self, keys: list[str], request: bytes) -> list[int]:
        try:
            answer = await self.redis.evalsha(self._script, len(keys), *keys, request)
        except NoScriptError:
            # A restarted Redis has no scripts, and may have come back with old leases.
            answer = None
        if answer is None:
            self._epoch = ""
            raise PermitsLostError("the leases were lost")
        return list(answer)

    async def _known_epoch(self) -> str:
        if not self._epoch:
            life = (await self.redis.info("server"))["run_id"]
            self._script = await self.redis.script_load(_source("acquire.lua"))
            known = str(await self.redis.get(EPOCH) or "")
            self._epoch = known if known.startswith(life) else await self._rebuild(life)
        return self._epoch

    async def _rebuild(self, life: str) -> str:
        """Wait until every permit of the lost epoch is used or void, then lease dialed attempts."""
        word = secrets.token_hex(8)
        alone = await self.redis.set(REBUILDING, word, nx=True, px=QUIET_MS * 8)
        if not alone:
            raise PermitsLostError("another process rebuilds the leases")
        logger.warning("leases are being rebuilt", extra={"action": "permits_rebuild"})
        PERMIT_REBUILDS.inc()
        await self._pause(QUIET_MS / 1000)
        time, micros = await self.redis.time()
        epoch = f"{life}:{word}:{time * 1000 + micros // 1000}"
        live = await dialing.live_leases(self.pool)
        expires = (time + self.lease_seconds + LEASE_MARGIN_SECONDS) * 1000
        async with self.redis.pipeline(transaction=True) as pipeline:
            for reference, scopes in live.items():
                for scope in scopes:
                    _ = pipeline.zadd(_leases(scope), {str(reference): expires})
            _ = pipeline.set(EPOCH, epoch)
            _ = pipeline.delete(REBUILDING)
            await pipeline.execute()
        return epoch


def _rate_of(caps: Caps) -> tuple[int, int]:
    """The calls that are allowed in a rate window, and the length of the window in ms."""
    calls = int((caps.calls_per_second or 0) * caps.rate_span.total_seconds())
    return calls, (caps.rate_span + RATE_MARGIN) // MILLISECOND


def _by_scope(calls: Iterable[tuple[CallReference, Hierarchy]]) -> dict[Scope, list[str]]:
    members: dict[Scope, list[str]] = defaultdict(list)
    for reference, scopes in calls:
        member = str(reference)
        for scope in scopes:
            members[scope].append(member)
    return members


@cache
def _source(script: str) -> str:
    return files("services.dialer.permits").joinpath(script).read_text()


def _leases(scope: Scope) -> str:
    return f"outdial:leases:{scope.kind}:{scope.id}"


def _rate(scope: Scope) -> str:
    return f"outdial:rate:{scope.kind}:{scope.id}"
