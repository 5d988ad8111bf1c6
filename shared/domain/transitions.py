"""Transitions of a contact when its attempt ends, or is dropped before it was placed.

Its values are named tuples, because the fold makes three for each report.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from shared.domain.calendar.intervals import NEVER
from shared.domain.contacts import ContactState
from shared.domain.outcomes import Outcome
from shared.domain.policy.attempt_policy import (
    Again,
    AttemptPolicy,
    History,
    next_attempt,
    next_elsewhere,
    record,
)
from shared.domain.policy.contact_numbers import NOBODY_THERE, ContactNumber, first_free, turns
from shared.domain.policy.suppression import put_off
from shared.domain.reasons import MEANINGS, Reason, wait_after


class ContactBefore(NamedTuple):
    """A contact while its attempt is live; `history` does not have that attempt yet.

    `suppressed_until` is the end of the suppressions of its number: NEVER, if one is for good.
    `numbers` are all of a contact that has several, and `phone` is the one that is dialed.
    """

    history: History
    zones: tuple[str, ...]
    waits_for: Reason | None = None
    expires_at: datetime | None = None
    suppressed_until: datetime | None = None
    phone: str = ""
    numbers: tuple[ContactNumber, ...] = ()


class ContactAfter(NamedTuple):
    """A contact that waits for its next attempt, or is finished with an outcome.

    `reason` is why it is finished, where no call finishes it. `number` is the one that is called
    next, of several; `passes_over` says that the dialed one is never called again.
    """

    history: History
    then: Again | Outcome
    reason: Reason | None = None
    number: ContactNumber | None = None
    passes_over: bool = False

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
    is_nobody_there = bool(contact.numbers) and call.outcome in NOBODY_THERE

    def planned(zones: tuple[str, ...]) -> Again | None:
        if is_nobody_there:
            return next_elsewhere(policy, history, zones=zones, ended_at=call.ended_at)
        return next_attempt(
            policy,
            history,
            call.outcome,
            zones=zones,
            ended_at=call.ended_at,
            chance=chance,
            callback_at=call.callback_at,
        )

    if not contact.numbers:
        again = planned(contact.zones)
        return ContactAfter(history=history, then=_restricted(contact, again or call.outcome))
    # A person who asks for a callback has answered there.
    stays = call.outcome is Outcome.CALLBACK_REQUESTED
    # The day of a budget is over when it is over at the dialed number, too.
    plans = [
        (own, planned((*own.zones, *contact.zones)))
        for own in _turns(contact, is_nobody_there, stays=stays)
    ]
    allowed = [(own, again) for own, again in plans if again is not None]
    if not allowed or call.outcome is Outcome.OPT_OUT:
        then = _restricted(contact, call.outcome)
        return ContactAfter(history=history, then=then, passes_over=is_nobody_there)
    after = _at_one_of(contact, history, allowed)
    return after._replace(reason=None, passes_over=is_nobody_there)


def after_drop(contact: ContactBefore, reason: Reason, *, retry_at: datetime) -> ContactAfter:
    """The contact after a drop, which does not count for the budget."""
    waits_for = wait_after(reason, before=contact.waits_for)
    finishes, passes_over = MEANINGS[reason].finishes, MEANINGS[reason].is_of_number
    if contact.numbers and (passes_over or finishes is None):
        return _after_drop_of_several(contact, reason, retry_at=retry_at, passes_over=passes_over)
    then = finishes or Again(not_before=retry_at, waits_for=waits_for)
    restricted = _restricted(contact, then)
    ended_by = None if isinstance(restricted, Again) else _why_ended(contact, reason, restricted)
    return ContactAfter(history=contact.history, then=restricted, reason=ended_by)


def after_edit(
    policy: AttemptPolicy,
    contact: ContactBefore,
    planned: Again,
    last: LastCall | None,
    *,
    has_several: bool = False,
    now: datetime,
) -> ContactAfter:
    """A contact that waits for its planned time, after an edit of its campaign.

    Its history has the last call. One that was never called is due. A time that a person asked
    for, or that follows from a call whose attempt is no longer kept, stays. A contact that has
    several numbers has gone on from one at which nobody is reached.
    """
    history, then = contact.history, planned
    if last is not None and last.outcome is not Outcome.CALLBACK_REQUESTED:
        if has_several and last.outcome in NOBODY_THERE:
            again = next_elsewhere(policy, history, zones=contact.zones, ended_at=last.ended_at)
        else:
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


def _turns(
    contact: ContactBefore, passes_over: bool, *, stays: bool = False
) -> list[ContactNumber]:
    ordered = turns(contact.numbers, contact.phone, stays=stays)
    return [own for own in ordered if not (passes_over and own.number == contact.phone)]


def _at_one_of(
    contact: ContactBefore, history: History, plans: Sequence[tuple[ContactNumber, Again]]
) -> ContactAfter:
    """The contact at the first number that is free, under its suppressions and its expiry."""
    free = first_free(plans)
    if free is None:
        return ContactAfter(history=history, then=Outcome.EXCLUDED, reason=Reason.SUPPRESSION)
    own, again = free
    if _is_void(contact, again):
        return ContactAfter(history=history, then=Outcome.OUT_OF_TIME, reason=Reason.EXPIRY)
    return ContactAfter(history=history, then=again, number=own)


def _after_drop_of_several(
    contact: ContactBefore, reason: Reason, *, retry_at: datetime, passes_over: bool
) -> ContactAfter:
    """The contact waits at the same number, or goes on if that may not be called."""
    waits_for = wait_after(reason, before=contact.waits_for)
    elsewhere = wait_after(Reason.REFUSED, before=contact.waits_for)
    plans = [
        (
            own,
            Again(
                not_before=retry_at,
                waits_for=waits_for if own.number == contact.phone else elsewhere,
            ),
        )
        for own in _turns(contact, passes_over, stays=True)
    ]
    if not plans:
        # Its owner may have left it only numbers that are passed over.
        ended_by = reason if MEANINGS[reason].is_end else Reason.DESTINATION
        return ContactAfter(
            history=contact.history, then=Outcome.EXCLUDED, reason=ended_by, passes_over=passes_over
        )
    return _at_one_of(contact, contact.history, plans)._replace(passes_over=passes_over)


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
    return Outcome.OUT_OF_TIME if _is_void(contact, again) else again


def _is_void(contact: ContactBefore, again: Again) -> bool:
    return contact.expires_at is not None and contact.expires_at <= again.not_before
