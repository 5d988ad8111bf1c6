"""Suppressions: a contact waits until the suppression of its number ends, then resumes."""

from datetime import datetime

from shared.domain.calendar.intervals import AT_ONCE, NEVER
from shared.domain.policy.attempt_policy import Again
from shared.domain.reasons import Reason


def put_off(again: Again, until: datetime | None) -> Again | None:
    """The time of a contact under the suppressions of its number, which end at `until`.

    None: never, because a suppression is for good. A suppression that ends before the contact is
    due changes nothing. A longer one keeps the contact's own time as `resumes_at`.
    """
    if until is None or until <= again.not_before:
        return again
    if until >= NEVER:
        return None
    own = None if again.not_before == AT_ONCE else again.not_before
    return Again(not_before=until, waits_for=Reason.SUPPRESSION, resumes_at=own)


def settle(waiting: Again, until: datetime | None, *, attempts: int, now: datetime) -> Again | None:
    """The time of a waiting contact after a change of the suppressions, which now end at `until`.

    None: never, because a suppression is for good. The statement of shared/db/api/exclusions.py
    does the same for many contacts at once, and is tested against this function.
    """
    if waiting.waits_for is not Reason.SUPPRESSION:
        return put_off(waiting, until)
    own = waiting.resumes_at or AT_ONCE
    settled = put_off(Again(not_before=own, waits_for=None), until)
    if settled is None or settled.waits_for is Reason.SUPPRESSION:
        return settled
    was_tried = own > now or attempts > 0
    return Again(not_before=max(own, now), waits_for=Reason.RETRY if was_tried else None)
