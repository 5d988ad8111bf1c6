"""The outcomes of attempts and contacts, in the words of all tables, messages and APIs."""

from enum import StrEnum


class Outcome(StrEnum):
    """The canonical outcomes; a provider's own codes are translated at the adapter."""

    ANSWERED_HUMAN = "answered_human"
    MACHINE_MESSAGE_LEFT = "machine_message_left"
    MACHINE_NO_MESSAGE = "machine_no_message"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    DECLINED = "declined"
    UNOBTAINABLE = "unobtainable"
    INVALID_NUMBER = "invalid_number"
    NETWORK_ERROR = "network_error"
    FAX = "fax"
    EXCLUDED = "excluded"
    OVERFLOW = "overflow"
    OUT_OF_TIME = "out_of_time"
    CANCELLED = "cancelled"
    CALLBACK_REQUESTED = "callback_requested"
    OPT_OUT = "opt_out"
    UNKNOWN = "unknown"


# A call that ended so was answered, so it may cost something.
ANSWERED = frozenset(
    {
        Outcome.ANSWERED_HUMAN,
        Outcome.MACHINE_MESSAGE_LEFT,
        Outcome.MACHINE_NO_MESSAGE,
        Outcome.FAX,
        Outcome.CALLBACK_REQUESTED,
        Outcome.OPT_OUT,
    }
)
