"""When a contact is tried again, and when it is not."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from shared.domain.calendar.zones import day_start, local_date
from shared.domain.outcomes import Outcome
from shared.domain.policy.attempt_policy import (
    AttemptPolicy,
    History,
    RetryRule,
    next_attempt,
    record,
)
from tests.unit.domain.calendar.oracle import clock_changes

NEW_YORK = ("America/New_York",)
NOON = datetime(2026, 7, 1, 16, tzinfo=UTC)  # in New York
HOUR = timedelta(hours=1)
NOBODY = History(attempts=0, day=None, attempts_on_day=0)


def a_policy(
    *,
    max_total: int = 5,
    max_per_day: int | None = None,
    min_gap: timedelta = timedelta(0),
    delay: timedelta = HOUR,
    busy_limit: int | None = None,
) -> AttemptPolicy:
    retry = {
        Outcome.NO_ANSWER: RetryRule(delay=delay),
        Outcome.BUSY: RetryRule(delay=timedelta(minutes=5), max_attempts=busy_limit),
    }
    return AttemptPolicy(max_total=max_total, max_per_day=max_per_day, min_gap=min_gap, retry=retry)


def recorded(
    history: History, zones: tuple[str, ...], *, at: datetime, closes_in: timedelta = 9 * HOUR
) -> History:
    return record(history, zones, at=at, window_closes_at=at + closes_in)


def again_at(
    policy: AttemptPolicy,
    history: History,
    outcome: Outcome,
    *,
    zones: tuple[str, ...] = NEW_YORK,
    ended_at: datetime = NOON,
    chance: float = 0,
) -> datetime | None:
    again = next_attempt(policy, history, outcome, zones=zones, ended_at=ended_at, chance=chance)
    return None if again is None else again.not_before


def on_days(history: History) -> tuple[int, date | None, int]:
    return history.attempts, history.day, history.attempts_on_day


def a_history(attempts: int, *, on_day: int | None = None, day: str = "2026-07-01") -> History:
    return History(
        attempts=attempts,
        day=date.fromisoformat(day),
        attempts_on_day=attempts if on_day is None else on_day,
    )


@pytest.mark.parametrize(
    ("policy", "history", "outcome", "expected"),
    [
        pytest.param(a_policy(), a_history(1), Outcome.NO_ANSWER, NOON + HOUR, id="its delay"),
        pytest.param(
            a_policy(), a_history(1), Outcome.BUSY, NOON + HOUR / 12, id="each outcome its own"
        ),
        pytest.param(a_policy(), a_history(1), Outcome.ANSWERED_HUMAN, None, id="unnamed: stop"),
        pytest.param(
            a_policy(min_gap=3 * HOUR),
            a_history(1),
            Outcome.NO_ANSWER,
            NOON + 3 * HOUR,
            id="the gap is longer",
        ),
        pytest.param(
            a_policy(min_gap=HOUR / 2),
            a_history(1),
            Outcome.NO_ANSWER,
            NOON + HOUR,
            id="the delay is longer",
        ),
        pytest.param(
            a_policy(max_total=3), a_history(2), Outcome.NO_ANSWER, NOON + HOUR, id="one left"
        ),
        pytest.param(a_policy(max_total=3), a_history(3), Outcome.NO_ANSWER, None, id="last"),
        pytest.param(a_policy(max_total=3), a_history(4), Outcome.NO_ANSWER, None, id="beyond"),
        pytest.param(
            a_policy(busy_limit=2), a_history(1), Outcome.BUSY, NOON + HOUR / 12, id="busy again"
        ),
        pytest.param(a_policy(busy_limit=2), a_history(2), Outcome.BUSY, None, id="busy enough"),
        pytest.param(
            a_policy(busy_limit=2),
            a_history(2),
            Outcome.NO_ANSWER,
            NOON + HOUR,
            id="the limit of another outcome",
        ),
        pytest.param(
            a_policy(max_per_day=2),
            a_history(2),
            Outcome.NO_ANSWER,
            datetime(2026, 7, 2, 4, tzinfo=UTC),
            id="the day is spent: next midnight",
        ),
        pytest.param(
            a_policy(max_per_day=2),
            a_history(2, on_day=1),
            Outcome.NO_ANSWER,
            NOON + HOUR,
            id="the day is not spent",
        ),
        pytest.param(
            a_policy(max_per_day=2, delay=36 * HOUR),
            a_history(2),
            Outcome.NO_ANSWER,
            NOON + 36 * HOUR,
            id="the delay is past midnight anyway",
        ),
        pytest.param(
            a_policy(max_per_day=1),
            a_history(3, on_day=1, day="2026-06-30"),
            Outcome.NO_ANSWER,
            NOON + HOUR,
            id="a day that is over",
        ),
    ],
)
def test_next_attempt(
    policy: AttemptPolicy, history: History, outcome: Outcome, expected: datetime | None
) -> None:
    assert again_at(policy, history, outcome) == expected


@pytest.mark.parametrize("outcome", Outcome)
def test_without_rules_every_outcome_is_the_last(outcome: Outcome) -> None:
    policy = AttemptPolicy(max_total=9, max_per_day=None, min_gap=HOUR, retry={})

    assert again_at(policy, a_history(1), outcome) is None


def test_attempts_are_counted_by_local_day() -> None:
    evening = datetime(2026, 7, 2, 3, 59, tzinfo=UTC)

    first = recorded(NOBODY, NEW_YORK, at=NOON)
    second = recorded(first, NEW_YORK, at=evening)
    third = recorded(second, NEW_YORK, at=evening + HOUR)

    assert on_days(first) == on_days(a_history(1))
    assert on_days(second) == on_days(a_history(2))
    assert on_days(third) == on_days(a_history(3, on_day=1, day="2026-07-02"))


def test_with_several_zones_the_day_ends_when_it_has_ended_in_all() -> None:
    zones = ("America/New_York", "America/Los_Angeles")
    after_midnight_in_the_east = datetime(2026, 7, 2, 5, tzinfo=UTC)

    history = recorded(a_history(1), zones, at=after_midnight_in_the_east)
    again = again_at(
        a_policy(max_per_day=2),
        history,
        Outcome.NO_ANSWER,
        zones=zones,
        ended_at=after_midnight_in_the_east,
    )

    assert on_days(history) == on_days(a_history(2))
    assert again == datetime(2026, 7, 2, 7, tzinfo=UTC)


@pytest.mark.parametrize("name", ["America/Santiago", "Africa/Cairo", "Asia/Beirut"])
def test_the_next_day_begins_even_where_its_midnight_is_skipped(name: str) -> None:
    changes = [at for at in clock_changes(name) if at.year >= 2026]
    skipping = [at for at in changes if day_start(name, local_date(name, at)) == at]
    assert skipping

    for change in skipping:
        ended_at = change - 2 * HOUR
        history = recorded(NOBODY, (name,), at=ended_at)
        again = again_at(
            a_policy(max_per_day=1), history, Outcome.BUSY, zones=(name,), ended_at=ended_at
        )
        assert again == change


def test_a_day_that_clocks_return_to_is_still_spent() -> None:
    history = a_history(3, on_day=1, day="2026-07-02")

    returned = recorded(history, NEW_YORK, at=NOON)

    assert on_days(returned) == on_days(a_history(4, on_day=2, day="2026-07-02"))


@pytest.mark.parametrize(
    ("ended_at", "expected"),
    [
        pytest.param("2027-03-13T19:30-05:00", "2027-03-14T20:30-04:00", id="an hour is skipped"),
        pytest.param("2026-10-31T19:30-04:00", "2026-11-01T18:30-05:00", id="an hour comes twice"),
    ],
)
def test_a_delay_is_as_many_seconds_on_a_day_on_which_clocks_change(
    ended_at: str, expected: str
) -> None:
    again = again_at(
        a_policy(delay=timedelta(seconds=86_400)),
        a_history(1),
        Outcome.NO_ANSWER,
        ended_at=datetime.fromisoformat(ended_at),
    )

    assert again == datetime.fromisoformat(expected)


def test_the_answer_is_in_utc() -> None:
    ended_at = datetime.fromisoformat("2026-07-01T12:00:00-04:00")

    again = again_at(a_policy(), a_history(1), Outcome.NO_ANSWER, zones=NEW_YORK, ended_at=ended_at)

    assert again is not None
    assert (again, again.tzinfo) == (NOON + HOUR, UTC)


def test_naive_instants_are_refused() -> None:
    naive = NOON.replace(tzinfo=None)

    with pytest.raises(ValueError, match="naive"):
        recorded(NOBODY, NEW_YORK, at=naive)
    with pytest.raises(ValueError, match="naive"):
        again_at(a_policy(), a_history(1), Outcome.BUSY, zones=NEW_YORK, ended_at=naive)


def test_policies_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="max_total"):
        a_policy(max_total=0)
    with pytest.raises(ValueError, match="max_per_day"):
        a_policy(max_per_day=0)
    with pytest.raises(ValueError, match="min_gap"):
        a_policy(min_gap=-HOUR)
    with pytest.raises(ValueError, match="delay"):
        a_policy(delay=-HOUR)
    with pytest.raises(ValueError, match="max_attempts"):
        a_policy(busy_limit=0)
    with pytest.raises(ValueError, match="max_per_window"):
        replace(a_policy(), max_per_window=0)
    with pytest.raises(ValueError, match="delays"):
        replace(a_policy(), delays=(-HOUR,))
    with pytest.raises(ValueError, match="jitter"):
        replace(a_policy(), jitter=1.5)
    with pytest.raises(ValueError, match="delay of its own"):
        replace(a_policy(), retry={Outcome.BUSY: RetryRule()})
