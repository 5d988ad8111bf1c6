"""The circuit breaker of a trunk: when it opens, how long it stays open, when it is probed."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.capacity.trunk_health import (
    FAILING_LEAST,
    FAILURES_LEAST,
    FIRST_PROBE_AFTER,
    LONGEST_PROBE_AFTER,
    Failures,
    Outage,
    probe_delay,
    stopping,
)

NOW = datetime(2026, 11, 22, 17, tzinfo=UTC)
SOUTH = Outage(trunk="south", since=NOW, probe_at=NOW, cause="unreachable")
NORTH = Outage(trunk="north", since=NOW, probe_at=NOW, cause="status_503")


def second(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def after(*seconds: float) -> Failures:
    """Failures at these seconds, none of them after an answer."""
    failures: Failures | None = None
    for at in seconds:
        failures = Failures.after(failures, at=second(at))
    assert failures is not None
    return failures


@pytest.mark.parametrize(
    ("seconds", "is_outage"),
    [
        ((0,), False),
        ((0, 0.1, 0.2, 0.3, 0.4), False),
        ((0, 0.1, 0.2, 0.3, 0.9, 0.95), False),
        ((0, 60, 120, 180), False),
        ((0, 0.1, 0.2, 0.3, 1), True),
        ((0, 60, 120, 180, 240), True),
        # The answers come in another order than the clock was read.
        ((0, 1.2, 0.4, 0.3, 0.2), True),
    ],
)
def test_a_trunk_is_down_after_several_failures_over_a_while(
    seconds: tuple[float, ...], is_outage: bool
) -> None:
    assert after(*seconds).is_outage is is_outage


def test_an_outage_begins_with_its_first_failure() -> None:
    assert after(3, 4, 5, 6, 7).since == second(3)


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 5)), max_size=60))
def test_only_failures_without_an_answer_between_them_open_the_breaker(
    answers: list[tuple[bool, float]],
) -> None:
    at = 0.0
    failures: Failures | None = None
    row: list[float] = []
    for is_answered, pause in answers:
        at += pause
        if is_answered:
            failures, row = None, []
            continue
        failures = Failures.after(failures, at=second(at))
        row.append(at)
        lasts = second(row[-1]) - second(row[0])
        assert failures.is_outage == (len(row) >= FAILURES_LEAST and lasts >= FAILING_LEAST)


@pytest.mark.parametrize(
    ("probes", "seconds"), [(0, 5), (1, 10), (2, 20), (3, 40), (4, 60), (5, 60), (10_000, 60)]
)
def test_the_breaker_stays_open_twice_as_long_after_each_probe(probes: int, seconds: int) -> None:
    assert probe_delay(probes) == timedelta(seconds=seconds)


@given(st.integers(0, 100))
def test_probes_are_never_further_apart_than_the_longest_delay(probes: int) -> None:
    assert FIRST_PROBE_AFTER <= probe_delay(probes) <= probe_delay(probes + 1)
    assert probe_delay(probes) <= LONGEST_PROBE_AFTER


def test_a_breaker_is_half_open_from_the_time_of_its_probe_on() -> None:
    outage = Outage(trunk="south", since=NOW, probe_at=second(5), cause="unreachable")

    assert not outage.is_half_open(now=second(4.9))
    assert outage.is_half_open(now=second(5))
    # An answer to why shows it as down all the same.
    assert not outage.seen(now=second(5)).is_half_open(now=second(5))


@pytest.mark.parametrize(
    ("outages", "stops"),
    [((None,), False), ((SOUTH,), True), ((SOUTH, None), False), ((SOUTH, NORTH), True)],
)
def test_a_campaign_stops_when_all_its_trunks_are_down(
    outages: tuple[Outage | None, ...], stops: bool
) -> None:
    assert stopping(outages) == (outages if stops else ())
