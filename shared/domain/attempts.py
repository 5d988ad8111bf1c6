"""The states of an attempt, which moves between them are possible, and why one is dropped."""

from enum import StrEnum


class AttemptState(StrEnum):
    """`claimed` by the scheduler, `dialing` and `placed` by the dialer, the rest by events."""

    CLAIMED = "claimed"
    DIALING = "dialing"
    PLACED = "placed"
    ENDED = "ended"
    UNKNOWN = "unknown"
    DROPPED = "dropped"


class DropReason(StrEnum):
    """Why an attempt surely was not placed; the contact keeps its budget."""

    NOT_WANTED = "not_wanted"
    SUPPRESSED = "suppressed"
    EXPIRED = "expired"
    BUDGET_SPENT = "budget_spent"
    BLACKOUT = "blackout"
    WINDOW_CLOSED = "window_closed"
    PERSON_BUSY = "person_busy"
    SILENCE = "silence"
    FREQUENCY_CAP = "frequency_cap"
    PERMIT_EXPIRED = "permit_expired"
    REFUSED = "refused"


class UnknownReason(StrEnum):
    """Why nobody can say whether an attempt was placed; it is never placed again."""

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
