"""How the carrier behaves: faults by chance, and what happens on single numbers."""

import json
from enum import StrEnum
from pathlib import Path
from random import Random
from typing import Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field

Choice = TypeVar("Choice")


class Fault(StrEnum):
    """What goes wrong with the answer to an originate."""

    LOST_REPLY = "lost_reply"
    FAILED_PLACED = "failed_placed"
    FAILED_NOT_PLACED = "failed_not_placed"
    TOO_MANY = "too_many"


class Delivery(StrEnum):
    """How the callbacks of a call arrive; reversed ones tell the end first."""

    DOUBLED = "doubled"
    LATE = "late"
    REVERSED = "reversed"
    LOST = "lost"


class Person(BaseModel):
    """What happens when a number is called. `keys` are pressed, one text for each request."""

    model_config = ConfigDict(extra="forbid")

    status: str = "completed"
    sip_code: int | None = None
    answered_by: str = "human"
    keys: tuple[str, ...] = ()
    fault: Fault | None = None
    delivery: Delivery | None = None
    queue_ms: int = 0
    message_status: str = "delivered"
    message_error: int | None = None
    error_code: int | None = None


class Behaviour(BaseModel):
    """Shares are chances from 0 to 1; a number in `people` has none.

    A status may name its SIP code, as in `busy 486`.
    """

    model_config = ConfigDict(extra="forbid")

    seed: int = 1
    faults: dict[Fault, float] = Field(default_factory=dict)
    deliveries: dict[Delivery, float] = Field(default_factory=dict)
    statuses: dict[str, float] = Field(default_factory=dict)
    answered_by: dict[str, float] = Field(default_factory=dict)
    people: dict[str, Person] = Field(default_factory=dict)
    ring_seconds: float = 0.05
    talk_seconds: float = 0.05
    late_seconds: float = 1.0
    retry_after_seconds: int = 1
    # So long after its end the requests about a call can be read.
    requests_after_seconds: float = 0

    @classmethod
    def read(cls, path: Path | None) -> Self:
        return cls() if path is None else cls.model_validate(json.loads(path.read_text()))


class Chance:
    """Draws a person for each originate; the same seed draws the same ones."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._random = Random(behaviour.seed)

    def person(self, number: str) -> Person:
        known = self._behaviour.people.get(number)
        if known is not None:
            return known
        behaviour, point = self._behaviour, self._random.random
        fault, delivery = _drawn(behaviour.faults, point()), _drawn(behaviour.deliveries, point())
        status, _, code = (_drawn(behaviour.statuses, point()) or "completed").partition(" ")
        return Person(
            fault=fault,
            delivery=delivery,
            status=status,
            sip_code=int(code) if code else None,
            answered_by=_drawn(behaviour.answered_by, point()) or "human",
        )


def _drawn(shares: dict[Choice, float], point: float) -> Choice | None:
    for choice, share in shares.items():
        point -= share
        if point < 0:
            return choice
    return None
