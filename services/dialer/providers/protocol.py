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
from shared.domain.agents import Agent
from shared.domain.attempts import CallReference
from shared.domain.call_flows.flow import CallFlow
from shared.domain.call_flows.machines import MachineAction
from shared.domain.calls import NO_FACTS, CallFacts, CallState
from shared.domain.capacity.margins import LONGEST_RATE_SPAN, RATE_SPAN
from shared.domain.outcomes import Outcome

# Longest wait for the answer to an originate; after it the call may be up or not (seconds).
ORIGINATE_SECONDS = 5.0
# Longest wait for a connection to the carrier. It outlasts one lost packet, which TCP sends again
# after a second; without a connection the call was surely not placed.
CONNECT_SECONDS = 2.0


class Fault(StrEnum):
    """What is at fault when a call is refused, but not because of its number.

    A few refusals in a row by a carrier that is overloaded or away mean that its trunk is down. A
    single one is enough if the trunk itself is refused, because of its secret or its account. One
    of the request, such as its caller ID, says nothing about the trunk.
    """

    CARRIER = "carrier"
    TRUNK = "trunk"
    REQUEST = "request"


class CallRefusedError(Exception):
    """Surely not placed. With an `outcome` the attempt ends so; without, it may be tried later.

    `fault` counts without an `outcome` only. `retry_after` is the wait that the carrier asks for;
    the dialer bounds it.
    """

    def __init__(
        self,
        reason: str,
        *,
        outcome: Outcome | None = None,
        fault: Fault = Fault.CARRIER,
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(reason)
        self.outcome = outcome
        self.fault = fault
        self.retry_after = retry_after


class CallUnknownError(Exception):
    """May have been placed: it is never placed again; the provider is asked by reference."""


class ProviderUnavailableError(Exception):
    """A question, not an originate, got no answer; it may be asked again."""


class TrunkSettingsError(Exception):
    """The provider cannot use the trunk's settings. The text names fields, never their values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Originate:
    """The call to place.

    The provider keeps the text form of `reference` and can be asked by it. The carrier reports to
    `events_url`, which any dialer serves. An unanswered call rings at least `ring_seconds` before
    it may be given up, an answered one may last at most `talk_seconds_most`; None leaves either to
    the provider.

    `flow` is the tenant's own, with all variables in place; without one, `call_flow` is a name that
    the provider knows, and `variables` are the contact's for it. With an `agent`, that of the
    provider talks, and the variables are for it. `on_machine` is what to do when an
    answering machine takes the call; None: the call goes on, and nobody listens for machines.
    `is_last_attempt`: whatever the outcome, no other attempt follows by the campaign's policy.
    `traceparent` is for a header of the request, if the call belongs to a trace.
    """

    reference: CallReference
    to: str
    caller_id: str | None
    call_flow: str | None
    events_url: str
    ring_seconds: int | None = None
    talk_seconds_most: int | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    attempt_number: int = 1
    is_last_attempt: bool = False
    flow: CallFlow | None = None
    agent: Agent | None = None
    on_machine: MachineAction | None = None
    traceparent: str | None = None

    @property
    def detect_machines(self) -> bool:
        return self.on_machine is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallReport:
    """The state of a call, from an event or from a look-up; `outcome` when it has ended.

    It may come doubled, late and out of order. `callback_at` is the time at which the person asked
    to be called, for the outcome that says so.
    """

    reference: CallReference
    provider_call_id: str
    state: CallState
    at: datetime
    outcome: Outcome | None = None
    callback_at: datetime | None = None
    facts: CallFacts = NO_FACTS


# The tenant's flow that a call plays, with all variables in place; None if it plays none.
FlowOf = Callable[[CallReference], Awaitable[CallFlow | None]]
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
    async def lookup(
        self, reference: CallReference, *, call_id: str | None = None
    ) -> CallReport | None:
        """Ask for the state of a call; None when the provider never saw the reference.

        `call_id` is the provider's id of the call, once `originate` has returned it. A provider
        that finds calls by its own id alone cannot answer without one: it raises
        ProviderUnavailableError, and `find` is asked instead. It raises the same when the
        carrier does not answer, or answers with another call.
        """

    async def find(
        self, reference: CallReference, *, number: str, dialed_at: datetime
    ) -> CallReport | None:
        """Ask for the state of a call whose id is not known, as the answer was lost.

        Answers like `lookup`; None also when the call was surely not placed. A provider that knows
        calls by reference keeps this answer.
        """
        return await self.lookup(reference)

    @abstractmethod
    async def hang_up(self, reference: CallReference, *, call_id: str | None = None) -> None:
        """End the call if it is up. Raises ProviderUnavailableError."""

    async def receive(self, posted: Posted, flow_of: FlowOf) -> Answer:
        """Verify a posted event, pass it to `report`, and answer it once `report` has returned.

        A carrier that asks for a call flow page by page gets it from `flow_of`. The dialer that is
        asked need not be the one that placed the call. A ValueError is answered with 400, a fault
        of the network with 503. A provider without posted events keeps this answer.
        """
        return Answer(status=404)

    @abstractmethod
    async def close(self) -> None:
        """Free connections."""
