"""A call at the carrier, the request that starts it and the events and reports about it."""

import asyncio
import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, NamedTuple, Self

import uuid_utils
from pydantic import BaseModel, ConfigDict, Field

from outdial.carrier.behaviour import CallPlan, Outcome

# The caller's name for a call; the carrier keeps and compares it as text.
Reference = Annotated[str, Field(pattern=r"^[0-9A-Za-z._-]{1,80}$")]


class Verdict(StrEnum):
    ACCEPTED = "accepted"
    REFUSED = "refused"
    DUPLICATE = "duplicate"


class CallState(StrEnum):
    RINGING = "ringing"
    ANSWERED = "answered"
    ENDED = "ended"


class Instant(NamedTuple):
    """The wall clock is for people and for windows, the monotonic one for caps."""

    at: float
    monotonic: float

    @classmethod
    def now(cls) -> Self:
        return cls(time.time(), time.monotonic())


class Originate(BaseModel):
    """The body of an originate. A number that is none is refused later, so that it is logged."""

    model_config = ConfigDict(frozen=True)

    reference: Reference
    to: Annotated[str, Field(max_length=64)]
    caller_id: Annotated[str | None, Field(alias="from", max_length=64)] = None
    events_url: Annotated[str, Field(pattern=r"^https?://[^\s/]")]
    ring_seconds: Annotated[int | None, Field(ge=1, le=600)] = None
    """An unanswered call rings at least so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    verdict: Verdict
    code: str | None = None
    call_id: str | None = None
    plan: CallPlan | None = None


@dataclass(slots=True, kw_only=True)
class Call:
    reference: str
    call_id: str
    events_url: str
    plan: CallPlan
    logged: asyncio.Future[None]
    """Done when the state of this call is on disk; no answer or event is sent before."""
    state: CallState = CallState.RINGING
    outcome: Outcome | None = None
    ended_at: float | None = None
    timer: asyncio.TimerHandle | None = None
    held: list[dict[str, Any]] = field(default_factory=list)
    """Events that are sent after the end, out of order."""

    def event(self, kind: CallState) -> dict[str, Any]:
        event = {
            "event_id": str(uuid_utils.uuid7()),
            "reference": self.reference,
            "call_id": self.call_id,
            "kind": kind,
            "at": self.ended_at or time.time(),
            "ring_seconds": self.plan.ring_seconds,
            "talk_seconds": self.plan.talk_seconds,
        }
        return event | {"outcome": self.outcome} if kind is CallState.ENDED else event

    def report(self) -> dict[str, Any]:
        return {
            "reference": self.reference,
            "call_id": self.call_id,
            "state": self.state,
            "outcome": self.outcome,
            "ended_at": self.ended_at,
        }
