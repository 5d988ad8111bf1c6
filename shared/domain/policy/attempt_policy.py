"""The attempt policy: how often and how soon a contact is tried again, under one budget."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from shared.domain.calendar.zones import day_start, local_date, refuse_naive
from shared.domain.outcomes import Outcome
from shared.domain.reasons import Reason

# A callback in more than a year is taken for a defect of the provider that reports it.
CALLBACK_MOST = timedelta(days=366)
_CHANCE_BITS = 53


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRule:
    """Try again after `delay`, or after the policy's delay for the attempt's number.

    With `max_attempts` this outcome finishes a contact after so many attempts in total, of any
    outcome: it can only make the shared budget smaller.
    """

    delay: timedelta | None = None
    max_attempts: int | None = None

    def __post_init__(self) -> None:
        if self.delay is not None and self.delay < timedelta(0):
            raise ValueError("delay must not be negative")
        _refuse_less_than_one("max_attempts", self.max_attempts)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptPolicy:
    """The budget, and what follows each outcome; one that `retry` does not name ends the contact.

    The n-th of `delays` follows the n-th attempt and the last one every later attempt. `jitter` is
    the share of a delay that chance may add.
    """

    max_total: int
    max_per_day: int | None
    min_gap: timedelta
    retry: Mapping[Outcome, RetryRule]
    max_per_window: int | None = None
    delays: tuple[timedelta, ...] = ()
    jitter: float = 0.0

    def __post_init__(self) -> None:
        _refuse_less_than_one("max_total", self.max_total)
        _refuse_less_than_one("max_per_day", self.max_per_day)
        _refuse_less_than_one("max_per_window", self.max_per_window)
        if self.min_gap < timedelta(0):
            raise ValueError("min_gap must not be negative")
        if any(delay < timedelta(0) for delay in self.delays):
            raise ValueError("delays must not be negative")
        if not 0 <= self.jitter <= 1:
            raise ValueError("jitter must be from 0 to 1")
        if not self.delays and any(rule.delay is None for rule in self.retry.values()):
            raise ValueError("without delays every rule needs a delay of its own")


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Attempts so far; `attempts_on_day` counts those on `day`, the last day with one.

    In the same way `attempts_in_window` counts those in the last window with one, which is known
    by its closing.
    """

    attempts: int
    day: date | None
    attempts_on_day: int
    window_closes_at: datetime | None = None
    attempts_in_window: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """The earliest instant of the next attempt, calendar aside, and what it waits for.

    No `waits_for`: the contact has not been tried. `resumes_at` is the time that it would have
    without the suppression that it waits for, or without the callback that came before it.
    """

    not_before: datetime
    waits_for: Reason | None
    resumes_at: datetime | None = None


def record(
    history: History, zones: tuple[str, ...], *, at: datetime, window_closes_at: datetime
) -> History:
    """The history with one more attempt, begun at `at` in the window with that closing."""
    refuse_naive(window_closes_at)
    day, last = _budget_day(zones, at), history.day
    # Clocks that are put back over midnight, or changed zones, must not renew a spent day.
    same_day = last is not None and day <= last
    # An edit may move the closing of an open window: it is one window until the latest closing.
    closing = history.window_closes_at
    same_window = closing is not None and at < closing
    return History(
        attempts=history.attempts + 1,
        day=last if same_day else day,
        attempts_on_day=history.attempts_on_day + 1 if same_day else 1,
        window_closes_at=max(closing or window_closes_at, window_closes_at),
        attempts_in_window=history.attempts_in_window + 1 if same_window else 1,
    )


