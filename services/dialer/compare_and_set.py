"""The compare-and-set `claimed → dialing`, which decides for good which attempts are dialed.

Where caps count the calls to a person, it decides again. The attempt holds the number, so that no
other attempt at the person is live meanwhile: the calls that are read are all. Where campaigns show
numbers of a pool, it chooses and counts them.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from services.dialer.caller_ids import ChosenCallerIds, choose, count
from services.dialer.candidates import Candidate
from services.dialer.recheck import Blocked, recheck
from shared.db import dialing, locks, person_calls, spend
from shared.db.person_calls import NewCall
from shared.db.types import Connection, Pool
from shared.domain.attempts import CallReference
from shared.domain.capacity.margins import WINDOW_MARGIN
from shared.domain.spend import affordable
from shared.runtime.process import now

NO_POOL = ChosenCallerIds({}, [])


@dataclass(slots=True)
class Marked:
    """The attempts to dial with their caller IDs, and those that are blocked.

    Every other one was lost to a change.
    """

    dialed: dict[CallReference, str | None]
    blocked: list[tuple[Candidate, Blocked]]


async def mark_dialing(
    pool: Pool, candidates: Sequence[Candidate], *, reconcile: timedelta
) -> Marked:
    """Commit `dialing` for the candidates that may be dialed, before a provider is asked."""
    counted, pooled, others = [], [], []
    for candidate in candidates:
        if candidate.rules.counts_person_calls:
            counted.append(candidate)
        elif candidate.run.policy.pool is not None:
            pooled.append(candidate)
        else:
            others.append(candidate)
    done = await asyncio.gather(
        _mark_counted(pool, counted, reconcile=reconcile),
        _mark_pooled(pool, pooled, reconcile=reconcile),
        _mark_others(pool, others, reconcile=reconcile),
    )
    marked = Marked({}, [])
    for part in done:
        marked.dialed |= part.dialed
        marked.blocked += part.blocked
    return marked


async def _mark_others(
    pool: Pool, candidates: Sequence[Candidate], *, reconcile: timedelta
) -> Marked:
    if not candidates:
        return Marked({}, [])
    async with pool.acquire() as conn:
        if not any(candidate.run.spend for candidate in candidates):
            won = await _dial(conn, candidates, {}, in_person_calls=False, reconcile=reconcile)
        else:
            async with conn.transaction():
                won = await _dial(conn, candidates, {}, in_person_calls=False, reconcile=reconcile)
    return Marked(won, [])


async def _mark_pooled(
    pool: Pool, candidates: Sequence[Candidate], *, reconcile: timedelta
) -> Marked:
    """Choose numbers, mark and count them in one transaction."""
    if not candidates:
        return Marked({}, [])
    async with pool.acquire() as conn, conn.transaction():
        chosen = await choose(conn, candidates)
        allowed = [each for each in candidates if each.reference in chosen.numbers]
        won = await _dial(conn, allowed, chosen.numbers, in_person_calls=False, reconcile=reconcile)
        await count(conn, chosen, won)
    return Marked(won, chosen.blocked)


async def _mark_counted(
    pool: Pool, candidates: Sequence[Candidate], *, reconcile: timedelta
) -> Marked:
    """Decide, mark and note the calls in one transaction."""
    if not candidates:
        return Marked({}, [])
    limited = {candidate.person for candidate in candidates if candidate.rules.limits}
    async with pool.acquire() as conn, conn.transaction():
        pooled = [each for each in candidates if each.run.policy.pool is not None]
        # First, because its lock comes first in the order of locks (shared/db/locks.py).
        chosen = await choose(conn, pooled) if pooled else NO_POOL
        calls = await person_calls.of_persons(conn, limited, now=now())
        at, blocked, allowed = now(), list(chosen.blocked), []
        without_number = {candidate.reference for candidate, _ in chosen.blocked}
        for candidate in candidates:
            if candidate.reference in without_number:
                continue
            facts = candidate.facts
            if candidate.rules.limits:
                facts = replace(facts, calls=calls.get(candidate.person, []))
            block = recheck(candidate, facts, at=at)
            if block is None:
                allowed.append(candidate)
            else:
                blocked.append((candidate, block))
        won = await _dial(conn, allowed, chosen.numbers, in_person_calls=True, reconcile=reconcile)
        noted = [
            NewCall(candidate.reference.attempt_id, candidate.person, candidate.rules.subject)
            for candidate in allowed
            if candidate.reference in won
        ]
        if noted:
            await person_calls.note(conn, noted, at=at)
        if pooled:
            await count(conn, chosen, won)
    return Marked(won, blocked)


async def _dial(
    conn: Connection,
    candidates: Sequence[Candidate],
    chosen: Mapping[CallReference, str],
    *,
    in_person_calls: bool,
    reconcile: timedelta,
) -> dict[CallReference, str | None]:
    """Returns the attempts that were marked, with the caller IDs of their calls."""
    at = now()
    # Two dialers may have the same attempts, so each sorts them.
    candidates = sorted(candidates, key=lambda candidate: candidate.reference)
    reserves = None
    if any(candidate.run.spend for candidate in candidates):
        candidates = await _affordable(conn, candidates, at=at)
        reserves = [_reserve(candidate) for candidate in candidates]
    caller_ids = {
        candidate.reference: candidate.run.policy.definition.caller_id
        or chosen.get(candidate.reference)
        for candidate in candidates
    }
    won = await dialing.dial(
        conn,
        list(caller_ids),
        [candidate.due.number for candidate in candidates],
        [candidate.run.policy.revision.campaign for candidate in candidates],
        list(caller_ids.values()),
        reserves=reserves,
        in_person_calls=in_person_calls,
        now=at,
        open_until=at + WINDOW_MARGIN,
        revisit_at=at + reconcile,
    )
    return {reference: caller_ids[reference] for reference in won}


async def _affordable(
    conn: Connection, candidates: Sequence[Candidate], *, at: datetime
) -> list[Candidate]:
    """The candidates that the spend ceilings allow together with all calls under way.

    The lock lasts until the calls are dialed, so no other dialer spends the same amounts.
    """
    ceilings = {
        candidate.run.key: own
        for candidate in candidates
        if (own := candidate.run.policy.ceilings) is not None
    }
    await locks.lock_spend(conn, (campaign.tenant_id for campaign in ceilings))
    known = await spend.by_campaign(conn, ceilings, at=at)
    wanted = [
        (candidate, candidate.run.key, ceilings[candidate.run.key])
        for candidate in candidates
        if candidate.run.key in ceilings
    ]
    allowed = set(map(id, affordable(wanted, known)))
    return [
        candidate
        for candidate in candidates
        if candidate.run.key not in ceilings or id(candidate) in allowed
    ]


def _reserve(candidate: Candidate) -> Decimal | None:
    ceilings = candidate.run.policy.ceilings
    return None if ceilings is None else ceilings.call_most
