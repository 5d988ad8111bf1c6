"""The number of contacts to claim: fair shares, never more than the caps can use soon."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.capacity.fair_share import QUEUE_MOST, Claimant, fair_shares, room
from shared.domain.capacity.scopes import INSTALLATION, Caps, Scope


@pytest.mark.parametrize(
    ("cap", "dialed", "waiting", "expected"),
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
def test_the_room_is_the_free_capacity_and_a_little_more(
    cap: Caps, dialed: int, waiting: int, expected: int
) -> None:
    assert room(cap, waiting=waiting, dialed=dialed) == expected


@pytest.mark.parametrize(
    ("cap", "dialed", "waiting", "expected"),
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
    cap: Caps, dialed: int, waiting: int, expected: int
) -> None:
    assert room(cap, waiting=waiting, dialed=dialed) == expected


def a_claimant(
    id_: int, *, used: int = 0, weight: int = 1, priority: int = 0, trunk: int = 1
) -> Claimant:
    return Claimant(
        id=id_,
        used=used,
        weight=weight,
        priority=priority,
        scopes=(INSTALLATION, Scope("trunk", trunk), Scope("campaign", id_)),
    )


def free(
    *claimants: Claimant, own: int = 1_000, trunk: int = 1_000, everything: int = 1_000
) -> dict[Scope, int]:
    scopes = {scope for claimant in claimants for scope in claimant.scopes}
    size = {"campaign": own, "trunk": trunk, "installation": everything}
    return {scope: size[scope.kind] for scope in scopes}


def test_equal_campaigns_get_equal_shares() -> None:
    both = (a_claimant(1), a_claimant(2))

    assert fair_shares(both, free(*both, trunk=100)) == {1: 50, 2: 50}


def test_shares_are_in_proportion_to_weight() -> None:
    both = (a_claimant(1, weight=3), a_claimant(2))

    assert fair_shares(both, free(*both, trunk=100)) == {1: 75, 2: 25}


def test_capacity_in_use_counts_as_a_share() -> None:
    both = (a_claimant(1, used=80), a_claimant(2))

    assert fair_shares(both, free(*both, trunk=20)) == {2: 20}


def test_a_higher_priority_is_served_first_and_the_rest_goes_down() -> None:
    urgent, other = a_claimant(1, priority=5), a_claimant(2)
    room_left = free(urgent, other, trunk=100) | {Scope("campaign", 1): 70}

    assert fair_shares((other, urgent), room_left) == {1: 70, 2: 30}


def test_a_share_that_one_cannot_use_goes_to_the_others() -> None:
    full, other, elsewhere = a_claimant(1), a_claimant(2), a_claimant(3, trunk=2)
    room_left = free(full, other, elsewhere, trunk=60) | {Scope("campaign", 1): 10}

    assert fair_shares((full, other, elsewhere), room_left) == {1: 10, 2: 50, 3: 60}


claimants = st.lists(
    st.builds(
        a_claimant,
        st.integers(1, 50),
        used=st.integers(0, 5_000),
        weight=st.integers(1, 100),
        priority=st.integers(0, 9),
        trunk=st.integers(1, 3),
    ),
    max_size=12,
    unique_by=lambda claimant: claimant.id,
)


@given(claimants, st.integers(0, 500), st.integers(0, 2_000), st.integers(0, QUEUE_MOST))
def test_no_scope_is_dealt_more_than_it_has_and_nothing_usable_is_left(
    claimants: list[Claimant], own: int, trunk: int, everything: int
) -> None:
    left = free(*claimants, own=own, trunk=trunk, everything=everything)

    shares = fair_shares(claimants, left)

    for claimant in claimants:
        for scope in claimant.scopes:
            left[scope] -= shares.get(claimant.id, 0)
    assert all(share > 0 for share in shares.values())
    assert all(count >= 0 for count in left.values())
    assert all(min(left[scope] for scope in claimant.scopes) == 0 for claimant in claimants)
