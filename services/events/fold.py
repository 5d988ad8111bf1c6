"""Folds reports on calls: ends attempts, moves contacts on, counts, adds public events.

One transaction per batch: read, decide, write. The inbox stops a fact that comes twice, the state
of the attempt one that comes too late.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from services.events.transitions import Decision, Event, decide, moves
from shared.db import counters, person_calls, public_events, waiting_counts
from shared.db.events import folding, inbox, opt_outs
from shared.db.person_calls import Person
from shared.db.policies import Policies
from shared.db.types import Connection, Pool
from shared.domain.attempts import CallReference
from shared.domain.campaigns import CampaignKey
from shared.domain.outcomes import Outcome
from shared.domain.wait_buckets import WaitBucket, five_minutes_of
from shared.kafka.messages.calls import AttemptDropped, CallEnded
from shared.runtime.failpoints import Failpoint, passing
from shared.runtime.metrics import FACTS_FOLDED, FACTS_REPEATED


@dataclass(frozen=True, slots=True)
class CallFolder:
    pool: Pool
    policies: Policies = field(default_factory=Policies)

    async def on_call_reports(self, events: list[Event]) -> None:
        async with self.pool.acquire() as conn, conn.transaction():
            fresh = await _fresh(conn, events)
            decisions = await _decide_all(conn, fresh, self.policies)
            ended = await folding.end(conn, [decision.end for decision in decisions])
            applied = [decision for decision in decisions if decision.end.reference in ended]
            await _suppress_opt_outs(conn, fresh)
            await _write(conn, applied)
        FACTS_REPEATED.inc(len(events) - len(applied))
        for event in fresh:
            if event.data.reference in ended:
                FACTS_FOLDED.labels(event.type).inc()
        passing(Failpoint.AFTER_FOLD)


async def _fresh(conn: Connection, events: list[Event]) -> list[Event]:
    by_fact = {(event.data.reference, _kind(event)): event for event in events}
    new = await inbox.take(conn, list(by_fact))
    return [event for fact, event in by_fact.items() if fact in new]


def _kind(event: Event) -> str:
    """A drop counts per state: one that was ignored must not hide a later one."""
    if isinstance(event, AttemptDropped):
        return f"{event.type}:{event.data.from_state}"
    return event.type


async def _decide_all(conn: Connection, events: list[Event], policies: Policies) -> list[Decision]:
    facts = await folding.facts(conn, {event.data.reference for event in events})
    current = await policies.current(conn, {each.campaign for each in facts.values()})
    decided: dict[CallReference, Decision] = {}
    for event in events:
        reference = event.data.reference
        known = facts.get(reference)
        if known is None or reference in decided or not moves(event, known):
            continue
        decided[reference] = decide(event, known, current[known.campaign].attempts)
    return list(decided.values())


async def _suppress_opt_outs(conn: Connection, events: list[Event]) -> None:
    """Suppress each number whose call ended as opt_out, even if its attempt ended as unknown."""
    refused = [
        event.data.reference
        for event in events
        if isinstance(event, CallEnded) and event.data.outcome is Outcome.OPT_OUT
    ]
    if refused:
        await opt_outs.suppress(conn, refused)


async def _write(conn: Connection, applied: list[Decision]) -> None:
    if not applied:
        return
    await folding.move_on(conn, [decision.next for decision in applied])
    events = [decision.event for decision in applied if decision.event is not None]
    await _note_calls(conn, [decision for decision in applied if decision.facts.in_person_calls])
    await counters.add(conn, _sums(applied))
    await waiting_counts.add(conn, _arrivals(applied))
    await public_events.add(conn, events)


async def _note_calls(conn: Connection, applied: list[Decision]) -> None:
    """Give calls to persons their outcome, or delete them if they were not placed."""
    ended, dropped = [], []
    for decision in applied:
        facts, end = decision.facts, decision.end
        person = Person(facts.tenant_id, facts.phone)
        if end.outcome is None:
            dropped.append((facts.id, person))
        else:
            ended.append((facts.id, person, end.outcome, end.ended_at))
    if ended:
        await person_calls.end(conn, ended)
    if dropped:
        await person_calls.forget(conn, dropped)


def _arrivals(applied: Iterable[Decision]) -> Iterator[tuple[WaitBucket, int]]:
    for decision in applied:
        facts, after = decision.facts, decision.next
        if after.waits_for is not None:
            five_minutes = five_minutes_of(after.not_before)
            bucket = WaitBucket(
                *facts.campaign, facts.calling_group_id, after.waits_for, five_minutes
            )
            yield bucket, 1


def _sums(applied: Iterable[Decision]) -> list[tuple[CampaignKey, str, int]]:
    sums: Counter[tuple[CampaignKey, str]] = Counter()
    for decision in applied:
        for name in decision.counted:
            sums[decision.facts.campaign, name] += 1
    return [(campaign, name, count) for (campaign, name), count in sums.items()]
