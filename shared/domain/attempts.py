"""The states of an attempt, and which moves between them are possible."""

import re
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Self
from uuid import UUID

from typing_extensions import override

# The columns of tenants are of PostgreSQL's type integer.
LARGEST_TENANT_ID = (1 << 31) - 1
_REFERENCE = re.compile(r"([1-9][0-9]{0,9})\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")


class CallReference(NamedTuple):
    """Names an attempt to a provider, which keeps the text form and reports with it.

    It carries the tenant, so that a report leads to the row by the row's whole key.
    """

    tenant_id: int
    attempt_id: UUID

    @override
    def __str__(self) -> str:
        return f"{self.tenant_id}.{self.attempt_id}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text form exactly as `str` writes it. Raises ValueError for any other text."""
        match = _REFERENCE.fullmatch(text)
        if match is None or int(match[1]) > LARGEST_TENANT_ID:
            raise ValueError("not a call reference")
        return cls(int(match[1]), UUID(match[2]))


def first_id(at: datetime) -> UUID:
    """The smallest id of an attempt that is claimed at that time: ids are UUIDv7."""
    return UUID(int=max(0, int(at.timestamp() * 1000)) << 80)


class AttemptState(StrEnum):
    """`claimed` by the scheduler, `dialing` and `placed` by the dialer, the rest by events."""

    CLAIMED = "claimed"
    DIALING = "dialing"
    PLACED = "placed"
    ENDED = "ended"
    UNKNOWN = "unknown"
    DROPPED = "dropped"


class UnknownReason(StrEnum):
    """Why it is not known whether an attempt was placed; it is never placed again."""

    NO_REPLY = "no_reply"
    NO_RECORD = "no_record"
    NO_ENDING = "no_ending"


MOVES: dict[AttemptState, frozenset[AttemptState]] = {
    AttemptState.CLAIMED: frozenset({AttemptState.DIALING, AttemptState.DROPPED}),
    AttemptState.DIALING: frozenset(
        {AttemptState.PLACED, AttemptState.ENDED, AttemptState.UNKNOWN, AttemptState.DROPPED}
    ),
    AttemptState.PLACED: frozenset({AttemptState.ENDED, AttemptState.UNKNOWN}),
    AttemptState.ENDED: frozenset(),
    AttemptState.UNKNOWN: frozenset(),
    AttemptState.DROPPED: frozenset(),
}


def advances(state: AttemptState, to: AttemptState) -> bool:
    """Whether a report moves the attempt on; a late or repeated one does not."""
    return to in MOVES[state]
