"""The plan of a call: a pure function of the seed, the number and the count of its calls."""

import random
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, model_validator

Probability = Annotated[float, Field(ge=0, le=1)]
Span = tuple[NonNegativeFloat, NonNegativeFloat]


class Outcome(StrEnum):
    ANSWERED_HUMAN = "answered_human"
    MACHINE_NO_MESSAGE = "machine_no_message"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    DECLINED = "declined"
    UNOBTAINABLE = "unobtainable"
    NETWORK_ERROR = "network_error"


class Fault(StrEnum):
    SLOW_REPLY = "slow_reply"
    LOSE_REPLY = "lose_reply"
    DUPLICATE_EVENT = "duplicate_event"
    LATE_EVENT = "late_event"
    OUT_OF_ORDER = "out_of_order"
    LOST_EVENTS = "lost_events"
    REFUSE = "refuse"


ANSWERED = frozenset({Outcome.ANSWERED_HUMAN, Outcome.MACHINE_NO_MESSAGE})
RINGING = ANSWERED | {Outcome.NO_ANSWER, Outcome.DECLINED}

_DEFAULT_WEIGHTS = {
    Outcome.ANSWERED_HUMAN: 0.38,
    Outcome.MACHINE_NO_MESSAGE: 0.20,
    Outcome.BUSY: 0.10,
    Outcome.NO_ANSWER: 0.22,
    Outcome.DECLINED: 0.05,
    Outcome.UNOBTAINABLE: 0.03,
    Outcome.NETWORK_ERROR: 0.02,
}


class Seconds(BaseModel):
    """Spans from which durations are drawn evenly, before the time scale is applied."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ring: Span = (3, 20)
    no_answer: Span = (25, 30)
    failure: Span = (0.2, 2)
    talk: Span = (5, 60)
    slow_reply: Span = (1, 4)
    late_event: Span = (5, 20)


class NumberBehaviour(BaseModel):
    """The outcomes of one number, call by call; the last one repeats."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    outcomes: Annotated[tuple[Outcome, ...], Field(min_length=1)]
    faults: frozenset[Fault] = frozenset()


class Behaviour(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    outcomes: dict[Outcome, NonNegativeFloat] = _DEFAULT_WEIGHTS
    faults: dict[Fault, Probability] = {}
    seconds: Seconds = Seconds()
    numbers: dict[str, NumberBehaviour] = {}

    @model_validator(mode="after")
    def _some_outcome_is_possible(self) -> Self:
        if sum(self.outcomes.values()) <= 0:
            raise ValueError("outcomes: at least one weight must be above zero")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPlan:
    outcome: Outcome
    ring_seconds: float
    talk_seconds: float
    reply_seconds: float
    event_seconds: float
    faults: frozenset[Fault]


def plan(behaviour: Behaviour, *, seed: int, number: str, nth: int) -> CallPlan:
    """The plan of the nth call (from 1) to a number."""
    draw = random.Random(f"{seed}:{number}:{nth}")  # noqa: S311
    outcome = draw.choices(list(behaviour.outcomes), list(behaviour.outcomes.values()))[0]
    chances = {fault: draw.random() for fault in Fault}
    faults = frozenset(f for f, chance in chances.items() if chance < behaviour.faults.get(f, 0))
    scripted = behaviour.numbers.get(number)
    if scripted is not None:
        outcome = scripted.outcomes[min(nth, len(scripted.outcomes)) - 1]
        faults |= scripted.faults
    return _timed(behaviour.seconds, outcome, faults, draw)


def ringing_at_least(planned: CallPlan, seconds: float) -> CallPlan:
    """The same plan, but an unanswered call rings at least so long."""
    if planned.outcome is not Outcome.NO_ANSWER:
        return planned
    return replace(planned, ring_seconds=max(planned.ring_seconds, seconds))


def _timed(
    seconds: Seconds, outcome: Outcome, faults: frozenset[Fault], draw: random.Random
) -> CallPlan:
    talk_seconds = round(draw.uniform(*seconds.talk), 3)
    slow_reply, late_event = draw.uniform(*seconds.slow_reply), draw.uniform(*seconds.late_event)
    return CallPlan(
        outcome=outcome,
        ring_seconds=round(draw.uniform(*_ring_span(seconds, outcome)), 3),
        talk_seconds=talk_seconds if outcome in ANSWERED else 0.0,
        reply_seconds=slow_reply if Fault.SLOW_REPLY in faults else 0.0,
        event_seconds=late_event if Fault.LATE_EVENT in faults else 0.0,
        faults=faults,
    )


def _ring_span(seconds: Seconds, outcome: Outcome) -> Span:
    if outcome is Outcome.NO_ANSWER:
        return seconds.no_answer
    return seconds.ring if outcome in RINGING else seconds.failure
