"""The compare-and-set before an originate, with the person locked where caps count its calls."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from services.dialer.recheck import Blocked, Candidate, recheck
from shared.db import dialing, locks, person_calls
from shared.db.person_calls import NewCall
from shared.db.types import Connection, Pool
from shared.domain.capacity.margins import WINDOW_MARGIN
from shared.domain.decision.gates import call_up_until
from shared.domain.policy.frequency import PastCall
from shared.runtime.process import now


@dataclass(slots=True)
class Committed:
    """Who may be dialed, and why others may not for now; the rest has been lost to a change."""

    ids: set[UUID]
    stopped: list[tuple[Candidate, Blocked]]


async def commit(pool: Pool, candidates: Sequence[Candidate], *, reconcile: timedelta) -> Committed:
    """Decide for good, in the database, which of them are dialed."""
    counted = [each for each in candidates if each.rules.counts_person_calls]
    others = [each for each in candidates if not each.rules.counts_person_calls]
    done = await asyncio.gather(
        _commit_counted(pool, counted, reconcile=reconcile),
        _commit_others(pool, others, reconcile=reconcile),
    )
    return Committed(done[0].ids | done[1].ids, done[0].stopped)


async def _commit_others(
    pool: Pool, candidates: Sequence[Candidate], *, reconcile: timedelta
) -> Committed:
    if not candidates:
        return Committed(set(), [])
    async with pool.acquire() as conn:
        ids = await _dial(conn, candidates, in_person_calls=False, reconcile=reconcile)
    return Committed(ids, [])


async def _commit_counted(
    pool: Pool, candidates: Sequence[Candidate], *, reconcile: timedelta
) -> Committed:
    """Whoever decides on a call to the same person waits for this commit, and then sees it."""
    if not candidates:
        return Committed(set(), [])
    persons = {each.person for each in candidates}
    limited = {each.person for each in candidates if each.rules.limits}
    async with pool.acquire() as conn, conn.transaction():
        await locks.lock_persons(conn, persons)
        calls = await person_calls.of_persons(conn, limited, now=now())
        at, stopped, allowed = now(), [], []
        for each in candidates:
            known = calls.get(each.person, [])
            facts = each.facts
            if each.rules.limits:
                facts = replace(facts, calls=known, call_up_until=call_up_until(known, now=at))
            reason = recheck(each, facts, at=at)
            if reason is None:
                # A second attempt at the person in this batch finds the line taken.
                calls[each.person] = [*known, PastCall(at, each.rules.subject, None, None)]
                allowed.append(each)
            else:
                stopped.append((each, reason))
        ids = await _dial(conn, allowed, in_person_calls=True, reconcile=reconcile)
        noted = [
            NewCall(each.due.id, each.person, each.rules.subject)
            for each in allowed
            if each.due.id in ids
        ]
        if noted:
            await person_calls.note(conn, noted, at=at)
    return Committed(ids, stopped)


async def _dial(
    conn: Connection,
    candidates: Sequence[Candidate],
    *,
    in_person_calls: bool,
    reconcile: timedelta,
) -> set[UUID]:
    at = now()
    return await dialing.dial(
        conn,
        [each.due.id for each in candidates],
        [each.due.number for each in candidates],
        [each.run.policy.revision.campaign for each in candidates],
        in_person_calls=in_person_calls,
        now=at,
        open_until=at + WINDOW_MARGIN,
        revisit_at=at + reconcile,
    )
