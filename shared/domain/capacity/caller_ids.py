"""Caller IDs: the numbers that a campaign shows, one alone or those of a pool in rotation."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from operator import attrgetter

from shared.domain.calendar.zones import day_start, local_date
from shared.domain.places.number_areas import AREA_LONGEST, Nearness, NumberArea, area_of

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_TURN = attrgetter("turn")
_USE = attrgetter("day_calls", "turn")
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class CallerIdState(StrEnum):
    ACTIVE = "active"
    INACTIVE = "inactive"


class Rotation(StrEnum):
    """How the number for a call is chosen among those of a pool that have room.

    round_robin: the one whose last call is the longest ago. least_used: the one with the fewest
    calls of this day. sticky: the same one for the same person, also if that has to wait for it.
    local_presence: one with the area code of the person, else of the same part of the country,
    else of the same country, else any.
    """

    ROUND_ROBIN = "round_robin"
    LEAST_USED = "least_used"
    STICKY = "sticky"
    LOCAL_PRESENCE = "local_presence"


@dataclass(frozen=True, slots=True)
class NoCallerId:
    """No caller ID can be shown now. `named` is the one, or the pool, that the campaign names.

    `until` is when one can be shown again; None: when its owner makes one active.
    """

    named: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberPool:
    """`numbers` are the active ones. The caps are those of each number, over all its pools."""

    name: str
    numbers: tuple[str, ...]
    rotation: Rotation
    max_calls_per_hour: int | None = None
    max_calls_per_day: int | None = None

    @property
    def is_capped(self) -> bool:
        return self.max_calls_per_hour is not None or self.max_calls_per_day is not None


@dataclass(frozen=True, slots=True)
class CallerIdUse:
    """The calls through pools that showed a number in an hour and in a day.

    An hour is one of UTC, and a day begins at midnight in the zone of the number. `turn` is that
    of its last call: the number with the lowest one is the next.
    """

    hour_starts_at: datetime = _LONG_AGO
    hour_calls: int = 0
    day_starts_at: datetime = _LONG_AGO
    day_calls: int = 0
    turn: int = 0

    def of(self, number: str, *, now: datetime) -> "CallerIdUse":
        """The use in the hour and the day of `now`, or in later ones that have begun already."""
        hour = now.replace(minute=0, second=0, microsecond=0)
        zone = area_of(number).zone
        day = day_start(zone, local_date(zone, now))
        use = self
        if hour > use.hour_starts_at:
            use = replace(use, hour_starts_at=hour, hour_calls=0)
        if day > use.day_starts_at:
            use = replace(use, day_starts_at=day, day_calls=0)
        return use

    def room(self, pool: NumberPool) -> int | None:
        """How many more calls may show the number now; None: any number of them."""
        left = []
        if pool.max_calls_per_hour is not None:
            left.append(pool.max_calls_per_hour - self.hour_calls)
        if pool.max_calls_per_day is not None:
            left.append(pool.max_calls_per_day - self.day_calls)
        return max(0, min(left)) if left else None


Uses = Mapping[str, CallerIdUse]
UNUSED = CallerIdUse()


def deal(
    pool: NumberPool, uses: Uses, callees: Sequence[str], *, now: datetime
) -> list[str | None]:
    """A number of the pool for each call, in their order; None: no number has room for it."""
    numbers = _Numbers([_Number.of(pool, number, uses, now=now) for number in pool.numbers])
    if not numbers.all:
        return [None] * len(callees)
    turn = max(number.turn for number in numbers.all)
    dealt: list[str | None] = []
    for to in callees:
        choice = _CHOICES[pool.rotation](numbers, to)
        if choice is None:
            dealt.append(None)
            continue
        turn += 1
        choice.count(turn)
        dealt.append(choice.number)
    return dealt


def counted(uses: Uses, shown: Iterable[str], *, now: datetime) -> dict[str, CallerIdUse]:
    """The uses of these numbers after calls that show them, in their order."""
    last = max((use.turn for use in uses.values()), default=0)
    after: dict[str, CallerIdUse] = {}
    for turn, number in enumerate(shown, start=last + 1):
        use = after.get(number) or uses.get(number, UNUSED).of(number, now=now)
        after[number] = replace(
            use, hour_calls=use.hour_calls + 1, day_calls=use.day_calls + 1, turn=turn
        )
    return after


def room(pool: NumberPool, uses: Uses, *, now: datetime) -> int | None:
    """How many more calls the numbers of the pool allow together now; None: any number of them."""
    if not pool.is_capped:
        return None
    rooms = (uses.get(number, UNUSED).of(number, now=now).room(pool) for number in pool.numbers)
    return sum(left for left in rooms if left is not None)


def spent(pool: NumberPool, uses: Uses, *, now: datetime) -> NoCallerId | None:
    """Whether all numbers of the pool have had their calls, and until when."""
    if room(pool, uses, now=now) != 0:
        return None
    opens = [_opens_at(pool, number, uses, now=now) for number in pool.numbers]
    return NoCallerId(pool.name, min(opens, default=None))


def has_room_at(pool: NumberPool, uses: Uses, to: str, *, now: datetime) -> datetime:
    """When a number of the pool has room for a call to this person."""
    own = [_sticky_to(pool.numbers, to)] if pool.rotation is Rotation.STICKY else pool.numbers
    return min(_opens_at(pool, number, uses, now=now) for number in own)


def _opens_at(pool: NumberPool, number: str, uses: Uses, *, now: datetime) -> datetime:
    """When a call may show the number again."""
    use = uses.get(number, UNUSED).of(number, now=now)
    opens = [now]
    if pool.max_calls_per_hour is not None and use.hour_calls >= pool.max_calls_per_hour:
        opens.append(use.hour_starts_at + _HOUR)
    if pool.max_calls_per_day is not None and use.day_calls >= pool.max_calls_per_day:
        zone = area_of(number).zone
        opens.append(day_start(zone, local_date(zone, use.day_starts_at) + _DAY))
    return max(opens)


@dataclass(slots=True)
class _Number:
    """A number while a batch is dealt."""

    number: str
    area: NumberArea
    room: int | None
    day_calls: int
    turn: int

    @classmethod
    def of(cls, pool: NumberPool, number: str, uses: Uses, *, now: datetime) -> "_Number":
        use = uses.get(number, UNUSED).of(number, now=now)
        return cls(number, area_of(number), use.room(pool), use.day_calls, use.turn)

    def count(self, turn: int) -> None:
        self.room = None if self.room is None else self.room - 1
        self.day_calls += 1
        self.turn = turn


@dataclass(slots=True)
class _Numbers:
    """The numbers of a pool; `by_area` has them by their nearness to callees of an area."""

    all: list[_Number]
    by_area: dict[str, list[list[_Number]]] = field(default_factory=dict)

    def nearest_first(self, to: str) -> list[list[_Number]]:
        area = to[:AREA_LONGEST]
        if area not in self.by_area:
            tiers = {nearness: list[_Number]() for nearness in sorted(Nearness, reverse=True)}
            for number in self.all:
                tiers[number.area.nearness(to)].append(number)
            self.by_area[area] = list(tiers.values())
        return self.by_area[area]


def _with_room(numbers: Sequence[_Number]) -> list[_Number]:
    return [number for number in numbers if number.room is None or number.room > 0]


def _round_robin(numbers: _Numbers, _to: str) -> _Number | None:
    return min(_with_room(numbers.all), key=_TURN, default=None)


def _least_used(numbers: _Numbers, _to: str) -> _Number | None:
    return min(_with_room(numbers.all), key=_USE, default=None)


def _sticky(numbers: _Numbers, to: str) -> _Number | None:
    own = _sticky_to([number.number for number in numbers.all], to)
    return next((number for number in _with_room(numbers.all) if number.number == own), None)


def _sticky_to(numbers: Iterable[str], to: str) -> str:
    """By rendezvous hashing: only the persons of a number that is taken away get another."""
    return max(numbers, key=lambda number: _weight(number, to))


def _weight(number: str, to: str) -> bytes:
    return hashlib.blake2b(f"{number} {to}".encode(), digest_size=8).digest()


def _local_presence(numbers: _Numbers, to: str) -> _Number | None:
    for tier in numbers.nearest_first(to):
        if choice := min(_with_room(tier), key=_TURN, default=None):
            return choice
    return None


_CHOICES: dict[Rotation, Callable[[_Numbers, str], _Number | None]] = {
    Rotation.ROUND_ROBIN: _round_robin,
    Rotation.LEAST_USED: _least_used,
    Rotation.STICKY: _sticky,
    Rotation.LOCAL_PRESENCE: _local_presence,
}
