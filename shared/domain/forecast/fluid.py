"""Forecasts the end of a campaign by a fluid model: amounts per group, not single contacts."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from shared.domain.calendar.intervals import Intervals, instant_of, seconds_of
from shared.domain.calendar.zones import day_start, local_date
from shared.domain.forecast.inputs import RetryCourse
from shared.domain.wait_buckets import BUCKET_SECONDS, NEW, WaitBucket

# Steps of a quarter of an hour; longer ones where a long period would need too many of them.
STEP_SECONDS = 900
STEPS_MOST = 14 * 96
# Amounts below half a contact are rounding and count as none.
NOBODY = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Contacts with the same open hours: new ones, tried ones, and ones that are due later."""

    spans: Intervals
    zone: str
    new: int = 0
    tried: int = 0
    later: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """`finishes_at` is None when contacts are `left` at the end of the period."""

    finishes_at: datetime | None
    calls: float
    left: float


def forecast(
    loads: Iterable[Load],
    course: RetryCourse,
    *,
    rate: float | None,
    call_seconds: float,
    start: datetime,
    end: datetime,
) -> Forecast:
    """Serve all loads at `rate` calls a second, the load whose window closes first in front."""
    return _Flow(course, rate, call_seconds, [_Queue(load) for load in loads]).run(
        seconds_of(start), seconds_of(end)
    )


class _State(NamedTuple):
    """Attempts so far: in total, on the last `day` with one, in the window that `closes` then."""

    attempts: int
    day: int = 0
    on_day: int = 0
    closes: int = 0
    in_window: int = 0


@dataclass(slots=True)
class _Queue:
    """The waiting part of one load: by attempts so far, the amount and the instant it is ready."""

    load: Load
    index: int = 0
    due: dict[_State, tuple[float, float]] = field(default_factory=dict)
    arriving: dict[int, list[tuple[_State, float, float]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def take_in(self, step: int) -> None:
        for state, amount, ready in self.arriving.pop(step, ()):
            waiting, since = self.due.get(state, (0.0, ready))
            self.due[state] = waiting + amount, max(since, ready)

    def span(self, at: int) -> tuple[int, int] | None:
        """The open span that contains `at`, or the next one."""
        spans = self.load.spans
        while self.index < len(spans) and spans[self.index][1] <= at:
            self.index += 1
        return spans[self.index] if self.index < len(spans) else None


@dataclass(slots=True)
class _Flow:
    course: RetryCourse
    rate: float | None
    call_seconds: float
    queues: list[_Queue]
    remaining: float = 0.0
    calls: float = 0.0
    last: float = 0.0
    begin: int = 0
    step: int = STEP_SECONDS

    def run(self, start: int, end: int) -> Forecast:
        self.begin, self.last = start, start
        self.step = max(STEP_SECONDS, -(-(end - start) // STEPS_MOST))
        untried, tried = _State(0), _State(min(1, len(self.course.again) - 1))
        for queue in self.queues:
            load = queue.load
            self._arrive(queue, start, untried, load.new)
            self._arrive(queue, start, tried, load.tried)
            for at, count in load.later:
                self._arrive(queue, max(start, at), tried, count)
        for index, at in enumerate(range(start, end, self.step)):
            if self.remaining < NOBODY:
                break
            self._pass(index, at, min(end, at + self.step))
        if self.remaining >= NOBODY:
            return Forecast(finishes_at=None, calls=self.calls, left=self.remaining)
        ended = instant_of(round(self.last + self.call_seconds))
        return Forecast(finishes_at=ended if self.calls else None, calls=self.calls, left=0.0)

    def _arrive(self, queue: _Queue, at: float, state: _State, amount: float) -> None:
        if amount > 0:
            queue.arriving[int(at - self.begin) // self.step].append((state, amount, at))
            self.remaining += amount

    def _pass(self, index: int, at: int, until: int) -> None:
        """Serve one step of time, the queue that closes first in front, while there is capacity."""
        ready = []
        for queue in self.queues:
            queue.take_in(index)
            span = queue.span(at) if queue.due else None
            if span is not None and span[0] < until:
                ready.append((span[1], span[0], queue))
        clock = float(at)
        for closes, opens, queue in sorted(ready, key=lambda entry: entry[:2]):
            clock = self._serve(queue, index, max(clock, opens), min(until, closes))

    def _serve(self, queue: _Queue, index: int, clock: float, until: float) -> float:
        """Serve one queue; returns the instant at which the capacity is free again."""
        while queue.due and clock < until:
            state = min(queue.due)
            amount, ready = queue.due.pop(state)
            served = amount if self.rate is None else min(amount, (until - clock) * self.rate)
            if served < amount:
                queue.due[state] = amount - served, ready
            clock += 0.0 if self.rate is None else served / self.rate
            # An amount that is ready later in this step does not delay the others.
            self._served(queue, state, served, max(clock, ready))
            queue.take_in(index)
        return clock

    def _served(self, queue: _Queue, state: _State, amount: float, at: float) -> None:
        self.calls += amount
        self.last = max(self.last, at)
        self.remaining -= amount
        again = amount * self.course.again[state.attempts]
        if state.attempts + 1 < len(self.course.again) and again > 0:
            after = self._counted(queue, state, at)
            self._arrive(queue, self._retry_at(queue, after, at), after, again)

    def _counted(self, queue: _Queue, state: _State, at: float) -> _State:
        """The state after one more attempt; counts that no budget needs stay as they are."""
        day, on_day, closes, in_window = state[1:]
        if self.course.max_per_day is not None:
            today = local_date(queue.load.zone, instant_of(int(at))).toordinal()
            day, on_day = today, on_day + 1 if today == day else 1
        if self.course.max_per_window is not None:
            span = queue.span(int(at))
            closing = span[1] if span else closes
            closes, in_window = closing, in_window + 1 if closing == closes else 1
        return _State(state.attempts + 1, day, on_day, closes, in_window)

    def _retry_at(self, queue: _Queue, state: _State, at: float) -> float:
        earliest = at + self.call_seconds + self.course.delays[state.attempts - 1]
        if self.course.max_per_day is not None and state.on_day >= self.course.max_per_day:
            midnight = day_start(queue.load.zone, date.fromordinal(state.day + 1))
            earliest = max(earliest, seconds_of(midnight))
        if self.course.max_per_window is not None and (
            state.in_window >= self.course.max_per_window
        ):
            earliest = max(earliest, state.closes)
        return earliest


def merged(loads: Sequence[Load]) -> list[Load]:
    """Merge loads with the same zone and the same open spans."""
    together: dict[tuple[str, Intervals], list[Load]] = defaultdict(list)
    for load in loads:
        together[load.zone, load.spans].append(load)
    return [
        Load(
            spans=spans,
            zone=zone,
            new=sum(load.new for load in same),
            tried=sum(load.tried for load in same),
            later=tuple(later for load in same for later in load.later),
        )
        for (zone, spans), same in together.items()
    ]


def load_of(
    buckets: Iterable[tuple[WaitBucket, int]], *, spans: Intervals, zone: str, now: datetime
) -> Load:
    """The load of one calling group, from the counts of its wait buckets."""
    present = seconds_of(now) // BUCKET_SECONDS
    new = due = 0
    later = []
    for bucket, count in buckets:
        if bucket.waits_for == NEW:
            new += count
        elif bucket.five_minutes <= present:
            due += count
        else:
            later.append((bucket.five_minutes * BUCKET_SECONDS, count))
    return Load(spans=spans, zone=zone, new=new, tried=due, later=tuple(later))
