"""The states of a webhook delivery."""

from enum import StrEnum


class DeliveryState(StrEnum):
    """A delivery is pending until a receiver took it or all tries have failed."""

    PENDING = "pending"
    DELIVERED = "delivered"
    EXHAUSTED = "exhausted"
