"""Permits to start a call: leases for concurrency, a rolling window for rate, all in one Lua call.

Redis may lose everything at any moment, or come back as it was some time ago. The epoch names the
life of the server in which it was made, and without an epoch of this life nothing is granted until
the leases have been rebuilt from the attempts that PostgreSQL knows as dialed.
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

from redis.asyncio import Redis
from redis.exceptions import NoScriptError

from shared.db import dialing
from shared.db.types import Pool
from shared.domain.attempts import CallReference
from shared.domain.capacity.margins import RATE_WINDOW
from shared.domain.capacity.scopes import (
    INSTALLATION,
    Caps,
    Hierarchy,
    Scope,
    ScopeKind,
    scopes_of,
)
from shared.runtime.metrics import PERMIT_REBUILDS

logger = logging.getLogger(__name__)

EPOCH = "outdial:epoch"
REBUILDING = "outdial:rebuilding"

# A permit must be used within this time of being asked for, else it is void (seconds).
PERMIT_SECONDS = 0.15
RATE_WINDOW_MS = RATE_WINDOW // timedelta(milliseconds=1)
# A call that may have arrived this very moment is out of the carrier's second after this.
ARRIVED_MS = 1_020
LEASE_MARGIN_SECONDS = 600


class Refusal(NamedTuple):
    """No permit now: ask again after `seconds`; `scope` is the kind that binds."""

    seconds: float
    scope: ScopeKind | Literal["lost"]


class PermitsLostError(ConnectionError):
    """Redis has lost the leases and they are being rebuilt; nothing is granted meanwhile."""


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
        """A permit per attempt (None: granted), in order, each over all of its scopes or none."""
        # Also those without a cap: one that is set while calls are up must count them.
        scopes = list(caps)
        index = {scope: number for number, scope in enumerate(scopes, start=1)}
        hierarchies = {own: number for number, own in enumerate({own for _, own in wanted}, 1)}
        keys = [EPOCH]
        arguments: list[str | int] = [
            await self._known_epoch(),
            RATE_WINDOW_MS,
            int((self.lease_seconds + LEASE_MARGIN_SECONDS) * 1000),
            len(scopes),
            len(hierarchies),
        ]
        for scope in scopes:
            keys += [_leases(scope), _rate(scope)]
            arguments += [caps[scope].max_concurrent or 0, caps[scope].calls_per_second or 0]
        for own in hierarchies:
            indexes = [index[scope] for scope in own if scope in index]
            arguments += [len(indexes), *indexes]
        for reference, own in wanted:
            arguments += [str(reference), hierarchies[own]]
        refused = await self._run(keys, arguments)
        answers: list[Refusal | None] = [None] * len(wanted)
        for place, wait, binding in zip(refused[::3], refused[1::3], refused[2::3], strict=True):
            answers[place - 1] = Refusal(wait / 1000, scopes[binding - 1].kind)
        return answers

    async def release(self, leases: Iterable[tuple[CallReference, Hierarchy]]) -> None:
        members = _by_scope(leases)
        if not members:
            return
        async with self.redis.pipeline(transaction=False) as pipeline:
            for scope, own in members.items():
                _ = pipeline.zrem(_leases(scope), *own)
            await pipeline.execute()

    async def count_from_now(self, calls: Iterable[tuple[CallReference, Hierarchy]]) -> None:
        """Have calls that may have arrived only now count for the rate from now on."""
        members = _by_scope(calls)
        if not members:
            return
        arguments: list[str | int] = [RATE_WINDOW_MS, ARRIVED_MS]
        for own in members.values():
            arguments += [len(own), *own]
        script = self.redis.register_script(_source("recount.lua"))
        await script(keys=[_rate(scope) for scope in members], args=arguments)

    async def sweep(self, _now: datetime) -> bool:
        """Take back the leases of attempts that have ended.

        A rebuild finds an attempt alive whose lease was given back but whose end is not folded
        yet. The leases are read before the attempts: one that has ended is never dialed again.
        """
        members = await self.redis.zrange(_leases(INSTALLATION), 0, -1)
        held = [CallReference.parse(str(member)).attempt_id for member in members]
        leaked = await dialing.ended(self.pool, held)
        await self.release(
            (
                CallReference(tenant, attempt_id),
                scopes_of(campaign=campaign, tenant=tenant, trunk=trunk),
            )
            for attempt_id, campaign, tenant, trunk in leaked
        )
        return False

    async def _run(self, keys: list[str], arguments: list[str | int]) -> list[int]:
        try:
            answer = await self.redis.evalsha(self._script, len(keys), *keys, *arguments)
        except NoScriptError:
            # A Redis that was restarted forgets scripts, and may have come back with old leases.
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
        """Wait until every permit of the lost epoch is used or void, then lease what is dialed."""
        token = f"{life}:{secrets.token_hex(8)}"
        alone = await self.redis.set(REBUILDING, token, nx=True, px=RATE_WINDOW_MS * 8)
        if not alone:
            raise PermitsLostError("another process rebuilds the leases")
        logger.warning("leases are being rebuilt", extra={"action": "permits_rebuild"})
        PERMIT_REBUILDS.inc()
        await self._pause(RATE_WINDOW_MS / 1000)
        live = await dialing.live_leases(self.pool)
        time, _micros = await self.redis.time()
        expires = (time + self.lease_seconds + LEASE_MARGIN_SECONDS) * 1000
        async with self.redis.pipeline(transaction=True) as pipeline:
            for attempt_id, campaign, tenant, trunk in live:
                member = str(CallReference(tenant, attempt_id))
                for scope in scopes_of(campaign=campaign, tenant=tenant, trunk=trunk):
                    _ = pipeline.zadd(_leases(scope), {member: expires})
            _ = pipeline.set(EPOCH, token)
            _ = pipeline.delete(REBUILDING)
            await pipeline.execute()
        return token


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
