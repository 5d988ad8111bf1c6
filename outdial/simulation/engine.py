"""Plays a campaign through, call by call, with the rules and the policy of the real one.

Time jumps from one thing that happens to the next. Contacts wait by calling group, so that a
window is asked for by group and not by contact.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from heapq import heapify, heappop, heappush, heapreplace
from random import Random
from typing import NamedTuple

from outdial.simulation.fates import Fates
from shared.domain.capacity.margins import RATE_WINDOW, WINDOW_MARGIN
from shared.domain.capacity.scopes import Caps
from shared.domain.decision.gates import Block, ContactFacts, first_block
from shared.domain.outcomes import Outcome
from shared.domain.policy.attempt_policy import AttemptPolicy, History, next_attempt, record
from shared.domain.policy.calling_rules import CallingRules
from shared.domain.policy.frequency import PastCall
from shared.domain.reasons import Reason

AT_ONCE = datetime.min.replace(tzinfo=UTC)
UNTRIED = History(attempts=0, day=None, attempts_on_day=0)


@dataclass(slots=True, eq=False)
class Contact:
    """`calls` are kept only where a cap or a silence looks at them."""

    number: str
    room: "Room"
    due: datetime = AT_ONCE
    waits_for: Reason | None = None
    history: History = UNTRIED
    calls: list[PastCall] = field(default_factory=list)
    outcome: Outcome | None = None

    def facts(self) -> ContactFacts:
        not_before = None if self.due is AT_ONCE else self.due
        return ContactFacts(not_before=not_before, waits_for=self.waits_for, calls=self.calls)


@dataclass(slots=True, eq=False)
class Room:
    """Where the contacts of a calling group wait; its `place` among the rooms breaks ties."""

    place: int
    rules: CallingRules
    heap: list[tuple[datetime, int, Contact]] = field(default_factory=list)
    wakes_at: datetime | None = None
    is_ready: bool = False

    def has_due(self, now: datetime) -> bool:
        return bool(self.heap) and self.heap[0][0] <= now


class Call(NamedTuple):
    """A call that was placed; `nth` is its number among those to the contact."""

    contact: Contact
    nth: int
    at: datetime
    ended_at: datetime
    outcome: Outcome
    closes_at: datetime


@dataclass(slots=True)
class Simulation:
    """`calls` plays it; afterwards the contacts tell what became of them."""

    policy: AttemptPolicy
    caps: Caps
    fates: Fates
    now: datetime
    until: datetime
    peak: int = 0
    _chance: Random = field(init=False)
    _ready: list[tuple[datetime, int, Room]] = field(default_factory=list)
    _sleeping: list[tuple[datetime, int, Room]] = field(default_factory=list)
    _up: list[tuple[datetime, int, Call]] = field(default_factory=list)
    _placed: deque[datetime] = field(default_factory=deque)
    _order: int = 0

    def __post_init__(self) -> None:
        self._chance = Random(self.fates.seed)  # noqa: S311 - the same every time is the point

    def calls(self, rooms: Sequence[Room], contacts: Sequence[Contact]) -> Iterator[Call]:
        """The calls in the order in which they are placed."""
        for order, contact in enumerate(contacts):
            contact.room.heap.append((contact.due, order, contact))
        self._order = len(contacts)
        for room in rooms:
            heapify(room.heap)
            self._look(room)
        while self.now < self.until:
            call = self._step()
            if call is not None:
                yield call
            elif not (self._up or self._sleeping or self._ready):
                break
        self._hang_up(datetime.max.replace(tzinfo=UTC))

    def _step(self) -> Call | None:
        """Place a call if one may be placed at this instant, or go on to the next instant."""
        while self._sleeping and self._sleeping[0][0] <= self.now:
            self._wake()
        is_full = self.caps.max_concurrent is not None and len(self._up) >= self.caps.max_concurrent
        room = None if is_full else self._next_ready()
        if room is None:
            self._go_on(to_opening=not is_full)
            return None
        if (permit_at := self._permit_at()) > self.now:
            self._hang_up(permit_at)
            self.now = permit_at
            return None
        return self._dial(room)

    def _go_on(self, *, to_opening: bool) -> None:
        instants = [self._up[0][0]] if self._up else []
        if to_opening and self._sleeping:
            instants.append(self._sleeping[0][0])
        self.now = min(instants, default=self.until)
        self._hang_up(self.now)

    def _permit_at(self) -> datetime:
        """The first instant at which the cap per second leaves room for a call."""
        cap = self.caps.calls_per_second
        if cap is None or len(self._placed) < cap:
            return self.now
        return max(self.now, self._placed[0] + RATE_WINDOW)

    def _next_ready(self) -> Room | None:
        """The open room with somebody due that closes first, as the scheduler orders them."""
        while self._ready:
            closes_at, _, room = self._ready[0]
            if room.has_due(self.now) and self.now < closes_at - WINDOW_MARGIN:
                return room
            heappop(self._ready)
            room.is_ready = False
            self._look(room)
        return None

    def _look(self, room: Room) -> None:
        """Ready now, or asleep until somebody is due and it is open; else never again."""
        if not room.heap:
            return
        at = max(self.now, room.heap[0][0])
        span = room.rules.opening(now=at)
        if span is None:
            return
        if at > self.now or span.opens_at > self.now:
            self._sleep(room, max(at, span.opens_at))
        elif self.now >= span.closes_at - WINDOW_MARGIN:
            self._sleep(room, span.closes_at)
        else:
            room.is_ready = True
            heappush(self._ready, (span.closes_at, room.place, room))

    def _sleep(self, room: Room, at: datetime) -> None:
        if room.wakes_at is None or at < room.wakes_at:
            room.wakes_at = at
            heappush(self._sleeping, (at, room.place, room))

    def _wake(self) -> None:
        at, _, room = heappop(self._sleeping)
        # Another time means that it was to wake earlier, and did.
        if room.wakes_at == at:
            room.wakes_at = None
            if not room.is_ready:
                self._look(room)

    def _dial(self, room: Room) -> Call | None:
        contact = room.heap[0][2]
        block = first_block(room.rules, contact.facts(), now=self.now)
        if block is not None:
            self._defer(room, contact, block)
            return None
        heappop(room.heap)
        nth = contact.history.attempts + 1
        outcome, lasts = self.fates.call(contact.number, nth, ring_seconds=room.rules.ring_seconds)
        closes_at = self._ready[0][0]
        call = Call(contact, nth, self.now, self.now + lasts, outcome, closes_at)
        self._order += 1
        heappush(self._up, (call.ended_at, self._order, call))
        self.peak = max(self.peak, len(self._up))
        if self.caps.calls_per_second is not None:
            self._placed.append(self.now)
            if len(self._placed) > self.caps.calls_per_second:
                self._placed.popleft()
        return call

    def _defer(self, room: Room, contact: Contact, block: Block) -> None:
        """Who may not be called waits until the gate opens; one that never opens ends the wait."""
        contact.waits_for = block.reason
        contact.due = block.until or self.until
        self._order += 1
        heapreplace(room.heap, (contact.due, self._order, contact))

    def _hang_up(self, until: datetime) -> None:
        """End the calls that are over by then, and plan what follows."""
        while self._up and self._up[0][0] <= until:
            self._end(heappop(self._up)[2])

    def _end(self, call: Call) -> None:
        contact, rules = call.contact, call.contact.room.rules
        zones = rules.group.zones
        contact.history = record(
            contact.history, zones, at=call.at, window_closes_at=call.closes_at
        )
        if rules.limits:
            past = PastCall(call.at, rules.subject, call.outcome, call.ended_at)
            contact.calls.append(past)
        again = next_attempt(
            self.policy,
            contact.history,
            call.outcome,
            zones=zones,
            ended_at=call.ended_at,
            chance=self._chance.random(),
        )
        if again is None:
            contact.outcome = call.outcome
            return
        contact.due, contact.waits_for = again.not_before, again.waits_for
        room = contact.room
        self._order += 1
        heappush(room.heap, (contact.due, self._order, contact))
        if not room.is_ready:
            self._sleep(room, contact.due)
