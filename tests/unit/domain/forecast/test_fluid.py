"""The fluid forecast: retries, call length and caps, and the flow through windows."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.calendar.calendar import Calendar, WeeklyWindow
from shared.domain.calendar.intervals import Intervals, instant_of, seconds_of
from shared.domain.forecast.fluid import Forecast, Load, forecast, merged
from shared.domain.forecast.inputs import (
    RetryCourse,
    calls_a_second,
    mean_call_seconds,
    openings,
    retry_course,
)
from shared.domain.forecast.outcome_mix import call_shares
from shared.domain.outcomes import Outcome
from shared.domain.places.calling_groups import CallingGroup
from shared.domain.policy.attempt_policy import AttemptPolicy, RetryRule
from shared.domain.policy.calling_rules import CampaignRules, TenantRules, calling_rules
from shared.domain.policy.rules import CallKind

START = datetime(2026, 11, 23, 8, tzinfo=UTC)
BEGIN = seconds_of(START)
HOUR = 3_600
ALWAYS: Intervals = ((BEGIN, BEGIN + 14 * 24 * HOUR),)
ONCE = RetryCourse((0.0,), (0.0,), None, None)


def flow(
    *loads: Load, course: RetryCourse = ONCE, rate: float | None = 1.0, days: int = 14
) -> Forecast:
    end = START + timedelta(days=days)
    return forecast(loads, course, rate=rate, call_seconds=30, start=START, end=end)


def daily(first_hour: int, hours: int) -> Intervals:
    opens = BEGIN + first_hour * HOUR
    return tuple((opens + day * 24 * HOUR, opens + (day * 24 + hours) * HOUR) for day in range(14))


def after(**span: float) -> datetime:
    return START + timedelta(**span)


def test_a_course_is_the_mean_of_what_the_policy_says_of_each_outcome() -> None:
    policy = AttemptPolicy(
        max_total=3,
        max_per_day=2,
        min_gap=timedelta(seconds=100),
        delays=(timedelta(seconds=50), timedelta(seconds=300)),
        jitter=0.5,
        retry={
            Outcome.BUSY: RetryRule(delay=timedelta(seconds=200), max_attempts=2),
            Outcome.NO_ANSWER: RetryRule(),
        },
    )
    shares = {Outcome.BUSY: 0.1, Outcome.NO_ANSWER: 0.3, Outcome.ANSWERED_HUMAN: 0.6}

    course = retry_course(policy, shares)

    # A busy number finishes after its second attempt, every contact after its third.
    assert course.again == pytest.approx((0.4, 0.3, 0.0))
    busy, unanswered = 200 * 1.25, 100 + 50 * 0.25
    assert course.delays == pytest.approx(((0.1 * busy + 0.3 * unanswered) / 0.4, 300 * 1.25, 0.0))
    assert (course.max_per_day, course.max_per_window) == (2, None)


def test_a_call_lasts_what_its_outcomes_last_in_the_mean() -> None:
    everybody = call_shares({Outcome.ANSWERED_HUMAN: 1.0})

    assert mean_call_seconds(everybody, talk_seconds=40) == pytest.approx(51.5)
    assert mean_call_seconds({Outcome.NO_ANSWER: 1.0}, talk_seconds=40) == 27.5
    assert mean_call_seconds({Outcome.BUSY: 0.5, Outcome.DECLINED: 0.5}, talk_seconds=40) == 6.3


@pytest.mark.parametrize(
    ("rate", "lines", "calls"),
    [(10, None, 8.0), (None, 60, 2.0), (10, 60, 2.0), (None, None, None)],
)
def test_the_narrower_cap_decides(rate: int | None, lines: int | None, calls: float | None) -> None:
    calls_per_second = calls_a_second(calls_per_second=rate, max_concurrent=lines, call_seconds=30)

    assert calls_per_second == calls


def test_openings_are_cut_at_both_ends() -> None:
    windows = tuple(WeeklyWindow(weekday=day, start=540, end=720) for day in range(7))
    campaign = CampaignRules(
        kind=CallKind.INFORMATIONAL,
        automated=False,
        subject="",
        calendar=Calendar(windows=windows),
    )
    group = CallingGroup(
        zones=("UTC",), source="contact", jurisdictions=("DE",), jurisdiction_source="number"
    )
    rules = calling_rules(campaign, TenantRules(), (), group)

    spans = openings(rules, start=after(hours=2), end=after(hours=26))

    assert [(instant_of(opens), instant_of(closes)) for opens, closes in spans] == [
        (after(hours=2), after(hours=4)),
        (after(hours=25), after(hours=26)),
    ]


def test_one_call_a_second_takes_as_many_seconds_as_contacts() -> None:
    forecast = flow(Load(spans=ALWAYS, zone="UTC", new=5_000))

    assert forecast.finishes_at == after(seconds=5_030)
    assert forecast.calls == pytest.approx(5_000)


def test_contacts_beyond_a_window_wait_for_the_next() -> None:
    forecast = flow(Load(spans=daily(1, 1), zone="UTC", new=5_400))

    assert forecast.finishes_at == after(days=1, hours=1, seconds=1_830)


def test_the_group_that_closes_first_is_served_first() -> None:
    closing = Load(spans=((BEGIN, BEGIN + HOUR),), zone="UTC", new=3_600)
    forecast = flow(closing, Load(spans=ALWAYS, zone="UTC", new=1_800))

    assert forecast.left == 0
    assert forecast.finishes_at == after(seconds=5_430)


def test_without_caps_only_windows_and_delays_take_time() -> None:
    course = RetryCourse((0.5, 0.0), (600.0, 0.0), None, None)
    forecast = flow(Load(spans=daily(2, 1), zone="UTC", new=1_000_000), course=course, rate=None)

    assert forecast.calls == pytest.approx(1_500_000)
    assert forecast.finishes_at == after(hours=2, seconds=660)


def test_a_spent_day_waits_for_midnight_where_the_contact_is() -> None:
    course = RetryCourse((1.0, 0.0), (60.0, 0.0), 1, None)
    forecast = flow(Load(spans=ALWAYS, zone="America/New_York", new=10), course=course)

    midnight = datetime(2026, 11, 24, 5, tzinfo=UTC)
    assert forecast.finishes_at == midnight + timedelta(seconds=40)


def test_a_spent_window_waits_for_its_closing() -> None:
    course = RetryCourse((1.0, 0.0), (60.0, 0.0), None, 1)
    spans = ((BEGIN, BEGIN + HOUR), (BEGIN + 2 * HOUR, BEGIN + 3 * HOUR))
    forecast = flow(Load(spans=spans, zone="UTC", new=10), course=course)

    assert forecast.finishes_at == after(hours=2, seconds=40)


def test_contacts_due_later_are_served_then() -> None:
    later = ((BEGIN + 5 * HOUR, 100),)
    forecast = flow(Load(spans=ALWAYS, zone="UTC", later=later))

    assert forecast.finishes_at == after(hours=5, seconds=130)


def test_contacts_not_served_in_time_are_left() -> None:
    forecast = flow(Load(spans=daily(0, 1), zone="UTC", new=10_000), days=2)

    assert forecast.finishes_at is None
    assert forecast.left == pytest.approx(10_000 - 7_200)


def test_without_contacts_there_is_no_finishing_time() -> None:
    assert flow() == Forecast(finishes_at=None, calls=0, left=0)


@given(
    sizes=st.lists(st.integers(0, 5_000), min_size=1, max_size=6),
    hours=st.lists(st.tuples(st.integers(0, 23), st.integers(1, 12)), min_size=6, max_size=6),
    again=st.floats(0, 0.9),
    rate=st.floats(0.01, 50),
)
def test_nothing_is_lost_and_no_more_is_served_than_the_rate_allows(
    sizes: list[int], hours: list[tuple[int, int]], again: float, rate: float
) -> None:
    loads = [
        Load(spans=daily(*when), zone="UTC", new=size)
        for size, when in zip(sizes, hours, strict=False)
    ]
    course = RetryCourse((again, again, 0.0), (900.0, 900.0, 0.0), 2, None)

    forecast = flow(*loads, course=course, rate=rate)
    same = flow(*merged(loads), course=course, rate=rate)

    whole = sum(sizes) * (1 + again + again**2)
    assert forecast.calls <= whole + 1e-6
    assert forecast.calls <= rate * 14 * 86_400 + 1e-6
    if forecast.finishes_at is not None:
        assert forecast.calls == pytest.approx(whole, abs=1)
        assert (forecast.finishes_at - START).total_seconds() >= forecast.calls / rate
    assert same.calls == pytest.approx(forecast.calls, rel=1e-6, abs=1)
