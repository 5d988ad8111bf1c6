"""The protocol of a telephony provider: a class behind an entry point of `outdial.providers`.

A third party adds a provider with one file and one entry point; its name is the `provider` of a
trunk's row.
"""

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, Self

from shared.db.trunks import Trunk
from shared.domain.attempts import CallReference
from shared.domain.capacity.margins import LONGEST_RATE_SPAN, RATE_SPAN
from shared.domain.outcomes import Outcome

# Longest wait for the answer to an originate; after it the call may be up or not (seconds).
ORIGINATE_SECONDS = 5.0


class CallRefusedError(Exception):
    """Surely not placed. With an `outcome` the attempt ends so; without, it may be tried later."""

    def __init__(self, reason: str, *, outcome: Outcome | None = None) -> None:
        super().__init__(reason)
        self.outcome = outcome


class CallUnknownError(Exception):
    """May have been placed: it is never placed again; the provider is asked by reference."""


class ProviderUnavailableError(Exception):
    """A question, not an originate, got no answer; it may be asked again."""


class TrunkSettingsError(Exception):
    """The provider cannot use the trunk's settings. The text names fields, never their values."""


class CallState(StrEnum):
    RINGING = "ringing"
    ANSWERED = "answered"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Originate:
    """The call to place.

    The provider keeps the text form of `reference` and can be asked by it. The carrier reports to
    `events_url`, which any dialer serves. An unanswered call rings at least `ring_seconds` before
    it may be given up; None leaves that to the provider.
    """

    reference: CallReference
    to: str
    caller_id: str | None
    call_flow: str | None
    events_url: str
    ring_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallReport:
    """The state of a call, from an event or from a look-up; `outcome` once it has ended.

    `callback_at` is the time at which the person asked to be called, for the outcome that says so.
    """

    reference: CallReference
    provider_call_id: str
    state: CallState
    at: datetime
    outcome: Outcome | None = None
    ring_seconds: float | None = None
    talk_seconds: float | None = None
    callback_at: datetime | None = None


# Returns when the report is kept; raises a fault of the network when it has to be sent again.
Report = Callable[[CallReport], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A request of the carrier to the events address of a trunk.

    `address` is the whole URL as the carrier knows it, which is the one that it signs. The names
    of the headers are in lower case.
    """

    method: str
    address: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The response to a posted event."""

    status: int = 204
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """The abilities of a connected trunk.

    `rate_span` is the span in which the provider counts calls: a trunk of 10 calls a second whose
    provider counts in 5 seconds may start 50 calls in any 5 seconds. `detects_machines` says that
    it tells persons from answering machines. `states` are the states that it reports or tells when
    it is asked; the end is always one of them.
    """

    rate_span: timedelta = RATE_SPAN
    detects_machines: bool = False
    states: frozenset[CallState] = frozenset({CallState.ENDED})

    def __post_init__(self) -> None:
        if not RATE_SPAN <= self.rate_span <= LONGEST_RATE_SPAN:
            raise ValueError(f"rate_span must be from {RATE_SPAN} to {LONGEST_RATE_SPAN}")
        if CallState.ENDED not in self.states:
            raise ValueError("a provider must be able to tell that a call has ended")


class Provider(Protocol):
    """One connected trunk."""

    @classmethod
    @abstractmethod
    def connect(cls, trunk: Trunk, report: Report) -> Self:
        """Take up a trunk, without waiting for the carrier. Raises TrunkSettingsError."""

    @property
    @abstractmethod
    def capabilities(self) -> Capabilities:
        """The abilities of this trunk; they do not change while it is connected."""

    @abstractmethod
    async def originate(self, request: Originate) -> str:
        """Place a call, return the provider's id of it.

        Raises CallRefusedError or CallUnknownError; any other exception counts as the latter.
        """

    @abstractmethod
    async def lookup(self, reference: CallReference) -> CallReport | None:
        """Ask for the state of a call; None when the provider never saw the reference.

        Raises ProviderUnavailableError, also when the carrier answers with another call.
        """

    @abstractmethod
    async def hang_up(self, reference: CallReference) -> None:
        """End the call if it is up. Raises ProviderUnavailableError."""

    async def receive(self, posted: Posted) -> Answer:
        """Verify a posted event, pass it to `report`, and answer it once `report` has returned.

        The dialer that is asked need not be the one that placed the call. A ValueError is answered
        with 400, a fault of the network with 503. A provider without posted events keeps this
        answer.
        """
        return Answer(status=404)

    @abstractmethod
    async def close(self) -> None:
        """Free connections."""
