"""A call at the carrier, the request that starts it and the events and reports about it."""

import asyncio
import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, NamedTuple, Self

import uuid_utils
from pydantic import BaseModel, ConfigDict, Field

from outdial.carrier.behaviour import CallPlan, Outcome
from outdial.carrier.flow_player import Played
from shared.definitions.base import STORED
from shared.definitions.call_flow import CallFlowDefinition
from shared.domain.agents import Agent
from shared.domain.call_flows.machines import MachineAction

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
    SETTLED = "settled"
    """Told after the end, with the price; never the state of a call."""


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
    talk_seconds_most: Annotated[int | None, Field(ge=1)] = None
    call_flow: str | None = None
    """The name of a flow that is the carrier's own; `flow` is one that comes with the call."""
    flow: CallFlowDefinition | None = None
    agent: Agent | None = None
    """The carrier's own agent that talks."""
    variables: dict[str, str] = {}
    on_machine: MachineAction | None = None
    progress: bool = True
    """Whether to tell that the call rings and that it is answered."""
    traceparent: str | None = None
    """The header of this name, which the events of the call repeat."""

    @property
    def changes_answered_calls(self) -> bool:
        return bool(self.flow or self.on_machine or self.talk_seconds_most)

    @classmethod
    def read(cls, body: bytes) -> Self:
        """A flow is rendered, so its texts may be of any length."""
        return cls.model_validate_json(body, context=STORED)


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
    played: Played | None = None
    """What becomes of the call once it is answered."""
    logged: asyncio.Future[None]
    """Done when the state of this call is on disk; no answer or event is sent before."""
    progress: bool = True
    traceparent: str | None = None
    state: CallState = CallState.RINGING
    outcome: Outcome | None = None
    ended_at: float | None = None
    timer: asyncio.TimerHandle | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    """What the end tells."""
    later: dict[str, Any] = field(default_factory=dict)
    """What `settled` tells after it."""
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
        if kind is CallState.ENDED:
            return event | self._ending()
        return event | {"facts": self.later} if kind is CallState.SETTLED else event

    def report(self) -> dict[str, Any]:
        return {
            "reference": self.reference,
            "call_id": self.call_id,
            "state": self.state,
            "ended_at": self.ended_at,
            **self._ending(),
        }

    def _ending(self) -> dict[str, Any]:
        """The outcome and the facts, and what a flow led to if it was played to its end."""
        ending: dict[str, Any] = {"outcome": self.outcome, "facts": self.facts}
        played = self.played
        if played is None or self.outcome is not played.outcome:
            return ending
        if played.callback_minutes is not None and self.ended_at is not None:
            ending["callback_at"] = self.ended_at + 60 * played.callback_minutes
        return ending | {
            "stages": played.stages,
            "digits": played.digits or None,
            "tags": played.tags,
            "transferred_to": played.transferred_to,
        }
