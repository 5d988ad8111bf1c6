"""The states of a contact, and what a pending one waits for."""

from enum import StrEnum


class ContactState(StrEnum):
    """`pending` may be claimed, `active` has a live attempt, `finished` is not called again."""

    PENDING = "pending"
    ACTIVE = "active"
    FINISHED = "finished"


class Wait(StrEnum):
    """Why a pending contact is not due yet, when that is more than not having been tried."""

    RETRY = "retry"
    DAY = "day"
    WINDOW = "window"
    CALLBACK = "callback"
    FREQUENCY_CAP = "frequency_cap"
    SILENCE = "silence"
    SUPPRESSION = "suppression"
    CAPACITY = "capacity"
