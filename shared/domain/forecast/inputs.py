"""The inputs of a forecast: open hours of groups, length of calls, retries after attempts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.domain.calendar.intervals import Intervals, seconds_of, union
from shared.domain.capacity.margins import RATE_WINDOW
from shared.domain.forecast.outcome_mix import ANSWERED
from shared.domain.outcomes import Outcome
from shared.domain.policy.attempt_policy import AttemptPolicy
from shared.domain.policy.calling_rules import CallingRules

# Seconds; the middle of the ranges from which the simulated carrier draws.
RING_SECONDS = 11.5
NO_ANSWER_SECONDS = 27.5
FAILURE_SECONDS = 1.1
TALK_SECONDS = 32.5


@dataclass(frozen=True, slots=True)
class RetryCourse:
    """By the number of attempts, from 0: `again` is the share of contacts that is tried again, and
    `delays` are the mean seconds until then.
    """

    again: tuple[float, ...]
    delays: tuple[float, ...]
    max_per_day: int | None
    max_per_window: int | None


def openings(rules: CallingRules, *, start: datetime, end: datetime) -> Intervals:
    """The open spans of a group between two instants."""
    spans: list[tuple[int, int]] = []
    at = start
    while at < end:
        span = rules.opening(now=at)
        if span is None or span.opens_at >= end:
            break
        begins, ends = max(span.opens_at, at), min(span.closes_at, end)
        spans.append((seconds_of(begins), seconds_of(ends)))
        at = span.closes_at
    return union(spans)


def retry_course(policy: AttemptPolicy, shares: Mapping[Outcome, float]) -> RetryCourse:
    again, delays = [], []
    for number in range(1, policy.max_total + 1):
        share = waited = 0.0
        for outcome, rule in policy.retry.items():
            if number >= (rule.max_attempts or policy.max_total):
                continue
            delay = policy.delays[min(number, len(policy.delays)) - 1] if policy.delays else None
            chosen = (rule.delay if rule.delay is not None else delay) or timedelta(0)
            spread = chosen * policy.jitter / 2
            weight = shares.get(outcome, 0.0)
            share += weight
            waited += weight * (max(chosen, policy.min_gap) + spread).total_seconds()
        again.append(share)
        delays.append(waited / share if share else 0.0)
    return RetryCourse(
        again=tuple(again),
        delays=tuple(delays),
        max_per_day=policy.max_per_day,
        max_per_window=policy.max_per_window,
    )


def mean_call_seconds(shares: Mapping[Outcome, float], *, talk_seconds: float) -> float:
    """How long a call occupies a line on average, ringing included."""
    talks = sum(shares.get(outcome, 0.0) for outcome in ANSWERED)
    rings = talks + shares.get(Outcome.DECLINED, 0.0)
    unanswered = shares.get(Outcome.NO_ANSWER, 0.0)
    fails = max(0.0, sum(shares.values()) - rings - unanswered)
    return (
        talks * talk_seconds
        + rings * RING_SECONDS
        + unanswered * NO_ANSWER_SECONDS
        + fails * FAILURE_SECONDS
    )


def calls_a_second(
    *, calls_per_second: int | None, max_concurrent: int | None, call_seconds: float
) -> float | None:
    """The rate that the caps allow in the long run; None without a cap."""
    bounds = []
    if calls_per_second is not None:
        bounds.append(calls_per_second / RATE_WINDOW.total_seconds())
    if max_concurrent is not None and call_seconds > 0:
        bounds.append(max_concurrent / call_seconds)
    return min(bounds, default=None)
