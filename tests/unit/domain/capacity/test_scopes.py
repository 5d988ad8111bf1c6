"""The hierarchy of scopes of a call, and the lowest of their caps."""

from shared.domain.capacity.scopes import (
    INSTALLATION,
    NO_CAPS,
    Caps,
    Scope,
    caps_of,
    lowest_of,
    scopes_of,
    total_of,
)


def test_a_call_is_under_the_caps_of_all_that_carry_it() -> None:
    scopes = scopes_of(tenant=2, trunk=3, campaign=7)

    assert scopes == (INSTALLATION, ("trunk", 3), ("tenant", 2), ("campaign", 7))


def test_each_scope_gets_its_own_caps() -> None:
    scopes = scopes_of(tenant=2, trunk=3, campaign=7)

    caps = caps_of(scopes, tenant=Caps(20, None), trunk=Caps(30, None), campaign=Caps(70, None))

    assert caps == {
        Scope("tenant", 2): Caps(20, None),
        Scope("trunk", 3): Caps(30, None),
        Scope("campaign", 7): Caps(70, None),
    }


def test_the_lowest_cap_of_each_kind_holds() -> None:
    assert lowest_of([Caps(5, None), Caps(9, 3), NO_CAPS]) == Caps(5, 3)
    assert lowest_of([NO_CAPS]) == NO_CAPS


def test_trunks_together_carry_the_sum_of_their_caps() -> None:
    assert total_of([Caps(5, None), Caps(9, 3)]) == Caps(14, None)
    assert total_of([Caps(5, 2)]) == Caps(5, 2)
