"""How many contacts to claim: never more than the caps can use soon."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.claiming import QUEUE_MOST, Caps, claim_limit

caps = st.builds(
    Caps,
    st.none() | st.integers(min_value=1, max_value=100_000),
    st.none() | st.integers(min_value=1, max_value=100_000),
)


@pytest.mark.parametrize(
    ("cap", "used", "queued", "expected"),
    [
        (Caps(None, None), 0, 0, QUEUE_MOST),
        (Caps(50, None), 0, 0, 55),
        (Caps(50, None), 50, 0, 5),
        (Caps(50, None), 50, 5, 0),
        (Caps(50, None), 60, 0, 5),
        (Caps(1, None), 0, 0, 3),
        (Caps(None, 1), 0, 0, 3),
        (Caps(50, 10), 0, 0, 12),
    ],
)
def test_what_is_free_and_a_little_more(cap: Caps, used: int, queued: int, expected: int) -> None:
    assert claim_limit((cap,), (used,), queued=queued) == expected


@pytest.mark.parametrize(
    ("cap", "used", "queued", "expected"),
    [
        (Caps(None, None), 0, QUEUE_MOST * 3 // 4, QUEUE_MOST // 4),
        (Caps(None, None), 0, QUEUE_MOST * 3 // 4 + 1, 0),
        (Caps(50, None), 50, 4, 0),
        (Caps(50, None), 50, 3, 2),
        (Caps(1, None), 1, 2, 0),
        (Caps(1, None), 1, 1, 1),
    ],
)
def test_a_queue_is_refilled_when_a_quarter_of_it_is_gone(
    cap: Caps, used: int, queued: int, expected: int
) -> None:
    assert claim_limit((cap,), (used,), queued=queued) == expected


@given(st.lists(st.tuples(caps, st.integers(0, 200_000)), max_size=4), st.integers(0, 10_000))
def test_no_scope_allows_more_than_it_would_alone(
    scopes: list[tuple[Caps, int]], queued: int
) -> None:
    limit = claim_limit(
        tuple(cap for cap, _ in scopes), tuple(used for _, used in scopes), queued=queued
    )

    assert 0 <= limit <= QUEUE_MOST
    assert all(limit <= claim_limit((cap,), (used,), queued=queued) for cap, used in scopes)
