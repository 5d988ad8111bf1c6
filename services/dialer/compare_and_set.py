"""The compare-and-set `claimed → dialing`, which decides for good which attempts are dialed.

Where caps count the calls to a person, the person is locked meanwhile and decided on again.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from services.dialer.candidates import Candidate
from services.dialer.recheck import Blocked, recheck
from shared.db import dialing, locks, person_calls
from shared.db.person_calls import NewCall
from shared.db.types import Connection, Pool
from shared.domain.attempts import CallReference
from shared.domain.capacity.margins import WINDOW_MARGIN
from shared.domain.decision.gates import call_up_until
from shared.domain.policy.frequency import PastCall
from shared.runtime.process import now


@dataclass(slots=True)
class Marked:
    """The attempts to dial, and those that are blocked; every other one was lost to a change."""

    references: set[CallReference]
    blocked: list[tuple[Candidate, Blocked]]


async def mark_dialing(
    pool: Pool, candidates: Sequence[Candidate], *, reconcile: timedelta
) -> Marked:
    """Commit `dialing` for the candidates that may be dialed, before a provider is asked."""
    counted = [candidate for candidate in candidates if candidate.rules.counts_person_calls]
    others = [candidate for candidate in candidates if not candidate.rules.counts_person_calls]
    done = await asyncio.gather(
        _mark_counted(pool, counted, reconcile=reconcile),
        _mark_others(pool, others, reconcile=reconcile),
    )
    return Marked(done[0].references | done[1].references, done[0].blocked)


async def _mark_others(
    pool: Pool, candidates: Sequence[Candidate], *, reconcile: timedelta
) -> Marked:
    if not candidates:
        return Marked(set(), [])
    async with pool.acquire() as conn:
        won = await _dial(conn, candidates, in_person_calls=False, reconcile=reconcile)
    return Marked(won, [])


async def _mark_counted(
    pool: Pool, candidates: Sequence[Candidate], *, reconcile: timedelta
) -> Marked:
    """Another decision on the same person waits for this commit and then sees its calls."""
    if not candidates:
        return Marked(set(), [])
    persons = {candidate.person for candidate in candidates}
    limited = {candidate.person for candidate in candidates if candidate.rules.limits}
    async with pool.acquire() as conn, conn.transaction():
        await locks.lock_persons(conn, persons)
        calls = await person_calls.of_persons(conn, limited, now=now())
        at, blocked, allowed = now(), [], []
        for candidate in candidates:
            known = calls.get(candidate.person, [])
            facts = candidate.facts
            if candidate.rules.limits:
                facts = replace(facts, calls=known, call_up_until=call_up_until(known, now=at))
            block = recheck(candidate, facts, at=at)
            if block is None:
                # A second attempt to call the person in this batch finds the line busy.
                calls[candidate.person] = [
                    *known,
                    PastCall(at, candidate.rules.subject, None, None),
                ]
                allowed.append(candidate)
            else:
                blocked.append((candidate, block))
        won = await _dial(conn, allowed, in_person_calls=True, reconcile=reconcile)
        noted = [
            NewCall(candidate.reference.attempt_id, candidate.person, candidate.rules.subject)
            for candidate in allowed
            if candidate.reference in won
        ]
        if noted:
            await person_calls.note(conn, noted, at=at)
    return Marked(won, blocked)


async def _dial(
    conn: Connection,
    candidates: Sequence[Candidate],
    *,
    in_person_calls: bool,
    reconcile: timedelta,
) -> set[CallReference]:
    at = now()
    return await dialing.dial(
        conn,
        [candidate.reference for candidate in candidates],
        [candidate.due.number for candidate in candidates],
        [candidate.run.policy.revision.campaign for candidate in candidates],
        in_person_calls=in_person_calls,
        now=at,
        open_until=at + WINDOW_MARGIN,
        revisit_at=at + reconcile,
    )
