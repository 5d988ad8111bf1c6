"""Plans contacts anew after an edit, so that it reaches those that already have a time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from shared.db import counters, untold_ends, waiting_counts
from shared.db.policies import Policies
from shared.db.scheduler import replanning
from shared.db.scheduler.replanning import NextPlan, PlannedContact, Progress
from shared.db.types import Connection, Pool
from shared.db.untold_ends import UntoldEnd
from shared.domain.outcomes import Outcome
from shared.domain.policy.attempt_policy import Again, AttemptPolicy, chance_of
from shared.domain.reasons import Reason
from shared.domain.transitions import ContactAfter, LastCall, after_edit
from shared.domain.wait_buckets import NEW, five_minutes_of

# Contacts that are read at a time; those that wait for a planned time are locked.
PAGE = 2_000


@dataclass(frozen=True, slots=True)
class Replanner:
    """Goes through the contacts of edited campaigns, page by page in the order of their numbers."""

    pool: Pool
    policies: Policies = field(default_factory=Policies)

    async def run_once(self, now: datetime) -> bool:
        """Return whether there are more contacts to plan."""
        async with self.pool.acquire() as conn:
            edited = await replanning.campaigns(conn)
        more = False
        for progress in edited:
            more = await self._replan(progress, now=now) or more
        return more

    async def _replan(self, progress: Progress, *, now: datetime) -> bool:
        async with self.pool.acquire() as conn, conn.transaction():
            page = await replanning.page(conn, progress, limit=PAGE)
            if page is None:
                await replanning.note(conn, progress, until=None)
                return False
            contacts = await replanning.lock_planned(conn, progress, until=page.until)
            policy = (await self.policies.current(conn, {progress.campaign}))[progress.campaign]
            changed = [
                (contact, after)
                for contact in contacts
                if (after := _after(policy.attempts, contact, now=now)).then != contact.planned
            ]
            await replanning.note(conn, progress, until=None if page.is_last else page.until)
            if changed:
                await _plan(conn, progress, changed)
        return not page.is_last


def _after(policy: AttemptPolicy, contact: PlannedContact, *, now: datetime) -> ContactAfter:
    last = contact.last
    call = last and LastCall(last.outcome, last.ended_at, chance_of(last.id))
    return after_edit(
        policy, contact.before, contact.planned, call, has_several=contact.has_several, now=now
    )


async def _plan(
    conn: Connection,
    progress: Progress,
    changed: Sequence[tuple[PlannedContact, ContactAfter]],
) -> None:
    campaign = progress.campaign
    plans = [NextPlan(contact.id, after.then) for contact, after in changed]
    await replanning.plan(conn, campaign.tenant_id, plans)
    ends = [
        (UntoldEnd(*campaign, contact.id, after.reason or Reason.BUDGET), after.then)
        for contact, after in changed
        if isinstance(after.then, Outcome)
    ]
    await untold_ends.add(conn, [end for end, _ in ends])
    finished = [counters.FINISHED + outcome for _, outcome in ends]
    await counters.add(conn, [(campaign, name, finished.count(name)) for name in set(finished)])
    left = [(contact.bucket, -1) for contact, _ in changed]
    came = [
        (
            contact.bucket._replace(
                waits_for=after.then.waits_for or NEW,
                five_minutes=five_minutes_of(after.then.not_before),
            ),
            1,
        )
        for contact, after in changed
        if isinstance(after.then, Again)
    ]
    await waiting_counts.add(conn, left + came)
