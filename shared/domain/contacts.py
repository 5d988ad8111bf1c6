"""The states of a contact."""

from enum import StrEnum


class ContactState(StrEnum):
    """`pending` may be claimed, `active` has a live attempt, `finished` is not called again."""

    PENDING = "pending"
    ACTIVE = "active"
    FINISHED = "finished"
