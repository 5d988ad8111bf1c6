"""Folds call events: attempts end, contacts move on, counters, public events, webhooks, at once.

One transaction a batch: read, decide, write. A fact that comes twice is stopped by the inbox, one
that comes too late by the state of its attempt.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from shared.db import campaign_runs, counters, folding, inbox, outbox, webhooks
from shared.db.folding import End, Facts, Next
from shared.db.types import Connection, Pool
from shared.definitions.campaign import policy_of
from shared.domain.attempt_policy import History, next_attempt, record
from shared.domain.attempts import AttemptState, advances
from shared.domain.contacts import ContactState
from shared.domain.outcomes import Outcome
from shared.failpoints import Failpoint, passing
from shared.messages import (
    AttemptDropped,
    AttemptEnded,
    CallEnded,
    CallUnknown,
    FoldedAttempt,
)
from shared.metrics import FACTS_FOLDED, FACTS_REPEATED

Event = CallEnded | CallUnknown | AttemptDropped


@dataclass(frozen=True, slots=True)
class Decision:
    """What one event makes of its attempt and its contact; `told` is what subscribers hear."""

    facts: Facts
    end: End
    next: Next
    counted: tuple[str, ...]
    told: AttemptEnded | None


@dataclass(frozen=True, slots=True)
class CallFolder:
    pool: Pool

    async def on_call_events(self, events: list[Event]) -> None:
        async with self.pool.acquire() as conn, conn.transaction():
            fresh = await _fresh(conn, events)
            decisions = await _decide_all(conn, fresh)
            ended = await folding.end(conn, [decision.end for decision in decisions])
            applied = [decision for decision in decisions if decision.facts.id in ended]
            await _write(conn, applied)
        FACTS_REPEATED.inc(len(events) - len(applied))
        for event in fresh:
            if event.data.attempt_id in ended:
                FACTS_FOLDED.labels(event.type).inc()
        passing(Failpoint.AFTER_FOLD)


async def _fresh(conn: Connection, events: list[Event]) -> list[Event]:
    by_fact = {(event.data.attempt_id, _kind(event)): event for event in events}
    new = await inbox.take(conn, list(by_fact))
    return [event for fact, event in by_fact.items() if fact in new]


def _kind(event: Event) -> str:
    """A drop that did not hold must not hide a later one from another state."""
    if isinstance(event, AttemptDropped):
        return f"{event.type}:{event.data.from_state}"
    return event.type


async def _decide_all(conn: Connection, events: list[Event]) -> list[Decision]:
    facts = await folding.facts(conn, [event.data.attempt_id for event in events])
    campaign_ids = {each.campaign_id for each in facts.values()}
    definitions = await campaign_runs.definitions(conn, list(campaign_ids))
    decided: dict[object, Decision] = {}
    for event in events:
        known = facts.get(event.data.attempt_id)
        if known is None or known.id in decided or not _moves(event, known):
            continue
        decided[known.id] = _decide(event, known, definitions[known.campaign_id])
    return list(decided.values())


def _moves(event: Event, facts: Facts) -> bool:
    match event:
        case CallEnded():
            return advances(facts.state, AttemptState.ENDED)
        case CallUnknown():
            return advances(facts.state, AttemptState.UNKNOWN)
        case AttemptDropped():
            return facts.state is event.data.from_state
        case _:
            assert_never(event)


def _decide(event: Event, facts: Facts, definition: str) -> Decision:
    match event:
        case AttemptDropped():
            return _dropped(event, facts)
        case CallEnded():
            outcome, state, reason = event.data.outcome, AttemptState.ENDED, None
            call_id = event.data.provider_call_id
        case CallUnknown():
            outcome, state, reason = Outcome.UNKNOWN, AttemptState.UNKNOWN, event.data.reason
            call_id = None
        case _:
            assert_never(event)
    # A carrier's clock that is behind must not shorten the gap to the next attempt.
    ended_at = max(event.data.ended_at, facts.dialing_at or event.data.ended_at)
    end = End(
        id=facts.id,
        from_state=None,
        state=state,
        ended_at=ended_at,
        outcome=outcome,
        reason=reason,
        provider_call_id=call_id,
    )
    following = _after(facts, outcome, definition, ended_at=ended_at)
    finished = following.state is ContactState.FINISHED
    counted = [counters.OUTCOME + outcome]
    if following.outcome is not None:
        counted.append(counters.FINISHED + following.outcome)
    told = FoldedAttempt(
        tenant_id=facts.tenant_id,
        campaign_id=facts.campaign_id,
        contact_id=facts.contact_id,
        external_id=facts.external_id,
        attempt_id=facts.id,
        attempt_number=facts.number,
        outcome=outcome,
        ended_at=ended_at,
        contact_finished=finished,
        next_attempt_not_before=following.not_before,
    )
    message = AttemptEnded(time=event.time, partitionkey=str(facts.contact_id), data=told)
    return Decision(facts, end, following, tuple(counted), message)


def _after(facts: Facts, outcome: Outcome, definition: str, *, ended_at: datetime) -> Next:
    """The contact after an attempt that counts."""
    before = History(attempts=facts.attempts, day=facts.day, attempts_on_day=facts.attempts_on_day)
    history = record(before, facts.zones, at=facts.dialing_at or ended_at)
    at = next_attempt(policy_of(definition), history, outcome, zones=facts.zones, ended_at=ended_at)
    if facts.suppressed:
        at = None
    last = Outcome.EXCLUDED if facts.suppressed else outcome
    return Next(
        id=facts.contact_id,
        state=ContactState.FINISHED if at is None else ContactState.PENDING,
        not_before=at,
        attempts=history.attempts,
        attempts_on_day=history.attempts_on_day,
        day=history.day,
        outcome=last if at is None else None,
    )


def _dropped(event: AttemptDropped, facts: Facts) -> Decision:
    """An attempt that was not placed costs the contact nothing."""
    end = End(
        id=facts.id,
        from_state=facts.state,
        state=AttemptState.DROPPED,
        ended_at=event.data.dropped_at,
        outcome=None,
        reason=event.data.reason,
        provider_call_id=None,
    )
    following = Next(
        id=facts.contact_id,
        state=ContactState.FINISHED if facts.suppressed else ContactState.PENDING,
        not_before=event.data.retry_at,
        attempts=facts.attempts,
        attempts_on_day=facts.attempts_on_day,
        day=facts.day,
        outcome=Outcome.EXCLUDED if facts.suppressed else None,
    )
    counted = [counters.DROPPED]
    if following.outcome is not None:
        counted.append(counters.FINISHED + following.outcome)
    return Decision(facts, end, following, tuple(counted), None)


async def _write(conn: Connection, applied: list[Decision]) -> None:
    if not applied:
        return
    await folding.move_on(conn, [decision.next for decision in applied])
    told = [decision.told for decision in applied if decision.told is not None]
    await outbox.add(conn, told)
    await _hand_to_webhooks(conn, told)
    await counters.add(conn, _sums(applied))


def _sums(applied: Iterable[Decision]) -> list[tuple[int, str, int]]:
    sums: Counter[tuple[int, str]] = Counter()
    for decision in applied:
        for name in decision.counted:
            sums[decision.facts.campaign_id, name] += 1
    return [(campaign_id, name, count) for (campaign_id, name), count in sums.items()]


async def _hand_to_webhooks(conn: Connection, told: list[AttemptEnded]) -> None:
    endpoints = await webhooks.endpoints_of(conn, {each.data.campaign_id for each in told})
    await webhooks.add_deliveries(
        conn,
        [
            (each.id, endpoints[each.data.campaign_id], each.encoded())
            for each in told
            if each.data.campaign_id in endpoints
        ],
    )
