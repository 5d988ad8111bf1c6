"""When a webhook is tried again."""

from datetime import UTC, datetime, timedelta

import pytest

from services.events.webhooks.schedule import DELAYS, next_try_at

NOW = datetime(2026, 11, 1, 8, 30, tzinfo=UTC)
S, M, H = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


@pytest.mark.parametrize(
    ("tries", "delay"),
    [
        (1, 5 * S),
        (2, 5 * M),
        (3, 30 * M),
        (4, 2 * H),
        (5, 5 * H),
        (6, 10 * H),
        (7, 14 * H),
        (8, 20 * H),
        (9, 24 * H),
    ],
)
def test_each_failure_waits_longer(tries: int, delay: timedelta) -> None:
    assert next_try_at(tries, now=NOW, chance=0.5) == NOW + delay
    assert next_try_at(tries, now=NOW, chance=0) == NOW + 0.8 * delay
    assert next_try_at(tries, now=NOW, chance=1) == NOW + 1.2 * delay


def test_the_tenth_failure_is_the_last() -> None:
    assert next_try_at(10, now=NOW, chance=0.5) is None
    assert next_try_at(10, now=NOW, chance=0.5, retry_after=60 * S) is None


def test_the_tries_span_about_three_days() -> None:
    assert sum(DELAYS, timedelta()) == 75 * H + 35 * M + 5 * S


@pytest.mark.parametrize(
    ("asked", "waits"),
    [
        (0 * S, 5 * S),
        (3 * S, 5 * S),
        (120 * S, 120 * S),
        (24 * H, 24 * H),
        (400 * 24 * H, 24 * H),
    ],
)
def test_a_receiver_may_ask_for_more_time_up_to_a_day(asked: timedelta, waits: timedelta) -> None:
    assert next_try_at(1, now=NOW, chance=0.5, retry_after=asked) == NOW + waits
