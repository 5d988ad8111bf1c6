"""The states of a webhook delivery, and the types of events that a webhook may get."""

from enum import StrEnum
from typing import Literal, get_args

EventType = Literal[
    "outdial.campaign.changed.v1",
    "outdial.attempt.ended.v1",
    "outdial.contact.finished.v1",
    "outdial.sms.ended.v1",
]
# What the webhook of a campaign gets that chooses none.
EVENT_TYPES: tuple[EventType, ...] = get_args(EventType)


class DeliveryState(StrEnum):
    """A delivery is pending until a receiver took it or all tries have failed."""

    PENDING = "pending"
    DELIVERED = "delivered"
    EXHAUSTED = "exhausted"
