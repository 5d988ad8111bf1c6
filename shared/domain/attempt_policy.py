"""How often and how soon a contact is tried again, by one budget that all retries share."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from shared.domain.outcomes import Outcome
from shared.domain.zones import day_start, local_date, refuse_naive


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRule:
    """Try again after `delay`, unless the contact has had `max_attempts` attempts in total."""

    delay: timedelta
    max_attempts: int | None = None

    def __post_init__(self) -> None:
        if self.delay < timedelta(0):
            raise ValueError("delay must not be negative")
        if self.max_attempts is not None and self.max_attempts < 1:
            raise ValueError("max_attempts must be at least 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptPolicy:
    """An outcome that `retry` does not name ends the contact."""

    max_total: int
    max_per_day: int | None
    min_gap: timedelta
    retry: Mapping[Outcome, RetryRule]

    def __post_init__(self) -> None:
        if self.max_total < 1:
            raise ValueError("max_total must be at least 1")
        if self.max_per_day is not None and self.max_per_day < 1:
            raise ValueError("max_per_day must be at least 1")
        if self.min_gap < timedelta(0):
            raise ValueError("min_gap must not be negative")


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Attempts so far; `attempts_on_day` counts those on `day`, the last day with one."""

    attempts: int
    day: date | None
    attempts_on_day: int


def record(history: History, zones: tuple[str, ...], *, at: datetime) -> History:
    """The history with one more attempt, begun at `at`."""
    day = _budget_day(zones, at)
    if history.day is not None and day <= history.day:
        # Clocks put back over midnight, or zones that changed, must not open a spent day again.
        return History(
            attempts=history.attempts + 1,
            day=history.day,
            attempts_on_day=history.attempts_on_day + 1,
        )
    return History(attempts=history.attempts + 1, day=day, attempts_on_day=1)


def next_attempt(
    policy: AttemptPolicy,
    history: History,
    outcome: Outcome,
    *,
    zones: tuple[str, ...],
    ended_at: datetime,
) -> datetime | None:
    """The earliest instant the policy allows, calendar aside; None when the contact is finished.

    `history` already holds the attempt that ended.
    """
    refuse_naive(ended_at)
    rule = policy.retry.get(outcome)
    if rule is None or history.attempts >= policy.max_total:
        return None
    if rule.max_attempts is not None and history.attempts >= rule.max_attempts:
        return None
    earliest = ended_at.astimezone(UTC) + max(rule.delay, policy.min_gap)
    day_is_spent = policy.max_per_day is not None and history.attempts_on_day >= policy.max_per_day
    if history.day is None or not day_is_spent:
        return earliest
    return max(earliest, _budget_day_end(zones, history.day))


def _budget_day(zones: tuple[str, ...], at: datetime) -> date:
    """The earliest local date: with several candidate zones the day goes on until it is over in
    every one of them, so nobody's budget is renewed before their own midnight.
    """
    return min(local_date(name, at) for name in zones or ("UTC",))


def _budget_day_end(zones: tuple[str, ...], day: date) -> datetime:
    return max(day_start(name, day + timedelta(days=1)) for name in zones or ("UTC",))
