"""Simulates a campaign call by call, with the rules and the attempt policy of the services.

The virtual clock jumps from one event to the next. Contacts wait in a queue per calling group, so
that a window is computed once per group and not per contact.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heapify, heappop, heappush, heapreplace
from random import Random
from typing import NamedTuple

from outdial.simulation.call_outcomes import CallOutcomes
from shared.domain.calendar.intervals import AT_ONCE, NEVER
from shared.domain.capacity.margins import RATE_WINDOW, WINDOW_MARGIN
from shared.domain.capacity.scopes import Caps
from shared.domain.decision.gates import Block, ContactFacts, first_block
from shared.domain.outcomes import Outcome
from shared.domain.policy.attempt_policy import AttemptPolicy, History
from shared.domain.policy.calling_rules import CallingRules
from shared.domain.policy.frequency import PastCall
from shared.domain.reasons import Reason
from shared.domain.transitions import ContactBefore, EndedCall, after_call

UNTRIED = History(attempts=0, day=None, attempts_on_day=0)


@dataclass(slots=True, eq=False)
class Contact:
    """`calls` are kept only where a frequency cap or a silence needs them."""

    number: str
    queue: "GroupQueue"
    due: datetime = AT_ONCE
    waits_for: Reason | None = None
    history: History = UNTRIED
    calls: list[PastCall] = field(default_factory=list)
    outcome: Outcome | None = None

    def facts(self) -> ContactFacts:
        not_before = None if self.due is AT_ONCE else self.due
        return ContactFacts(not_before=not_before, waits_for=self.waits_for, calls=self.calls)


@dataclass(slots=True, eq=False)
class GroupQueue:
    """The contacts of a calling group, by due time; `index` is its place among the queues."""

    index: int
    rules: CallingRules
    heap: list[tuple[datetime, int, Contact]] = field(default_factory=list)
    wakes_at: datetime | None = None
    is_ready: bool = False

    def has_due(self, now: datetime) -> bool:
        return bool(self.heap) and self.heap[0][0] <= now


class Call(NamedTuple):
    """A call that was placed; `nth` is its number among the calls to the contact."""

    contact: Contact
    nth: int
    at: datetime
    ended_at: datetime
    outcome: Outcome
    closes_at: datetime


@dataclass(slots=True)
class Simulation:
    """`calls` runs it; afterwards each contact has its outcome, or the reason why it waits."""

    policy: AttemptPolicy
    caps: Caps
    outcomes: CallOutcomes
    now: datetime
    until: datetime
    peak: int = 0
    _chance: Random = field(init=False)
    _ready: list[tuple[datetime, int, GroupQueue]] = field(default_factory=list)
    _sleeping: list[tuple[datetime, int, GroupQueue]] = field(default_factory=list)
    _live: list[tuple[datetime, int, Call]] = field(default_factory=list)
    _placed: deque[datetime] = field(default_factory=deque)
    _order: int = 0

    def __post_init__(self) -> None:
        self._chance = Random(self.outcomes.seed)  # noqa: S311 - the same every time is the point

    def calls(self, queues: Sequence[GroupQueue], contacts: Sequence[Contact]) -> Iterator[Call]:
        """The calls in the order in which they are placed."""
        for order, contact in enumerate(contacts):
            contact.queue.heap.append((contact.due, order, contact))
        self._order = len(contacts)
        for queue in queues:
            heapify(queue.heap)
            self._schedule(queue)
        while self.now < self.until:
            call = self._step()
            if call is not None:
                yield call
            elif not (self._live or self._sleeping or self._ready):
                break
        self._hang_up(NEVER)

    def _step(self) -> Call | None:
        """Place a call if one may be placed now; otherwise advance the clock to the next event."""
        while self._sleeping and self._sleeping[0][0] <= self.now:
            self._wake()
        is_full = (
            self.caps.max_concurrent is not None and len(self._live) >= self.caps.max_concurrent
        )
        queue = None if is_full else self._next_ready()
        if queue is None:
            self._advance(to_opening=not is_full)
            return None
        if (permit_at := self._permit_at()) > self.now:
            self._hang_up(permit_at)
            self.now = permit_at
            return None
        return self._dial(queue)

    def _advance(self, *, to_opening: bool) -> None:
        instants = [self._live[0][0]] if self._live else []
        if to_opening and self._sleeping:
            instants.append(self._sleeping[0][0])
        self.now = min(instants, default=self.until)
        self._hang_up(self.now)

    def _permit_at(self) -> datetime:
        """The first instant at which the cap of calls per second allows another call."""
        cap = self.caps.calls_per_second
        if cap is None or len(self._placed) < cap:
            return self.now
        return max(self.now, self._placed[0] + RATE_WINDOW)

    def _next_ready(self) -> GroupQueue | None:
        """The open queue with a due contact that closes first, in the order of the scheduler."""
        while self._ready:
            closes_at, _, queue = self._ready[0]
            if queue.has_due(self.now) and self.now < closes_at - WINDOW_MARGIN:
                return queue
            heappop(self._ready)
            queue.is_ready = False
            self._schedule(queue)
        return None

    def _schedule(self, queue: GroupQueue) -> None:
        """Make the queue ready, or let it sleep until a contact is due and it is open."""
        if not queue.heap:
            return
        at = max(self.now, queue.heap[0][0])
        span = queue.rules.opening(now=at)
        if span is None:
            return
        if at > self.now or span.opens_at > self.now:
            self._sleep(queue, max(at, span.opens_at))
        elif self.now >= span.closes_at - WINDOW_MARGIN:
            self._sleep(queue, span.closes_at)
        else:
            queue.is_ready = True
            heappush(self._ready, (span.closes_at, queue.index, queue))

    def _sleep(self, queue: GroupQueue, at: datetime) -> None:
        if queue.wakes_at is None or at < queue.wakes_at:
            queue.wakes_at = at
            heappush(self._sleeping, (at, queue.index, queue))

    def _wake(self) -> None:
        at, _, queue = heappop(self._sleeping)
        # Another time is that of an earlier sleep, which has ended.
        if queue.wakes_at == at:
            queue.wakes_at = None
            if not queue.is_ready:
                self._schedule(queue)

    def _dial(self, queue: GroupQueue) -> Call | None:
        contact = queue.heap[0][2]
        block = first_block(queue.rules, contact.facts(), now=self.now)
        if block is not None:
            self._defer(queue, contact, block)
            return None
        heappop(queue.heap)
        nth = contact.history.attempts + 1
        outcome, lasts = self.outcomes.call(
            contact.number, nth, ring_seconds=queue.rules.ring_seconds
        )
        closes_at = self._ready[0][0]
        call = Call(contact, nth, self.now, self.now + lasts, outcome, closes_at)
        self._order += 1
        heappush(self._live, (call.ended_at, self._order, call))
        self.peak = max(self.peak, len(self._live))
        if self.caps.calls_per_second is not None:
            self._placed.append(self.now)
            if len(self._placed) > self.caps.calls_per_second:
                self._placed.popleft()
        return call

    def _defer(self, queue: GroupQueue, contact: Contact, block: Block) -> None:
        """Let the contact wait until its gate opens, or to the end if it never opens."""
        contact.waits_for = block.reason
        contact.due = block.until or self.until
        self._order += 1
        heapreplace(queue.heap, (contact.due, self._order, contact))

    def _hang_up(self, until: datetime) -> None:
        """End the calls that are over by then, and plan their next attempts."""
        while self._live and self._live[0][0] <= until:
            self._end(heappop(self._live)[2])

    def _end(self, call: Call) -> None:
        contact, rules = call.contact, call.contact.queue.rules
        if rules.limits:
            past = PastCall(call.at, rules.subject, call.outcome, call.ended_at)
            contact.calls.append(past)
        ended = EndedCall(
            begun_at=call.at,
            window_closes_at=call.closes_at,
            ended_at=call.ended_at,
            outcome=call.outcome,
        )
        before = ContactBefore(history=contact.history, zones=rules.group.zones)
        after = after_call(self.policy, before, ended, chance=self._chance.random())
        contact.history = after.history
        if isinstance(after.then, Outcome):
            contact.outcome = after.then
            return
        contact.due, contact.waits_for = after.then.not_before, after.then.waits_for
        queue = contact.queue
        self._order += 1
        heappush(queue.heap, (contact.due, self._order, contact))
        if not queue.is_ready:
            self._sleep(queue, contact.due)
