"""Turns a report on a call into the end of its attempt, the next state of its contact, an event."""

from datetime import datetime
from typing import NamedTuple, assert_never

from shared.db import counters
from shared.db.events.folding import AttemptEnd, ContactNext, FoldFacts, PassedOver
from shared.domain.attempts import AttemptState, advances
from shared.domain.calls import NO_FACTS, CallFacts
from shared.domain.contacts import ContactState
from shared.domain.outcomes import Outcome
from shared.domain.policy.attempt_policy import Again, AttemptPolicy, History, chance_of
from shared.domain.rates import Rates
from shared.domain.reasons import Reason
from shared.domain.spend import Reserve
from shared.domain.transitions import (
    ContactAfter,
    ContactBefore,
    EndedCall,
    after_call,
    after_drop,
)
from shared.kafka.messages.calls import AttemptDropped, CallEnded, CallUnknown
from shared.kafka.messages.facts import FactsData
from shared.kafka.messages.public import AttemptEnded, AttemptEndedData

Event = CallEnded | CallUnknown | AttemptDropped


class Decision(NamedTuple):
    """The effect of one report on its attempt and contact; `event` is the public event of it.

    `told` are the facts of the call that its end tells, with a price by the trunk's rate table
    unless the carrier told one. `reserve` is what the call may cost under its spend ceilings.
    `reason` is why the contact is finished, where no call finishes it. `passed_over` is the number
    that was dialed, if its contact is never called there again.
    """

    cause: Event
    facts: FoldFacts
    end: AttemptEnd
    next: ContactNext
    counted: tuple[str, ...]
    told: CallFacts = NO_FACTS
    event: AttemptEnded | None = None
    reserve: Reserve | None = None
    reason: Reason | None = None
    passed_over: PassedOver | None = None


def moves(event: Event, facts: FoldFacts) -> bool:
    """Whether the state of the attempt still allows the move that the event reports."""
    match event:
        case CallEnded():
            return advances(facts.state, AttemptState.ENDED)
        case CallUnknown():
            return advances(facts.state, AttemptState.UNKNOWN)
        case AttemptDropped():
            return facts.state is event.data.from_state
        case _:
            assert_never(event)


def decide(event: Event, facts: FoldFacts, policy: AttemptPolicy, rates: Rates) -> Decision:
    if isinstance(event, AttemptDropped):
        return _dropped(event, facts)
    # A carrier's clock that is behind must not shorten the gap to the next attempt.
    ended_at = max(event.data.ended_at, facts.dialing_at or event.data.ended_at)
    callback_at: datetime | None = None
    match event:
        case CallEnded():
            outcome, state, reason = event.data.outcome, AttemptState.ENDED, None
            call_id, callback_at = event.data.provider_call_id, event.data.callback_at
            told = event.data.call_facts
            if rates.tables:
                at = facts.dialing_at or ended_at
                told = rates.priced(
                    told, outcome, trunk_id=facts.trunk_id, number=facts.phone, at=at
                )
        case CallUnknown():
            outcome, state, reason = Outcome.UNKNOWN, AttemptState.UNKNOWN, event.data.reason
            call_id, told = None, NO_FACTS
        case _:
            assert_never(event)
    end = AttemptEnd(
        reference=facts.reference,
        from_state=None,
        state=state,
        ended_at=ended_at,
        outcome=outcome,
        reason=reason,
        provider_call_id=call_id,
    )
    call = EndedCall(
        begun_at=facts.dialing_at or ended_at,
        window_closes_at=facts.window_closes_at,
        ended_at=ended_at,
        outcome=outcome,
        callback_at=callback_at,
    )
    after = after_call(policy, _before(facts), call, chance=chance_of(facts.id))
    following = _next(facts, after)
    public = AttemptEnded.of(_folded(facts, end, outcome, following, told), at=event.time)
    public = public.traced(facts.traceparent)
    counted = (counters.OUTCOME + outcome, *_finish(following))
    passed_over = _passed_over(facts, after)
    return Decision(event, facts, end, following, counted, told, public, passed_over=passed_over)


def _dropped(event: AttemptDropped, facts: FoldFacts) -> Decision:
    end = AttemptEnd(
        reference=facts.reference,
        from_state=facts.state,
        state=AttemptState.DROPPED,
        ended_at=event.data.dropped_at,
        outcome=None,
        reason=event.data.reason,
        provider_call_id=None,
        stopped_by=event.data.stopped_by,
    )
    after = after_drop(_before(facts), event.data.reason, retry_at=event.data.retry_at)
    following = _next(facts, after)
    counted = (counters.DROPPED, *_finish(following))
    passed_over = _passed_over(facts, after)
    return Decision(
        event, facts, end, following, counted, reason=after.reason, passed_over=passed_over
    )


def _passed_over(facts: FoldFacts, after: ContactAfter) -> PassedOver | None:
    if not after.passes_over:
        return None
    return PassedOver(facts.tenant_id, facts.contact_id, facts.phone)


def _before(facts: FoldFacts) -> ContactBefore:
    history = History(
        attempts=facts.attempts,
        day=facts.day,
        attempts_on_day=facts.attempts_on_day,
        window_closes_at=facts.last_window,
        attempts_in_window=facts.attempts_in_window,
    )
    return ContactBefore(
        history=history,
        zones=facts.zones,
        waits_for=facts.waits_for,
        expires_at=facts.expires_at,
        suppressed_until=facts.suppressed_until,
        phone=facts.phone,
        numbers=facts.numbers,
    )


def _next(facts: FoldFacts, after: ContactAfter) -> ContactNext:
    again, outcome = (after.then, None) if isinstance(after.then, Again) else (None, after.then)
    return ContactNext(
        tenant_id=facts.tenant_id,
        id=facts.contact_id,
        state=after.state,
        not_before=None if again is None else again.not_before,
        waits_for=None if again is None else again.waits_for,
        resumes_at=None if again is None else again.resumes_at,
        attempts=after.history.attempts,
        attempts_on_day=after.history.attempts_on_day,
        day=after.history.day,
        attempts_in_window=after.history.attempts_in_window,
        last_window=after.history.window_closes_at,
        outcome=outcome,
        next_number=after.number and after.number.number,
        calling_group_id=after.number and after.number.calling_group_id,
    )


def _folded(
    facts: FoldFacts, end: AttemptEnd, outcome: Outcome, following: ContactNext, told: CallFacts
) -> AttemptEndedData:
    return AttemptEndedData(
        tenant_id=facts.tenant_id,
        campaign_id=facts.campaign_id,
        contact_id=facts.contact_id,
        external_id=facts.external_id,
        attempt_id=facts.id,
        attempt_number=facts.number,
        outcome=outcome,
        ended_at=end.ended_at,
        contact_finished=following.state is ContactState.FINISHED,
        next_attempt_not_before=following.not_before,
        facts=FactsData.of(told),
        number_position=_position(facts),
    )


def _position(facts: FoldFacts) -> int | None:
    """Which of several numbers was dialed, from 1."""
    dialed = (at for at, own in enumerate(facts.numbers, 1) if own.number == facts.phone)
    return next(dialed, None)


def _finish(following: ContactNext) -> tuple[str, ...]:
    return () if following.outcome is None else (counters.FINISHED + following.outcome,)
