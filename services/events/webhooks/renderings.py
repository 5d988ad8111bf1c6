"""The bodies of webhooks: one function for each rendering that an endpoint may name.

To add a kind of webhook, add its function and its name here.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from services.events.webhooks import voiceaiwrapper, wavix
from shared.db.events.webhook_calls import EventCall
from shared.db.events.webhooks import StoredEvent
from shared.dialects import smartalex_events
from shared.dialects.voiceaiwrapper import RENDERING


@dataclass(frozen=True, slots=True)
class Rendered:
    """The text of a post in UTF-8; the sender adds the headers of Standard Webhooks.

    `id` is that of the post; None: that of the event.
    """

    body: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    id: str | None = None


# The posts that an event is to an endpoint, which names the types of events that it wants. There
# may be none, or several: one try makes them all, in their order.
Render = Callable[[StoredEvent, Collection[str]], Sequence[Rendered]]


def standard(event: StoredEvent, _wanted: Collection[str]) -> list[Rendered]:
    """The CloudEvent, byte for byte as on Kafka."""
    return [Rendered(event.payload)]


def smartalex(event: StoredEvent, wanted: Collection[str]) -> list[Rendered]:
    """The events of SmartAlex that this one is, each with an id of its own."""
    return [
        Rendered(orjson.dumps(found.body), id=found.id)
        for found in smartalex_events.bodies(event.payload, wanted)
    ]


def of_call(body: Callable[[EventCall], dict[str, Any] | None]) -> Render:
    """One post about the call of the event; none, if what it is made of is no longer kept."""

    def rendered(event: StoredEvent, _wanted: Collection[str]) -> list[Rendered]:
        made = None if event.call is None else body(event.call)
        return [] if made is None else [Rendered(orjson.dumps(made))]

    return rendered


def of_voiceaiwrapper(event: StoredEvent, _wanted: Collection[str]) -> list[Rendered]:
    """The events of VoiceAIWrapper that this one is, each with an id of its own."""
    return [
        Rendered(orjson.dumps(body), id=own_id)
        for own_id, body in voiceaiwrapper.bodies(event.payload, event.call)
    ]


OF_CALLS: dict[str, Render] = {
    RENDERING: of_voiceaiwrapper,
    "wavix_campaign": of_call(wavix.campaign),
    "wavix_post_call": of_call(wavix.post_call),
    "wavix_on_call": of_call(wavix.on_call),
}
RENDERINGS: dict[str, Render] = {
    "standard": standard,
    smartalex_events.RENDERING: smartalex,
    **OF_CALLS,
}
