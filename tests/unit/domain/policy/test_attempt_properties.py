"""Properties: all outcomes share one budget, and jitter stays within its share."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.calendar.zones import local_date
from shared.domain.outcomes import Outcome
from shared.domain.policy.attempt_policy import (
    Again,
    AttemptPolicy,
    History,
    RetryRule,
    chance_of,
    next_attempt,
    record,
)
from shared.domain.reasons import Reason
from tests.unit.domain.calendar.oracle import all_zones

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
UTC_ONLY = ("UTC",)
NOBODY = History(attempts=0, day=None, attempts_on_day=0)


@dataclass(frozen=True, slots=True)
class Step:
    """The end of an attempt, and the delay of the next one after its allowed instant."""

    outcome: Outcome
    late: timedelta
    callback_in: timedelta | None


@dataclass(slots=True)
class Story:
    """A contact's attempts in windows of four hours that open every six hours."""

    zones: tuple[str, ...]
    history: History = NOBODY
    called: list[datetime] = field(default_factory=list)
    asked_for: list[bool] = field(default_factory=list)

    def call(self, at: datetime, *, asked_for: bool) -> None:
        self.history = record(self.history, self.zones, at=at, window_closes_at=closing(at))
        self.called.append(at)
        self.asked_for.append(asked_for)


def opening(at: datetime) -> datetime:
    return at.replace(hour=at.hour // 6 * 6, minute=0, second=0, microsecond=0)


def closing(at: datetime) -> datetime:
    return opening(at) + 4 * HOUR


def callable_from(at: datetime) -> datetime:
    return at if at < closing(at) else opening(at) + 6 * HOUR


# Often short, so that one window has several attempts.
hours = (st.integers(0, 60) | st.integers(0, 50 * 60)).map(
    lambda minutes: timedelta(minutes=minutes)
)
steps = st.builds(Step, st.sampled_from(Outcome), hours | st.just(timedelta(0)), st.none() | hours)
rules = st.builds(RetryRule, delay=st.none() | hours, max_attempts=st.none() | st.integers(1, 9))
policies = st.builds(
    AttemptPolicy,
    max_total=st.integers(1, 12),
    max_per_day=st.none() | st.integers(1, 3),
    max_per_window=st.none() | st.integers(1, 3),
    min_gap=hours | st.just(timedelta(0)),
    retry=st.dictionaries(st.sampled_from(Outcome), rules, min_size=8),
    delays=st.lists(hours, min_size=1, max_size=4).map(tuple),
    jitter=st.floats(0, 1),
)


@given(
    zones=st.lists(st.sampled_from(all_zones()), max_size=3, unique=True).map(tuple),
    policy=policies,
    steps=st.lists(steps, min_size=14, max_size=14),
    chance=st.floats(0, 1),
    start=st.integers(0, 700 * 86_400),
)
@settings(max_examples=300, deadline=None)
def test_whatever_the_outcomes_the_budget_is_one(
    zones: tuple[str, ...], policy: AttemptPolicy, steps: list[Step], chance: float, start: int
) -> None:
    story = Story(zones)
    at = callable_from(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=start))
    asked_for = False
    for step in steps:
        story.call(at, asked_for=asked_for)
        again = next_attempt(
            policy,
            story.history,
            step.outcome,
            zones=zones,
            ended_at=at,
            chance=chance,
            callback_at=None if step.callback_in is None else at + step.callback_in,
        )
        if again is None:
            break
        assert again.not_before - at >= policy.min_gap
        asked_for = again.waits_for is Reason.CALLBACK
        at = callable_from(again.not_before + step.late)

    assert len(story.called) <= policy.max_total
    holds(policy.max_per_window, story, [opening(at) for at in story.called])
    days = [min(local_date(name, at) for name in zones or UTC_ONLY) for at in story.called]
    holds(policy.max_per_day, story, days)


def holds(allowed: int | None, story: Story, spans: Sequence[object]) -> None:
    """Check that no attempt was made beyond a budget, except requested callbacks."""
    used: Counter[object] = Counter()
    for span, asked_for in zip(spans, story.asked_for, strict=True):
        used[span] += 1
        assert allowed is None or asked_for or used[span] <= allowed


@given(
    policy=policies,
    outcome=st.sampled_from(Outcome),
    attempts=st.integers(1, 6),
    id_=st.uuids(),
)
def test_jitter_stays_within_its_share_and_is_the_same_each_time(
    policy: AttemptPolicy, outcome: Outcome, attempts: int, id_: UUID
) -> None:
    story = Story(UTC_ONLY)
    for _ in range(attempts):
        story.call(NOON, asked_for=False)

    def planned(chance: float) -> Again | None:
        return next_attempt(
            policy, story.history, outcome, zones=UTC_ONLY, ended_at=NOON, chance=chance
        )

    first, last = planned(0), planned(1)
    drawn = planned(chance_of(id_))

    assert drawn == planned(chance_of(UUID(str(id_))))
    if first is None or drawn is None or last is None:
        assert first is drawn is last
        return
    assert first.not_before <= drawn.not_before <= last.not_before
    longest = max([*policy.delays, *(rule.delay or HOUR for rule in policy.retry.values())])
    assert last.not_before - first.not_before <= longest * policy.jitter + timedelta(microseconds=1)
