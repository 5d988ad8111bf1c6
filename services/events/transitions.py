"""What one call event makes of its attempt and its contact, decided from the facts alone."""

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from shared.db import counters
from shared.db.events.folding import AttemptEnd, ContactNext, FoldFacts
from shared.domain.attempts import AttemptState, advances
from shared.domain.contacts import ContactState
from shared.domain.outcomes import Outcome
from shared.domain.policy.attempt_policy import (
    Again,
    AttemptPolicy,
    History,
    chance_of,
    next_attempt,
    record,
)
from shared.domain.reasons import MEANINGS, Reason, wait_after
from shared.kafka.messages.calls import AttemptDropped, CallEnded, CallUnknown
from shared.kafka.messages.public import AttemptEnded, AttemptEndedData

Event = CallEnded | CallUnknown | AttemptDropped


@dataclass(frozen=True, slots=True)
class Decision:
    """What one event makes of its attempt and its contact; `told` is what subscribers hear."""

    facts: FoldFacts
    end: AttemptEnd
    next: ContactNext
    counted: tuple[str, ...]
    told: AttemptEnded | None


def moves(event: Event, facts: FoldFacts) -> bool:
    """Whether the event still says something new of the attempt."""
    match event:
        case CallEnded():
            return advances(facts.state, AttemptState.ENDED)
        case CallUnknown():
            return advances(facts.state, AttemptState.UNKNOWN)
        case AttemptDropped():
            return facts.state is event.data.from_state
        case _:
            assert_never(event)


def decide(event: Event, facts: FoldFacts, policy: AttemptPolicy) -> Decision:
    if isinstance(event, AttemptDropped):
        return _dropped(event, facts)
    # A carrier's clock that is behind must not shorten the gap to the next attempt.
    ended_at = max(event.data.ended_at, facts.dialing_at or event.data.ended_at)
    callback_at: datetime | None = None
    match event:
        case CallEnded():
            outcome, state, reason = event.data.outcome, AttemptState.ENDED, None
            call_id, callback_at = event.data.provider_call_id, event.data.callback_at
        case CallUnknown():
            outcome, state, reason = Outcome.UNKNOWN, AttemptState.UNKNOWN, event.data.reason
            call_id = None
        case _:
            assert_never(event)
    end = AttemptEnd(
        id=facts.id,
        from_state=None,
        state=state,
        ended_at=ended_at,
        outcome=outcome,
        reason=reason,
        provider_call_id=call_id,
    )
    following = _after(facts, outcome, policy, ended_at=ended_at, callback_at=callback_at)
    told = AttemptEnded.of(_folded(facts, outcome, following, ended_at=ended_at), at=event.time)
    counted = (counters.OUTCOME + outcome, *_finish(following))
    return Decision(facts, end, following, counted, told)


def _dropped(event: AttemptDropped, facts: FoldFacts) -> Decision:
    """An attempt that was not placed costs the contact nothing."""
    reason = event.data.reason
    end = AttemptEnd(
        id=facts.id,
        from_state=facts.state,
        state=AttemptState.DROPPED,
        ended_at=event.data.dropped_at,
        outcome=None,
        reason=reason,
        provider_call_id=None,
        stopped_by=event.data.stopped_by,
    )
    waits_for = wait_after(reason, before=facts.waits_for)
    finishes = MEANINGS[reason].finishes
    then = finishes or Again(not_before=event.data.retry_at, waits_for=waits_for)
    following = _next(facts, _history(facts), then)
    return Decision(facts, end, following, (counters.DROPPED, *_finish(following)), None)


def _after(
    facts: FoldFacts,
    outcome: Outcome,
    policy: AttemptPolicy,
    *,
    ended_at: datetime,
    callback_at: datetime | None,
) -> ContactNext:
    """The contact after an attempt that counts."""
    history = record(
        _history(facts),
        facts.zones,
        at=facts.dialing_at or ended_at,
        window_closes_at=facts.window_closes_at,
    )
    again = next_attempt(
        policy,
        history,
        outcome,
        zones=facts.zones,
        ended_at=ended_at,
        chance=chance_of(facts.id),
        callback_at=callback_at,
    )
    return _next(facts, history, again or outcome)


def _next(facts: FoldFacts, history: History, then: Again | Outcome) -> ContactNext:
    """Pending until the one, or finished with the other, if nothing else stands against it."""
    until, expires_at, resumes_at = facts.suppressed_until, facts.expires_at, None
    if facts.suppressed:
        then = Outcome.EXCLUDED
    if isinstance(then, Again) and until is not None and until > then.not_before:
        resumes_at = then.not_before
        then = Again(not_before=until, waits_for=Reason.SUPPRESSION)
    if isinstance(then, Again) and expires_at is not None and expires_at <= then.not_before:
        then = Outcome.OUT_OF_TIME
    pending, outcome = (then, None) if isinstance(then, Again) else (None, then)
    return ContactNext(
        id=facts.contact_id,
        state=ContactState.FINISHED if pending is None else ContactState.PENDING,
        not_before=None if pending is None else pending.not_before,
        waits_for=None if pending is None else pending.waits_for,
        resumes_at=None if pending is None else resumes_at,
        attempts=history.attempts,
        attempts_on_day=history.attempts_on_day,
        day=history.day,
        attempts_in_window=history.attempts_in_window,
        last_window=history.window_closes_at,
        outcome=outcome,
    )


def _history(facts: FoldFacts) -> History:
    return History(
        attempts=facts.attempts,
        day=facts.day,
        attempts_on_day=facts.attempts_on_day,
        window_closes_at=facts.last_window,
        attempts_in_window=facts.attempts_in_window,
    )


def _folded(
    facts: FoldFacts, outcome: Outcome, following: ContactNext, *, ended_at: datetime
) -> AttemptEndedData:
    return AttemptEndedData(
        tenant_id=facts.tenant_id,
        campaign_id=facts.campaign_id,
        contact_id=facts.contact_id,
        external_id=facts.external_id,
        attempt_id=facts.id,
        attempt_number=facts.number,
        outcome=outcome,
        ended_at=ended_at,
        contact_finished=following.state is ContactState.FINISHED,
        next_attempt_not_before=following.not_before,
    )


def _finish(following: ContactNext) -> tuple[str, ...]:
    return () if following.outcome is None else (counters.FINISHED + following.outcome,)
