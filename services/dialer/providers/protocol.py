"""What a telephony provider must offer, and the two ways in which an originate can fail."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from shared.domain.attempts import CallReference
from shared.domain.outcomes import Outcome

# Longest wait for the answer to an originate; after it the call may be up or not (seconds).
ORIGINATE_SECONDS = 5.0


class CallRefusedError(Exception):
    """Surely not placed. With an `outcome` the attempt ends so; without, it may be tried later."""

    def __init__(self, reason: str, *, outcome: Outcome | None = None) -> None:
        super().__init__(reason)
        self.outcome = outcome


class CallUnknownError(Exception):
    """May have been placed: nobody may place it again; the provider is asked by reference."""


class ProviderUnavailableError(Exception):
    """A question, not an originate, was not answered; it may be asked again."""


class CallState(StrEnum):
    RINGING = "ringing"
    ANSWERED = "answered"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Originate:
    """The provider keeps the text form of `reference` and can be asked by it.

    A call that nobody answers rings at least `ring_seconds` before it may be given up; without
    them, as long as the provider likes.
    """

    reference: CallReference
    to: str
    caller_id: str | None
    call_flow: str | None
    events_url: str
    ring_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallReport:
    """What a provider says of a call, in an event or when asked; `outcome` once it has ended.

    `callback_at` is when the person asked to be called, with the outcome that says so.
    """

    reference: CallReference
    provider_call_id: str
    state: CallState
    at: datetime
    outcome: Outcome | None = None
    ring_seconds: float | None = None
    talk_seconds: float | None = None
    callback_at: datetime | None = None


class Provider(Protocol):
    """One connected trunk."""

    async def originate(self, request: Originate) -> str:
        """The provider's call id. Raises CallRefusedError or CallUnknownError, nothing else."""

    async def lookup(self, reference: CallReference) -> CallReport | None:
        """What became of a call; None when the provider never saw the reference."""

    async def hang_up(self, reference: CallReference) -> None:
        """End the call if it is up."""

    def read_event(self, body: bytes) -> CallReport:
        """The event a provider posted. Raises ValueError when it cannot be read."""

    async def close(self) -> None:
        """Free connections."""
