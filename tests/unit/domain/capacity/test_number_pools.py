"""The number for each call: in rotation, with room under the caps, the nearest, or the same."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.capacity.caller_ids import (
    UNUSED,
    CallerIdUse,
    NoCallerId,
    NumberPool,
    Rotation,
    counted,
    deal,
    has_room_at,
    room,
    spent,
)

NOW = datetime(2026, 11, 23, 17, 30, tzinfo=UTC)
HOUR = datetime(2026, 11, 23, 17, tzinfo=UTC)
NEXT_HOUR = HOUR + timedelta(hours=1)
NEXT_DAY = datetime(2026, 11, 24, 5, tzinfo=UTC)  # midnight in New York
WASHINGTON, NEW_YORK, BUFFALO, DENVER, LONDON, MOBILE = (
    "+12025550100",
    "+12125550111",
    "+17165550122",
    "+13035550133",
    "+442079460144",
    "+447700900155",
)
ALL = (WASHINGTON, NEW_YORK, BUFFALO, DENVER, LONDON, MOBILE)
CALLEES = [f"+1410555{ending:04}" for ending in range(60)]

rotations = st.sampled_from(Rotation)
callees = st.lists(st.sampled_from(CALLEES), max_size=40)
caps = st.none() | st.integers(1, 5)


def a_pool(
    *numbers: str,
    rotation: Rotation = Rotation.ROUND_ROBIN,
    per_hour: int | None = None,
    per_day: int | None = None,
) -> NumberPool:
    return NumberPool(
        name="north",
        numbers=numbers or ALL,
        rotation=rotation,
        max_calls_per_hour=per_hour,
        max_calls_per_day=per_day,
    )


def used(calls: int, *, day: int = 0, turn: int = 1) -> CallerIdUse:
    return CallerIdUse(
        hour_starts_at=HOUR,
        hour_calls=calls,
        day_starts_at=NEXT_DAY - timedelta(days=1),
        day_calls=calls + day,
        turn=turn,
    )


def dealt(pool: NumberPool, count: int, uses: dict[str, CallerIdUse] | None = None) -> list[str]:
    numbers = deal(pool, uses or {}, CALLEES[:count], now=NOW)
    return [number or "" for number in numbers]


def test_round_robin_takes_each_number_in_turn_and_goes_on_where_it_was() -> None:
    pool = a_pool(WASHINGTON, NEW_YORK, DENVER)

    first = dealt(pool, 4)
    uses = counted({}, first, now=NOW)

    assert first == [WASHINGTON, NEW_YORK, DENVER, WASHINGTON]
    assert dealt(pool, 2, uses) == [NEW_YORK, DENVER]
    assert dealt(a_pool(NEW_YORK, DENVER, LONDON), 2, uses) == [LONDON, NEW_YORK]


def test_least_used_counts_the_calls_of_the_day() -> None:
    pool = a_pool(WASHINGTON, NEW_YORK, rotation=Rotation.LEAST_USED)

    uses = {WASHINGTON: used(1, day=2), NEW_YORK: used(0, day=1)}

    assert dealt(pool, 4, uses) == [NEW_YORK, NEW_YORK, WASHINGTON, NEW_YORK]


@pytest.mark.parametrize(
    ("to", "number"),
    [
        ("+12125559999", NEW_YORK),
        ("+17165559999", BUFFALO),
        # New York state, by another area code.
        ("+15185559999", NEW_YORK),
        # Another state, in turn.
        ("+13125559999", WASHINGTON),
        ("+442089469999", LONDON),
        # Not Canada's, although it shares the country code: any, in turn.
        ("+14165559999", WASHINGTON),
        ("+33199001299", WASHINGTON),
    ],
)
def test_local_presence_takes_the_nearest_number(to: str, number: str) -> None:
    pool = a_pool(rotation=Rotation.LOCAL_PRESENCE)
    uses = counted({}, ALL, now=NOW)

    assert deal(pool, uses, [to], now=NOW) == [number]


def test_local_presence_falls_back_when_the_nearest_is_spent() -> None:
    pool = a_pool(NEW_YORK, BUFFALO, DENVER, rotation=Rotation.LOCAL_PRESENCE, per_hour=1)

    numbers = deal(pool, {}, ["+12125559990", "+12125559991", "+12125559992"] * 2, now=NOW)

    assert numbers == [NEW_YORK, BUFFALO, DENVER, None, None, None]


def test_a_person_keeps_a_sticky_number_and_waits_for_it() -> None:
    pool = a_pool(rotation=Rotation.STICKY)
    own = dict(zip(CALLEES, dealt(pool, len(CALLEES)), strict=True))
    uses = counted({}, own.values(), now=NOW)

    assert len(set(own.values())) == len(ALL)
    assert dealt(pool, len(CALLEES), uses) == list(own.values())
    without = a_pool(*ALL[1:], rotation=Rotation.STICKY)
    moved = dict(zip(CALLEES, dealt(without, len(CALLEES)), strict=True))
    assert {to for to in CALLEES if moved[to] != own[to]} == {
        to for to in CALLEES if own[to] == ALL[0]
    }
    capped = a_pool(rotation=Rotation.STICKY, per_hour=1)
    to = CALLEES[0]
    assert deal(capped, {}, [to, to], now=NOW) == [own[to], None]
    assert has_room_at(capped, {own[to]: used(1)}, to, now=NOW) == NEXT_HOUR


@pytest.mark.parametrize(
    ("use", "until"),
    [
        (used(2), None),
        (used(3), NEXT_HOUR),
        (used(2, day=5), NEXT_DAY),
        (used(3, day=5), NEXT_DAY),
        (UNUSED, None),
    ],
)
def test_a_pool_is_spent_until_a_number_has_room(use: CallerIdUse, until: datetime | None) -> None:
    pool = a_pool(NEW_YORK, per_hour=3, per_day=7)

    none = spent(pool, {NEW_YORK: use}, now=NOW)

    assert none == (None if until is None else NoCallerId("north", until))
    if until is not None:
        assert spent(pool, {NEW_YORK: use}, now=until) is None


def test_an_hour_that_began_by_another_clock_is_not_taken_back() -> None:
    early = CallerIdUse(hour_starts_at=NEXT_HOUR, hour_calls=2, day_starts_at=NEXT_DAY, day_calls=2)

    after = counted({NEW_YORK: early}, [NEW_YORK], now=NOW)[NEW_YORK]

    assert (after.hour_starts_at, after.hour_calls, after.day_calls) == (NEXT_HOUR, 3, 3)


@given(rotations, callees, caps, caps)
def test_no_number_has_more_calls_than_its_caps(
    rotation: Rotation, to: list[str], per_hour: int | None, per_day: int | None
) -> None:
    pool = a_pool(rotation=rotation, per_hour=per_hour, per_day=per_day)
    uses: dict[str, CallerIdUse] = {}
    shown: Counter[str] = Counter()
    for start in range(0, len(to), 7):
        numbers = deal(pool, uses, to[start : start + 7], now=NOW)
        taken = [number for number in numbers if number is not None]
        uses |= counted(uses, taken, now=NOW)
        shown.update(taken)

    cap = min((cap for cap in (per_hour, per_day) if cap is not None), default=None)
    assert cap is None or all(calls <= cap for calls in shown.values())
    if cap is not None:
        assert room(pool, uses, now=NOW) == cap * len(ALL) - shown.total()
    if rotation is not Rotation.STICKY:
        most = len(to) if cap is None else min(len(to), cap * len(ALL))
        assert shown.total() == most
    if rotation in {Rotation.ROUND_ROBIN, Rotation.LEAST_USED} and shown:
        counts = [shown[number] for number in ALL]
        assert max(counts) - min(counts) <= 1


@given(rotations, callees)
def test_batches_of_any_size_give_the_same_numbers(rotation: Rotation, to: list[str]) -> None:
    pool = a_pool(rotation=rotation, per_day=4)
    uses: dict[str, CallerIdUse] = {}
    one_by_one = []
    for callee in to:
        [number] = deal(pool, uses, [callee], now=NOW)
        one_by_one.append(number)
        uses |= counted(uses, [number] if number else [], now=NOW)

    assert deal(pool, {}, to, now=NOW) == one_by_one
