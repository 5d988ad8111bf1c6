"""Transitions of a contact when its attempt ends, or is dropped before it was placed.

Its values are named tuples, because the fold makes three for each report.
"""

from datetime import datetime
from typing import NamedTuple

from shared.domain.calendar.intervals import NEVER
from shared.domain.contacts import ContactState
from shared.domain.outcomes import Outcome
from shared.domain.policy.attempt_policy import Again, AttemptPolicy, History, next_attempt, record
from shared.domain.policy.suppression import put_off
from shared.domain.reasons import MEANINGS, Reason, wait_after


class ContactBefore(NamedTuple):
    """A contact while its attempt is live; `history` does not have that attempt yet.

    `suppressed_until` is the end of the suppressions of its number: NEVER, if one is for good.
    """

    history: History
    zones: tuple[str, ...]
    waits_for: Reason | None = None
    expires_at: datetime | None = None
    suppressed_until: datetime | None = None


class ContactAfter(NamedTuple):
    """A contact that waits for its next attempt, or is finished with an outcome.

    `reason` is why it is finished, where no call finishes it.
    """

    history: History
    then: Again | Outcome
    reason: Reason | None = None

    @property
    def state(self) -> ContactState:
        return ContactState.PENDING if isinstance(self.then, Again) else ContactState.FINISHED


class EndedCall(NamedTuple):
    """A call that was placed, or may have been, and how it ended."""

    begun_at: datetime
    window_closes_at: datetime
    ended_at: datetime
    outcome: Outcome
    callback_at: datetime | None = None


class LastCall(NamedTuple):
    """The last call to a contact; `chance` is as in next_attempt."""

    outcome: Outcome
    ended_at: datetime
    chance: float


def after_call(
    policy: AttemptPolicy, contact: ContactBefore, call: EndedCall, *, chance: float
) -> ContactAfter:
    """The contact after a call, which counts for the budget; `chance` is as in next_attempt."""
    history = record(
        contact.history,
        contact.zones,
        at=call.begun_at,
        window_closes_at=call.window_closes_at,
    )
    again = next_attempt(
        policy,
        history,
        call.outcome,
        zones=contact.zones,
        ended_at=call.ended_at,
        chance=chance,
        callback_at=call.callback_at,
    )
    return ContactAfter(history=history, then=_restricted(contact, again or call.outcome))


def after_drop(contact: ContactBefore, reason: Reason, *, retry_at: datetime) -> ContactAfter:
    """The contact after a drop, which does not count for the budget."""
    waits_for = wait_after(reason, before=contact.waits_for)
    then = MEANINGS[reason].finishes or Again(not_before=retry_at, waits_for=waits_for)
    restricted = _restricted(contact, then)
    ended_by = None if isinstance(restricted, Again) else _why_ended(contact, reason, restricted)
    return ContactAfter(history=contact.history, then=restricted, reason=ended_by)


def after_edit(
    policy: AttemptPolicy,
    contact: ContactBefore,
    planned: Again,
    last: LastCall | None,
    *,
    now: datetime,
) -> ContactAfter:
    """A contact that waits for its planned time, after an edit of its campaign.

    Its history has the last call. One that was never called is due. A time that a person asked
    for, or that follows from a call whose attempt is no longer kept, stays.
    """
    history, then = contact.history, planned
    if last is not None and last.outcome is not Outcome.CALLBACK_REQUESTED:
        again = next_attempt(
            policy,
            history,
            last.outcome,
            zones=contact.zones,
            ended_at=last.ended_at,
            chance=last.chance,
        )
        if again is None:
            return ContactAfter(history=history, then=Outcome.EXCLUDED, reason=Reason.BUDGET)
        then = again
    elif history.attempts == 0:
        then = Again(not_before=min(now, planned.not_before), waits_for=None)
    restricted = _restricted(contact, then)
    if isinstance(restricted, Again):
        return ContactAfter(history=history, then=restricted)
    reason = _why_ended(contact, Reason.BUDGET, restricted)
    return ContactAfter(history=history, then=restricted, reason=reason)


def _why_ended(contact: ContactBefore, reason: Reason, outcome: Outcome) -> Reason:
    """Why a contact without another call is finished: by what restricts it, else by the drop."""
    if contact.suppressed_until == NEVER:
        return Reason.SUPPRESSION
    return Reason.EXPIRY if outcome is Outcome.OUT_OF_TIME else reason


def _restricted(contact: ContactBefore, then: Again | Outcome) -> Again | Outcome:
    """Apply suppressions and the expiry of the contact, which restrict its policy."""
    until = contact.suppressed_until
    if not isinstance(then, Again):
        return Outcome.EXCLUDED if until == NEVER else then
    again = put_off(then, until)
    if again is None:
        return Outcome.EXCLUDED
    if contact.expires_at is not None and contact.expires_at <= again.not_before:
        return Outcome.OUT_OF_TIME
    return again
