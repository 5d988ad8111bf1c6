"""The plan of a call: a pure function of the seed, the number and the count of its calls."""

import random
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, model_validator

Probability = Annotated[float, Field(ge=0, le=1)]
Span = tuple[NonNegativeFloat, NonNegativeFloat]


class Outcome(StrEnum):
    ANSWERED_HUMAN = "answered_human"
    MACHINE_NO_MESSAGE = "machine_no_message"
    MACHINE_MESSAGE_LEFT = "machine_message_left"
    OPT_OUT = "opt_out"
    CALLBACK_REQUESTED = "callback_requested"
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


class SmsFate(StrEnum):
    """What becomes of a text message; a `lost` one is taken, but its answer and report are lost."""

    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    LOST = "lost"
    REFUSED = "refused"
    INVALID = "invalid"
    OPTED_OUT = "opted_out"


MACHINES = frozenset({Outcome.MACHINE_NO_MESSAGE, Outcome.MACHINE_MESSAGE_LEFT})
PERSONS = frozenset({Outcome.ANSWERED_HUMAN, Outcome.OPT_OUT, Outcome.CALLBACK_REQUESTED})
ANSWERED = PERSONS | MACHINES
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
    detection: Span = (0.4, 3)


class Tariff(BaseModel):
    """The price of a minute. With `late` it is told that long after the end, else with it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    per_minute: Annotated[Decimal, Field(ge=0, le=1_000)] = Decimal("0.012")
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "USD"
    late: Span | None = None


class Texting(BaseModel):
    """How many text messages are delivered, after how long that is told, and their price."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    delivered: Probability = 0.97
    seconds: Span = (0.5, 3)
    price: Annotated[Decimal, Field(ge=0, le=1_000)] = Decimal("0.0075")


class NumberBehaviour(BaseModel):
    """The outcomes of one number, call by call; the last one repeats.

    A call flow may change the outcome of a call that is answered. `keys` are those that the person
    presses at each gather of a call, in their order; the last ones repeat, and an empty text is no
    key. `transfer_answered`: whether somebody takes a call that is transferred from this number.
    `sms` is what becomes of messages to it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    outcomes: Annotated[tuple[Outcome, ...], Field(min_length=1)]
    keys: tuple[Annotated[str, Field(pattern=r"^[0-9*#]{0,20}$")], ...] = ()
    transfer_answered: bool | None = None
    sms: SmsFate | None = None
    faults: frozenset[Fault] = frozenset()


class Behaviour(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    outcomes: dict[Outcome, NonNegativeFloat] = _DEFAULT_WEIGHTS
    faults: dict[Fault, Probability] = {}
    seconds: Seconds = Seconds()
    tariff: Tariff = Tariff()
    sms: Texting = Texting()
    numbers: dict[str, NumberBehaviour] = {}
    detection_errors: Probability = 0.0
    """The share of answered calls in which a person is taken for a machine, or a machine for one.

    Such a call goes on, ends and is told as what was heard.
    """
    presses_key: Probability = 0.8
    """At a gather, else nothing is pressed."""
    transfer_answered: Probability = 0.9

    @model_validator(mode="after")
    def _some_outcome_is_possible(self) -> Self:
        if sum(self.outcomes.values()) <= 0:
            raise ValueError("outcomes: at least one weight must be above zero")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPlan:
    """`is_machine` is who answers in truth; `outcome` is what the detection hears."""

    outcome: Outcome
    ring_seconds: float
    talk_seconds: float
    reply_seconds: float
    event_seconds: float
    faults: frozenset[Fault]
    is_machine: bool = False
    detection_seconds: float = 0.0
    price_seconds: float | None = None


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
    timed = _timed(behaviour.seconds, outcome, faults, draw)
    # Drawn last, so that a seed still gives the calls that it gave before.
    detection_seconds = round(draw.uniform(*behaviour.seconds.detection), 3)
    late = behaviour.tariff.late
    price_seconds = None if late is None else draw.uniform(*late)
    is_misheard = outcome in ANSWERED and draw.random() < behaviour.detection_errors
    return replace(
        timed,
        outcome=_misheard(outcome) if is_misheard else outcome,
        is_machine=outcome in MACHINES,
        detection_seconds=detection_seconds,
        price_seconds=price_seconds,
    )


def ringing_at_least(planned: CallPlan, seconds: float) -> CallPlan:
    """The same plan, but an unanswered call rings at least so long."""
    if planned.outcome is not Outcome.NO_ANSWER:
        return planned
    return replace(planned, ring_seconds=max(planned.ring_seconds, seconds))


def _misheard(outcome: Outcome) -> Outcome:
    return Outcome.ANSWERED_HUMAN if outcome in MACHINES else Outcome.MACHINE_NO_MESSAGE


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
