"""The attempt budget with windows, delays by attempt number, jitter and callbacks."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from random import Random
from uuid import UUID

import pytest

from shared.domain.outcomes import Outcome
from shared.domain.policy.attempt_policy import (
    CALLBACK_MOST,
    AttemptPolicy,
    History,
    RetryRule,
    chance_of,
    is_last_attempt,
    next_attempt,
    record,
)
from shared.domain.reasons import Reason

UTC_ONLY = ("UTC",)
NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
CLOSING = NOON + timedelta(hours=5)
MIDNIGHT = NOON + timedelta(hours=12)
HOUR = timedelta(hours=1)
NOBODY = History(attempts=0, day=None, attempts_on_day=0)
BUSY = Outcome.BUSY


def a_policy(
    *,
    max_total: int = 9,
    max_per_day: int | None = None,
    max_per_window: int | None = None,
    min_gap: timedelta = timedelta(0),
    delays: tuple[timedelta, ...] = (HOUR,),
    jitter: float = 0,
    retry: Mapping[Outcome, RetryRule] | None = None,
) -> AttemptPolicy:
    return AttemptPolicy(
        max_total=max_total,
        max_per_day=max_per_day,
        max_per_window=max_per_window,
        min_gap=min_gap,
        delays=delays,
        jitter=jitter,
        retry={BUSY: RetryRule()} if retry is None else retry,
    )


def after(attempts: int, *, closes_at: datetime = CLOSING) -> History:
    """A history of so many attempts, all at noon in one window."""
    history = NOBODY
    for _ in range(attempts):
        history = record(history, UTC_ONLY, at=NOON, window_closes_at=closes_at)
    return history


def decided(
    policy: AttemptPolicy,
    history: History,
    outcome: Outcome = BUSY,
    *,
    chance: float = 0,
    callback_at: datetime | None = None,
) -> tuple[datetime, Reason | None] | None:
    again = next_attempt(
        policy,
        history,
        outcome,
        zones=UTC_ONLY,
        ended_at=NOON,
        chance=chance,
        callback_at=callback_at,
    )
    return None if again is None else (again.not_before, again.waits_for)


@pytest.mark.parametrize(
    ("policy", "attempts", "expected"),
    [
        pytest.param(a_policy(), 1, (NOON + HOUR, Reason.RETRY), id="the retry"),
        pytest.param(a_policy(max_per_window=2), 1, (NOON + HOUR, Reason.RETRY), id="one left"),
        pytest.param(a_policy(max_per_window=2), 2, (CLOSING, Reason.WINDOW), id="window spent"),
        pytest.param(a_policy(max_per_day=2), 2, (MIDNIGHT, Reason.DAY), id="day spent"),
        pytest.param(
            a_policy(max_per_day=2, max_per_window=2), 2, (MIDNIGHT, Reason.DAY), id="both spent"
        ),
        pytest.param(
            a_policy(max_per_window=1, delays=(6 * HOUR,)),
            1,
            (NOON + 6 * HOUR, Reason.RETRY),
            id="the delay is past the closing anyway",
        ),
        pytest.param(a_policy(max_total=2, max_per_window=2), 2, None, id="all spent"),
    ],
)
def test_the_answer_has_the_reason_to_wait(
    policy: AttemptPolicy, attempts: int, expected: tuple[datetime, Reason] | None
) -> None:
    assert decided(policy, after(attempts)) == expected


def test_a_window_that_opens_later_starts_afresh() -> None:
    first = after(2)

    later = record(first, UTC_ONLY, at=CLOSING, window_closes_at=CLOSING + HOUR)

    assert (first.attempts_in_window, first.window_closes_at) == (2, CLOSING)
    assert (later.attempts_in_window, later.window_closes_at) == (1, CLOSING + HOUR)


def test_the_last_moment_of_a_window_is_still_in_it() -> None:
    last = CLOSING - timedelta(microseconds=1)

    assert record(after(2), UTC_ONLY, at=last, window_closes_at=CLOSING).attempts_in_window == 3


@pytest.mark.parametrize("moved_to", [CLOSING - 2 * HOUR, CLOSING + 2 * HOUR])
def test_moving_the_closing_of_an_open_window_renews_no_budget(moved_to: datetime) -> None:
    before = after(1)

    history = record(before, UTC_ONLY, at=NOON + HOUR, window_closes_at=moved_to)

    assert history.attempts_in_window == 2
    assert history.window_closes_at == max(CLOSING, moved_to)


def test_each_attempt_has_its_delay_and_the_last_one_repeats() -> None:
    policy = a_policy(delays=(HOUR, 3 * HOUR, 7 * HOUR))

    waits = [decided(policy, after(attempts)) for attempts in (1, 2, 3, 4, 5)]

    expected = (HOUR, 3 * HOUR, 7 * HOUR, 7 * HOUR, 7 * HOUR)
    assert waits == [(NOON + delay, Reason.RETRY) for delay in expected]


def test_a_rule_with_a_delay_of_its_own_does_not_look_at_the_others() -> None:
    policy = a_policy(delays=(HOUR,), retry={BUSY: RetryRule(delay=5 * HOUR)})

    assert decided(policy, after(1)) == (NOON + 5 * HOUR, Reason.RETRY)


def test_an_outcomes_maximum_counts_attempts_of_every_outcome() -> None:
    policy = a_policy(retry={BUSY: RetryRule(max_attempts=2), Outcome.NO_ANSWER: RetryRule()})

    assert decided(policy, after(1), BUSY)
    assert decided(policy, after(2), BUSY) is None
    assert decided(policy, after(2), Outcome.NO_ANSWER)


@pytest.mark.parametrize(
    ("chance", "gap", "expected"),
    [
        (0.0, timedelta(0), HOUR),
        (0.5, timedelta(0), HOUR * 1.25),
        (1.0, timedelta(0), HOUR * 1.5),
        (1.0, 3 * HOUR, 3.5 * HOUR),
    ],
)
def test_jitter_is_added_to_the_longer_of_delay_and_gap(
    chance: float, gap: timedelta, expected: timedelta
) -> None:
    policy = a_policy(jitter=0.5, min_gap=gap)

    assert decided(policy, after(1), chance=chance) == (NOON + expected, Reason.RETRY)


def test_chance_is_the_same_for_the_same_attempt_and_spread_over_others() -> None:
    random = Random(2026)
    ids = [UUID(int=random.getrandbits(128), version=4) for _ in range(4_000)]

    chances = [chance_of(id_) for id_ in ids]

    assert chances == [chance_of(UUID(str(id_))) for id_ in ids]
    assert all(900 < sum(n <= 4 * chance < n + 1 for chance in chances) < 1_100 for n in range(4))
    assert chance_of(UUID(int=0)) == 0
    assert chance_of(UUID(int=2**128 - 1)) < 1
    assert chance_of(UUID("ffffffff-ffff-7fff-ffe0-000000000000")) == 0


@pytest.mark.parametrize(
    ("callback_at", "gap", "expected"),
    [
        pytest.param(NOON + 2 * HOUR, timedelta(0), NOON + 2 * HOUR, id="at the time asked for"),
        pytest.param(NOON + HOUR, 2 * HOUR, NOON + 2 * HOUR, id="not before the gap is over"),
        pytest.param(NOON - HOUR, HOUR, NOON + HOUR, id="a time that has passed"),
        pytest.param(datetime.min.replace(tzinfo=UTC), HOUR, NOON + HOUR, id="the first instant"),
        pytest.param(
            datetime.min.replace(tzinfo=timezone(14 * HOUR)), HOUR, NOON + HOUR, id="before it"
        ),
        pytest.param(NOON + CALLBACK_MOST, timedelta(0), NOON + CALLBACK_MOST, id="in a year"),
    ],
)
def test_a_person_is_called_back_when_they_asked_for_it(
    callback_at: datetime, gap: timedelta, expected: datetime
) -> None:
    policy = a_policy(max_per_day=1, max_per_window=1, min_gap=gap, retry={})

    again = decided(policy, after(1), Outcome.CALLBACK_REQUESTED, callback_at=callback_at)

    assert again == (expected, Reason.CALLBACK)


@pytest.mark.parametrize(
    "callback_at",
    [
        None,
        NOON + CALLBACK_MOST + HOUR,
        datetime.max.replace(tzinfo=UTC),
        datetime.max.replace(tzinfo=timezone(-14 * HOUR)),
    ],
)
def test_a_callback_without_a_plausible_time_follows_its_rule(
    callback_at: datetime | None,
) -> None:
    asked = Outcome.CALLBACK_REQUESTED
    rules = {asked: RetryRule(delay=2 * HOUR)}

    assert decided(a_policy(), after(1), asked, callback_at=callback_at) is None
    again = decided(a_policy(retry=rules), after(1), asked, callback_at=callback_at)
    assert again == (NOON + 2 * HOUR, Reason.RETRY)


def test_only_the_outcome_that_says_so_asks_for_a_callback() -> None:
    again = decided(a_policy(), after(1), BUSY, callback_at=NOON + 9 * HOUR)

    assert again == (NOON + HOUR, Reason.RETRY)


def test_a_callback_does_not_go_beyond_the_total() -> None:
    policy = a_policy(max_total=1)
    asked = Outcome.CALLBACK_REQUESTED

    assert decided(policy, after(1), asked, callback_at=NOON + HOUR) is None


def test_naive_callbacks_and_closings_are_refused() -> None:
    naive = NOON.replace(tzinfo=None)

    with pytest.raises(ValueError, match="naive"):
        decided(a_policy(), after(1), Outcome.CALLBACK_REQUESTED, callback_at=naive)
    with pytest.raises(ValueError, match="naive"):
        after(1, closes_at=naive)


@pytest.mark.parametrize(
    ("number", "retry", "is_last"),
    [
        (1, {}, True),
        (2, {BUSY: RetryRule()}, False),
        (3, {BUSY: RetryRule()}, True),
        (1, {BUSY: RetryRule(max_attempts=2)}, False),
        (2, {BUSY: RetryRule(max_attempts=2)}, True),
        (2, {BUSY: RetryRule(max_attempts=2), Outcome.NO_ANSWER: RetryRule()}, False),
    ],
)
def test_the_last_attempt_is_one_that_no_outcome_follows(
    *, number: int, retry: dict[Outcome, RetryRule], is_last: bool
) -> None:
    assert is_last_attempt(a_policy(max_total=3, retry=retry), number) is is_last
