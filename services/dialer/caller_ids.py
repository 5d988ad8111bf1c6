"""Chooses the numbers of pools that calls show, and counts them, in the compare-and-set."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.dialer.candidates import Candidate
from services.dialer.recheck import Blocked
from shared.db import caller_id_uses, locks
from shared.db.caller_id_uses import KnownUses
from shared.db.types import Connection
from shared.domain.attempts import CallReference
from shared.domain.capacity.caller_ids import CallerIdUse, NumberPool, counted, deal, has_room_at
from shared.domain.capacity.margins import RECHECK_AFTER
from shared.domain.reasons import Reason


@dataclass(frozen=True, slots=True)
class ChosenCallerIds:
    """The numbers by attempt; `blocked` attempts have none that has room for a call.

    `known` are the uses that they were chosen by, of each tenant.
    """

    numbers: dict[CallReference, str]
    blocked: list[tuple[Candidate, Blocked]]
    known: dict[int, KnownUses] = field(default_factory=dict)


async def choose(conn: Connection, candidates: Sequence[Candidate]) -> ChosenCallerIds:
    """Choose for candidates whose campaigns name pools; the tenants' locks are held from now on."""
    chosen = ChosenCallerIds({}, [])
    by_tenant: dict[int, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        by_tenant[candidate.run.tenant_id].append(candidate)
    # Two dialers may have pools of the same tenants, so each sorts them.
    for tenant_id in sorted(by_tenant):
        await locks.lock_caller_ids(conn, tenant_id)
        pools: dict[str, NumberPool] = {}
        by_pool: dict[str, list[Candidate]] = defaultdict(list)
        for candidate in by_tenant[tenant_id]:
            pool = candidate.run.policy.pool
            if pool is not None:
                pools[pool.name] = pool
                by_pool[pool.name].append(candidate)
        numbers = {number for pool in pools.values() for number in pool.numbers}
        known = await caller_id_uses.read(conn, tenant_id=tenant_id, numbers=numbers)
        chosen.known[tenant_id] = known
        # One pool after another: they may have numbers in common.
        uses = known.uses
        for name, pool in pools.items():
            uses = _deal(pool, by_pool[name], chosen, uses, now=known.at)
    return chosen


async def count(
    conn: Connection, chosen: ChosenCallerIds, dialed: Collection[CallReference]
) -> None:
    """Count the chosen numbers of the attempts that are dialed."""
    shown: dict[int, list[str]] = defaultdict(list)
    for reference, number in chosen.numbers.items():
        if reference in dialed:
            shown[reference.tenant_id].append(number)
    for tenant_id, numbers in shown.items():
        known = chosen.known[tenant_id]
        after = counted(known.uses, numbers, now=known.at)
        await caller_id_uses.write(conn, tenant_id=tenant_id, uses=after)


def _deal(
    pool: NumberPool,
    candidates: Sequence[Candidate],
    chosen: ChosenCallerIds,
    uses: dict[str, CallerIdUse],
    *,
    now: datetime,
) -> dict[str, CallerIdUse]:
    """Returns the uses as they would be after these calls."""
    dealt = deal(pool, uses, [candidate.due.number for candidate in candidates], now=now)
    after = uses | counted(uses, [number for number in dealt if number is not None], now=now)
    for candidate, number in zip(candidates, dealt, strict=True):
        if number is None:
            opens_at = has_room_at(pool, after, candidate.due.number, now=now)
            retry_at = min(opens_at, now + RECHECK_AFTER)
            chosen.blocked.append((candidate, Blocked(Reason.CALLER_ID, retry_at)))
        else:
            chosen.numbers[candidate.reference] = number
    return after
