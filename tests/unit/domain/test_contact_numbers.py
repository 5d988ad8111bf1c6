"""A contact with several numbers is tried at one after another."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.calendar.intervals import NEVER
from shared.domain.outcomes import Outcome
from shared.domain.policy.attempt_policy import Again, AttemptPolicy, History, RetryRule
from shared.domain.policy.contact_numbers import NOBODY_THERE, ContactNumber, first_free, turns
from shared.domain.reasons import Reason
from shared.domain.transitions import (
    ContactAfter,
    ContactBefore,
    EndedCall,
    LastCall,
    after_call,
    after_drop,
    after_edit,
)

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
LATER = NOW + 2 * HOUR
UTC_ZONE, TOKYO = ("UTC",), ("Asia/Tokyo",)
FIRST = ContactNumber("+12025550001", 1, UTC_ZONE)
SECOND = ContactNumber("+81355550002", 2, TOKYO)
THIRD = ContactNumber("+12025550003", 3, UTC_ZONE)
NUMBERS = (FIRST, SECOND, THIRD)
POLICY = AttemptPolicy(
    max_total=4,
    max_per_day=None,
    min_gap=MINUTE,
    retry={
        outcome: RetryRule(delay=HOUR)
        for outcome in (Outcome.BUSY, Outcome.NO_ANSWER, Outcome.CALLBACK_REQUESTED)
    },
)
NEW = History(attempts=0, day=None, attempts_on_day=0)


def suppressed(own: ContactNumber, until: datetime = NEVER) -> ContactNumber:
    return own._replace(suppressed_until=until)


def passed_over(own: ContactNumber) -> ContactNumber:
    return own._replace(is_passed_over=True)


def a_contact(
    *numbers: ContactNumber, phone: str = FIRST.number, attempts: int = 0
) -> ContactBefore:
    dialed = next((own for own in numbers if own.number == phone), FIRST)
    return ContactBefore(
        history=replace(NEW, attempts=attempts),
        zones=dialed.zones,
        suppressed_until=dialed.suppressed_until,
        phone=phone,
        numbers=numbers,
    )


def called(
    contact: ContactBefore, outcome: Outcome, *, callback_at: datetime | None = None
) -> ContactAfter:
    call = EndedCall(
        begun_at=NOW,
        window_closes_at=NOW + 6 * HOUR,
        ended_at=NOW,
        outcome=outcome,
        callback_at=callback_at,
    )
    return after_call(POLICY, contact, call, chance=0)


def turn(after: ContactAfter) -> tuple[str | None, datetime | Outcome]:
    """The number that is called next with its time, or the end."""
    number = None if after.number is None else after.number.number
    return number, after.then.not_before if isinstance(after.then, Again) else after.then


@pytest.mark.parametrize(
    ("numbers", "phone", "following"),
    [
        (NUMBERS, FIRST, SECOND),
        (NUMBERS, SECOND, THIRD),
        (NUMBERS, THIRD, FIRST),
        ((FIRST, passed_over(SECOND), THIRD), FIRST, THIRD),
        ((FIRST, suppressed(SECOND), THIRD), FIRST, THIRD),
        ((FIRST, suppressed(SECOND, LATER), THIRD), FIRST, THIRD),
        ((FIRST, suppressed(SECOND, NOW + MINUTE), THIRD), FIRST, SECOND),
        ((FIRST, SECOND._replace(zones=()), THIRD), FIRST, THIRD),
        ((FIRST, passed_over(SECOND), suppressed(THIRD)), FIRST, FIRST),
        ((suppressed(FIRST), SECOND), SECOND, SECOND),
        # Its owner has removed the number meanwhile.
        ((SECOND, THIRD), FIRST, SECOND),
    ],
)
def test_an_attempt_that_reaches_nobody_goes_on_to_the_next_number_that_may_be_called(
    numbers: tuple[ContactNumber, ...], phone: ContactNumber, following: ContactNumber
) -> None:
    after = called(a_contact(*numbers, phone=phone.number), Outcome.NO_ANSWER)

    assert turn(after) == (following.number, NOW + HOUR)
    assert not after.passes_over


@pytest.mark.parametrize("outcome", sorted(NOBODY_THERE))
def test_a_number_at_which_nobody_is_reached_is_passed_over_without_the_delay_of_a_rule(
    outcome: Outcome,
) -> None:
    after = called(a_contact(*NUMBERS), outcome)

    assert turn(after) == (SECOND.number, NOW + MINUTE)
    assert after.passes_over


@pytest.mark.parametrize("outcome", sorted(NOBODY_THERE))
def test_the_last_number_at_which_nobody_is_reached_ends_the_contact(outcome: Outcome) -> None:
    after = called(a_contact(FIRST, passed_over(SECOND)), outcome)

    assert turn(after) == (None, outcome)
    assert after.passes_over


@pytest.mark.parametrize("outcome", [Outcome.ANSWERED_HUMAN, Outcome.OPT_OUT, Outcome.DECLINED])
def test_a_final_outcome_ends_the_contact_although_it_has_other_numbers(outcome: Outcome) -> None:
    assert turn(called(a_contact(*NUMBERS), outcome)) == (None, outcome)


@pytest.mark.parametrize("outcome", [Outcome.NO_ANSWER, Outcome.UNOBTAINABLE])
def test_the_attempts_at_all_numbers_have_one_budget(outcome: Outcome) -> None:
    contact = a_contact(*NUMBERS, attempts=POLICY.max_total - 1)

    assert turn(called(contact, outcome)) == (None, outcome)


def test_a_callback_is_at_the_number_at_which_it_was_asked_for() -> None:
    after = called(a_contact(*NUMBERS), Outcome.CALLBACK_REQUESTED, callback_at=LATER)

    assert turn(after) == (FIRST.number, LATER)


def test_a_callback_at_a_number_that_is_suppressed_is_at_the_next() -> None:
    contact = a_contact(suppressed(FIRST), SECOND)

    after = called(contact, Outcome.CALLBACK_REQUESTED, callback_at=LATER)

    assert turn(after) == (SECOND.number, LATER)


def test_a_contact_whose_numbers_are_all_suppressed_waits_for_the_first_that_is_free() -> None:
    contact = a_contact(suppressed(FIRST, LATER + HOUR), suppressed(SECOND, LATER))

    after = called(contact, Outcome.BUSY)

    assert turn(after) == (SECOND.number, LATER)
    assert isinstance(after.then, Again)
    assert (after.then.waits_for, after.then.resumes_at) == (Reason.SUPPRESSION, NOW + HOUR)


def test_a_contact_whose_numbers_are_all_suppressed_for_good_is_excluded() -> None:
    after = called(a_contact(suppressed(FIRST), suppressed(SECOND)), Outcome.BUSY)

    assert turn(after) == (None, Outcome.EXCLUDED)


def test_a_day_that_is_spent_ends_when_it_is_over_at_the_dialed_number_too() -> None:
    policy = replace(POLICY, max_per_day=1)
    call = EndedCall(
        begun_at=NOW, window_closes_at=LATER, ended_at=NOW, outcome=Outcome.BUSY, callback_at=None
    )

    after = after_call(policy, a_contact(FIRST, SECOND), call, chance=0)

    # It is midnight in Tokyo nine hours before.
    assert turn(after) == (SECOND.number, datetime(2026, 11, 19, tzinfo=UTC))


@pytest.mark.parametrize(
    ("numbers", "reason", "following", "waits_for"),
    [
        (NUMBERS, Reason.WINDOW, FIRST, Reason.WINDOW),
        (NUMBERS, Reason.FREQUENCY_CAP, FIRST, Reason.FREQUENCY_CAP),
        ((suppressed(FIRST), SECOND), Reason.SUPPRESSION, SECOND, Reason.CAPACITY),
        ((suppressed(FIRST), SECOND), Reason.WINDOW, SECOND, Reason.CAPACITY),
        ((suppressed(FIRST, LATER), SECOND), Reason.SUPPRESSION, SECOND, Reason.CAPACITY),
        (NUMBERS, Reason.SUPPRESSION, FIRST, Reason.SUPPRESSION),
        (NUMBERS, Reason.DESTINATION, SECOND, Reason.CAPACITY),
    ],
)
def test_a_drop_goes_on_only_from_a_number_that_may_not_be_called(
    numbers: tuple[ContactNumber, ...],
    reason: Reason,
    following: ContactNumber,
    waits_for: Reason,
) -> None:
    after = after_drop(a_contact(*numbers), reason, retry_at=NOW)

    assert turn(after) == (following.number, NOW)
    assert isinstance(after.then, Again)
    assert after.then.waits_for is waits_for
    assert after.passes_over is (reason is Reason.DESTINATION)


@pytest.mark.parametrize(
    ("numbers", "reason", "ended_by"),
    [
        ((suppressed(FIRST), suppressed(SECOND)), Reason.SUPPRESSION, Reason.SUPPRESSION),
        ((suppressed(FIRST), passed_over(SECOND)), Reason.SUPPRESSION, Reason.SUPPRESSION),
        ((FIRST, passed_over(SECOND)), Reason.DESTINATION, Reason.DESTINATION),
        (NUMBERS, Reason.BUDGET, Reason.BUDGET),
        (NUMBERS, Reason.MISSING_VARIABLE, Reason.MISSING_VARIABLE),
    ],
)
def test_a_drop_after_which_no_number_is_left_excludes_the_contact(
    numbers: tuple[ContactNumber, ...], reason: Reason, ended_by: Reason
) -> None:
    after = after_drop(a_contact(*numbers), reason, retry_at=NOW)

    assert turn(after) == (None, Outcome.EXCLUDED)
    assert after.reason is ended_by


def test_a_contact_that_has_only_numbers_that_are_passed_over_ends_at_a_drop() -> None:
    contact = a_contact(passed_over(FIRST), passed_over(SECOND))

    after = after_drop(contact, Reason.CALL_UP, retry_at=NOW)

    assert turn(after) == (None, Outcome.EXCLUDED)
    assert after.reason is Reason.DESTINATION


def test_a_request_that_is_void_before_the_next_number_is_out_of_time() -> None:
    contact = a_contact(*NUMBERS)._replace(expires_at=NOW + MINUTE)

    assert turn(called(contact, Outcome.BUSY)) == (None, Outcome.OUT_OF_TIME)


def test_an_edit_does_not_end_a_contact_that_has_gone_on_from_a_dead_number() -> None:
    contact = ContactBefore(history=replace(NEW, attempts=1), zones=UTC_ZONE)
    planned = Again(not_before=NOW + MINUTE, waits_for=Reason.RETRY)
    last = LastCall(Outcome.UNOBTAINABLE, NOW, 0)

    after = after_edit(POLICY, contact, planned, last, has_several=True, now=NOW)

    assert after.then == planned
    assert after_edit(POLICY, contact, planned, last, now=NOW).then is Outcome.EXCLUDED


_NUMBER = st.builds(
    ContactNumber,
    number=st.sampled_from([f"+1202555000{last}" for last in range(6)]),
    calling_group_id=st.just(1),
    zones=st.sampled_from([(), UTC_ZONE, TOKYO]),
    suppressed_until=st.sampled_from([None, LATER, NEVER]),
    is_passed_over=st.booleans(),
)
_NUMBERS = st.lists(_NUMBER, min_size=1, max_size=5, unique_by=lambda own: own.number)


@given(numbers=_NUMBERS, at=st.integers(0, 4), stays=st.booleans())
def test_each_number_that_may_be_called_has_one_turn(
    numbers: list[ContactNumber], at: int, stays: bool
) -> None:
    dialed = numbers[at % len(numbers)]

    order = turns(numbers, dialed.number, stays=stays)

    callable_ones = [own for own in numbers if own.zones and not own.is_passed_over]
    assert sorted(order) == sorted(callable_ones)
    if dialed in order:
        assert order[0 if stays else -1] == dialed


@given(numbers=_NUMBERS)
def test_the_first_free_number_is_never_one_whose_suppression_has_not_ended(
    numbers: list[ContactNumber],
) -> None:
    again = Again(not_before=NOW, waits_for=Reason.RETRY)

    free = first_free((own, again) for own in numbers)

    if free is None:
        assert all(own.suppressed_until == NEVER for own in numbers)
    else:
        own, then = free
        assert own.suppressed_until is None or own.suppressed_until <= then.not_before
