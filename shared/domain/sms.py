"""Text messages: their states, and which moves between them are possible."""

from enum import StrEnum
from typing import NamedTuple, Self
from uuid import UUID

from typing_extensions import override


class SmsState(StrEnum):
    """`queued` by events, the rest by the dialer.

    A message is `unknown` if it may have been sent: it is never sent again, and a report of its
    delivery may still tell. A `failed` one surely was not sent.
    """

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    UNKNOWN = "unknown"

    # That of Enum is a function of Python, and states are the keys of a table.
    __hash__ = str.__hash__


class SenderState(StrEnum):
    """Only an active sender sends messages."""

    ACTIVE = "active"
    INACTIVE = "inactive"


class SmsReference(NamedTuple):
    """Names a message to a provider, which reports with the text form."""

    tenant_id: int
    message_id: UUID

    @override
    def __str__(self) -> str:
        return f"{self.tenant_id}.{self.message_id}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text form exactly as `str` writes it. Raises ValueError for any other text."""
        tenant, _, message = text.partition(".")
        if not (tenant.isascii() and tenant.isdecimal() and len(tenant) < 10):
            raise ValueError("not a reference of a message")
        reference = cls(int(tenant), UUID(message))
        if str(reference) != text:
            raise ValueError("not a reference of a message")
        return reference


_REPORTED = frozenset({SmsState.SENT, SmsState.DELIVERED, SmsState.UNDELIVERED, SmsState.FAILED})

# A message that was surely refused for now goes back to `queued`; no other state leads there.
MOVES: dict[SmsState, frozenset[SmsState]] = {
    SmsState.QUEUED: frozenset({SmsState.SENDING, SmsState.FAILED}),
    SmsState.SENDING: _REPORTED | {SmsState.QUEUED, SmsState.UNKNOWN},
    SmsState.SENT: _REPORTED - {SmsState.SENT},
    SmsState.UNKNOWN: _REPORTED,
    SmsState.DELIVERED: frozenset(),
    SmsState.UNDELIVERED: frozenset(),
    SmsState.FAILED: frozenset(),
}

# The states that an answer or a report of a provider may follow.
LIVE = tuple(state for state, moves in MOVES.items() if SmsState.DELIVERED in moves)
ENDED = frozenset({SmsState.DELIVERED, SmsState.UNDELIVERED, SmsState.FAILED, SmsState.UNKNOWN})


def before(state: SmsState) -> list[SmsState]:
    """The states from which a message may move to this one."""
    return [start for start, moves in MOVES.items() if state in moves]