def next_attempt(
    policy: AttemptPolicy,
    history: History,
    outcome: Outcome,
    *,
    zones: tuple[str, ...],
    ended_at: datetime,
    chance: float,
    callback_at: datetime | None = None,
) -> Again | None:
    """When the policy allows the next attempt; None when the contact is finished.

    `history` includes the attempt that ended. `chance`, from 0 to 1, is the share of the jitter
    that is taken. `callback_at` is the time for which the person asked: only the total and the gap
    restrict it, but the attempt counts for the day and the window like any other.
    """
    refuse_naive(ended_at)
    if history.attempts >= policy.max_total:
        return None
    ended_at = ended_at.astimezone(UTC)
    gap_ends = ended_at + policy.min_gap
    if outcome is Outcome.CALLBACK_REQUESTED and callback_at is not None:
        refuse_naive(callback_at)
        if callback_at - gap_ends <= CALLBACK_MOST:
            # Compared before the conversion, because the first and the last instants have no UTC.
            at = max(gap_ends, callback_at).astimezone(UTC)
            return Again(not_before=at, waits_for=Reason.CALLBACK)
    rule = policy.retry.get(outcome)
    if rule is None or history.attempts >= (rule.max_attempts or policy.max_total):
        return None
    delay = _delay(policy, rule, history.attempts)
    # The jitter is added to the longer of the two, so that a gap is spread and never shortened.
    earliest = max(gap_ends, ended_at + delay) + delay * (policy.jitter * chance)
    return within_budget(policy, history, zones, earliest)


def next_elsewhere(
    policy: AttemptPolicy, history: History, *, zones: tuple[str, ...], ended_at: datetime
) -> Again | None:
    """When the policy allows the next attempt at another number of the contact.

    It follows a call that told only that nobody is reached at a number: the total, the gap, the day
    and the window restrict it.
    """
    refuse_naive(ended_at)
    if history.attempts >= policy.max_total:
        return None
    return within_budget(policy, history, zones, ended_at.astimezone(UTC) + policy.min_gap)


def is_last_attempt(policy: AttemptPolicy, number: int) -> bool:
    """Whether no outcome of the n-th attempt leads to another, but for a callback at a time."""
    rules = policy.retry.values()
    return number >= policy.max_total or not any(
        number < (rule.max_attempts or policy.max_total) for rule in rules
    )


def chance_of(attempt_id: UUID) -> float:
    """A number from 0 to below 1, fixed by the id, so that a repeated fold plans the same instant.

    The last bits of a UUID are random in the versions 4 and 7.
    """
    return (attempt_id.int & ((1 << _CHANCE_BITS) - 1)) / (1 << _CHANCE_BITS)


def _delay(policy: AttemptPolicy, rule: RetryRule, number: int) -> timedelta:
    if rule.delay is not None:
        return rule.delay
    return policy.delays[min(number, len(policy.delays)) - 1]


def within_budget(
    policy: AttemptPolicy, history: History, zones: tuple[str, ...], earliest: datetime
) -> Again:
    """The latest of `earliest`, the end of a spent day and the closing of a spent window."""
    again = Again(not_before=earliest, waits_for=Reason.RETRY)
    if history.day is not None and _spent(policy.max_per_day, history.attempts_on_day):
        again = _later(again, _budget_day_end(zones, history.day), Reason.DAY)
    if history.window_closes_at is not None and _spent(
        policy.max_per_window, history.attempts_in_window
    ):
        again = _later(again, history.window_closes_at.astimezone(UTC), Reason.WINDOW)
    return again


def _later(again: Again, at: datetime, waits_for: Reason) -> Again:
    return Again(not_before=at, waits_for=waits_for) if at > again.not_before else again


def _spent(allowed: int | None, used: int) -> bool:
    return allowed is not None and used >= allowed


def _refuse_less_than_one(name: str, count: int | None) -> None:
    if count is not None and count < 1:
        raise ValueError(f"{name} must be at least 1")


def _budget_day(zones: tuple[str, ...], at: datetime) -> date:
    """The earliest local date of all candidate zones: a day ends when it is over in every zone, so
    that no budget is renewed before the midnight of the person.
    """
    return min(local_date(name, at) for name in zones or ("UTC",))


def _budget_day_end(zones: tuple[str, ...], day: date) -> datetime:
    return max(day_start(name, day + timedelta(days=1)) for name in zones or ("UTC",))
