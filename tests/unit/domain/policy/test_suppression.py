"""A suppression delays a contact; after it the contact has its own time again."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.calendar.intervals import AT_ONCE, NEVER
from shared.domain.policy.attempt_policy import Again
from shared.domain.policy.suppression import put_off, settle
from shared.domain.reasons import Reason

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
RETRY = Again(not_before=NOW + HOUR, waits_for=Reason.RETRY)
NEW = Again(not_before=AT_ONCE, waits_for=None)


def suppressed(hours: int, *, resumes_at: datetime | None) -> Again:
    until = NOW + hours * HOUR
    return Again(not_before=until, waits_for=Reason.SUPPRESSION, resumes_at=resumes_at)


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        pytest.param(None, RETRY, id="none"),
        pytest.param(NOW + HOUR, RETRY, id="over when it is due"),
        pytest.param(NOW + 2 * HOUR, suppressed(2, resumes_at=RETRY.not_before), id="longer"),
        pytest.param(NEVER, None, id="for good"),
    ],
)
def test_the_longer_of_the_two_holds(until: datetime | None, expected: Again | None) -> None:
    assert put_off(RETRY, until) == expected
    assert settle(RETRY, until, attempts=1, now=NOW) == expected


def test_a_new_contact_has_no_time_of_its_own_to_come_back_to() -> None:
    assert put_off(NEW, NOW + HOUR) == suppressed(1, resumes_at=None)


@pytest.mark.parametrize(
    ("own", "attempts", "expected"),
    [
        pytest.param(None, 0, Again(not_before=NOW, waits_for=None), id="never tried"),
        pytest.param(None, 1, Again(not_before=NOW, waits_for=Reason.RETRY), id="tried"),
        pytest.param(NOW - HOUR, 2, Again(not_before=NOW, waits_for=Reason.RETRY), id="past"),
        pytest.param(NOW + HOUR, 2, RETRY, id="to come"),
    ],
)
def test_a_lifted_suppression_gives_the_own_time_back(
    own: datetime | None, attempts: int, expected: Again
) -> None:
    waiting = suppressed(5, resumes_at=own)

    assert settle(waiting, None, attempts=attempts, now=NOW) == expected


def test_a_shorter_suppression_keeps_the_own_time() -> None:
    own = NOW + HOUR

    shorter = settle(suppressed(5, resumes_at=own), NOW + 3 * HOUR, attempts=1, now=NOW)

    assert shorter == suppressed(3, resumes_at=own)
    assert settle(suppressed(5, resumes_at=own), NEVER, attempts=1, now=NOW) is None
