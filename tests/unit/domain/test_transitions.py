"""A contact's next state after a call or a drop, with suppressions, expiry and policy."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.calendar.intervals import NEVER
from shared.domain.contacts import ContactState
from shared.domain.outcomes import Outcome
from shared.domain.policy.attempt_policy import Again, AttemptPolicy, History, RetryRule
from shared.domain.reasons import Reason
from shared.domain.transitions import (
    ContactBefore,
    EndedCall,
    LastCall,
    after_call,
    after_drop,
    after_edit,
)

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
POLICY = AttemptPolicy(
    max_total=3,
    max_per_day=None,
    min_gap=timedelta(0),
    retry={Outcome.BUSY: RetryRule(delay=HOUR)},
)
TRIED_ONCE = History(attempts=1, day=NOW.date(), attempts_on_day=1)
CONTACT = ContactBefore(history=TRIED_ONCE, zones=("UTC",))
BUSY = EndedCall(begun_at=NOW, window_closes_at=NOW + 9 * HOUR, ended_at=NOW, outcome=Outcome.BUSY)
RETRY = Again(not_before=NOW + HOUR, waits_for=Reason.RETRY)


@pytest.mark.parametrize(
    ("contact", "then"),
    [
        pytest.param(CONTACT, RETRY, id="retry"),
        pytest.param(CONTACT._replace(suppressed_until=NEVER), Outcome.EXCLUDED, id="for good"),
        pytest.param(
            CONTACT._replace(suppressed_until=NOW + 2 * HOUR),
            Again(
                not_before=NOW + 2 * HOUR,
                waits_for=Reason.SUPPRESSION,
                resumes_at=NOW + HOUR,
            ),
            id="suppressed for longer",
        ),
        pytest.param(CONTACT._replace(expires_at=NOW + HOUR), Outcome.OUT_OF_TIME, id="expires"),
        pytest.param(
            CONTACT._replace(expires_at=NOW + 2 * HOUR, suppressed_until=NOW + 2 * HOUR),
            Outcome.OUT_OF_TIME,
            id="expires under a suppression",
        ),
    ],
)
def test_a_busy_contact(contact: ContactBefore, then: Again | Outcome) -> None:
    after = after_call(POLICY, contact, BUSY, chance=0)

    assert after.then == then
    assert after.history.attempts == 2
    assert (after.state is ContactState.PENDING) == isinstance(then, Again)


@pytest.mark.parametrize(
    ("suppressed_until", "then"), [(NOW + HOUR, Outcome.ANSWERED_HUMAN), (NEVER, Outcome.EXCLUDED)]
)
def test_a_finished_contact_is_excluded_only_for_good(
    suppressed_until: datetime, then: Outcome
) -> None:
    contact = CONTACT._replace(suppressed_until=suppressed_until)
    answered = BUSY._replace(outcome=Outcome.ANSWERED_HUMAN)

    assert after_call(POLICY, contact, answered, chance=0).then is then


def test_a_drop_costs_the_contact_nothing() -> None:
    after = after_drop(CONTACT, Reason.REFUSED, retry_at=NOW)

    assert after.history == TRIED_ONCE
    assert after.then == Again(not_before=NOW, waits_for=Reason.CAPACITY)


def test_a_drop_for_a_spent_budget_finishes_the_contact() -> None:
    owed = CONTACT._replace(waits_for=Reason.CALLBACK)

    assert after_drop(owed, Reason.BUDGET, retry_at=NOW).then is Outcome.EXCLUDED


PLANNED = Again(not_before=NOW + 9 * HOUR, waits_for=Reason.RETRY)
NEVER_CALLED = CONTACT._replace(history=History(attempts=0, day=None, attempts_on_day=0))
LAST = LastCall(outcome=Outcome.BUSY, ended_at=NOW, chance=0)


@pytest.mark.parametrize(
    ("contact", "last", "then", "reason"),
    [
        pytest.param(CONTACT, LAST, RETRY, None, id="by the new delay"),
        pytest.param(
            CONTACT,
            LAST._replace(outcome=Outcome.FAX),
            Outcome.EXCLUDED,
            Reason.BUDGET,
            id="no retry any more",
        ),
        pytest.param(
            CONTACT,
            LAST._replace(outcome=Outcome.CALLBACK_REQUESTED),
            PLANNED,
            None,
            id="the person's own time",
        ),
        pytest.param(CONTACT, None, PLANNED, None, id="its attempt is no longer kept"),
        pytest.param(
            NEVER_CALLED, None, Again(not_before=NOW, waits_for=None), None, id="never called"
        ),
        pytest.param(
            CONTACT._replace(expires_at=NOW + HOUR),
            LAST,
            Outcome.OUT_OF_TIME,
            Reason.EXPIRY,
            id="expires before",
        ),
        pytest.param(
            CONTACT._replace(suppressed_until=NEVER),
            LAST,
            Outcome.EXCLUDED,
            Reason.SUPPRESSION,
            id="suppressed meanwhile",
        ),
    ],
)
def test_a_contact_that_waits_follows_an_edit(
    contact: ContactBefore, last: LastCall | None, then: Again | Outcome, reason: Reason | None
) -> None:
    after = after_edit(POLICY, contact, PLANNED, last, now=NOW)

    assert (after.then, after.reason) == (then, reason)
    assert after.history == contact.history
