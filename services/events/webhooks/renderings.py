"""The bodies of webhooks: one function for each rendering that an endpoint may name.

To add a kind of webhook, add its function and its name here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from shared.db.events.webhooks import StoredEvent


@dataclass(frozen=True, slots=True)
class Rendered:
    """The text of a post in UTF-8; the sender adds the headers of Standard Webhooks."""

    body: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


def standard(event: StoredEvent) -> Rendered:
    """The CloudEvent, byte for byte as on Kafka."""
    return Rendered(event.payload)


RENDERINGS: dict[str, Callable[[StoredEvent], Rendered]] = {"standard": standard}
