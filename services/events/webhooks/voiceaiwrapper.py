"""The bodies of VoiceAIWrapper's webhooks. It publishes none: names and shapes are our own."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, assert_never

import orjson
from pydantic import Field, TypeAdapter

from shared.db.events.webhook_calls import EndedRecord, EventCall
from shared.dialects.voiceaiwrapper import (
    BY_PERSON,
    BY_VOICEMAIL,
    NAMED,
    Kind,
    global_id,
    status_of_state,
)
from shared.kafka.messages.public import (
    AttemptEnded,
    CampaignChanged,
    ContactFinished,
    PublicEvent,
    SmsEnded,
    WebhookTested,
)

CALL, LEAD, CAMPAIGN = "call.completed", "lead.completed", "campaign.status_changed"

Body = dict[str, Any]
_EVENT: TypeAdapter[PublicEvent] = TypeAdapter(Annotated[PublicEvent, Field(discriminator="type")])


def bodies(payload: bytes, call: EventCall | None) -> Iterator[tuple[str, Body]]:
    """The ids and the bodies of the posts that an event is; of a lead that is not kept, none."""
    event = _EVENT.validate_json(payload)
    for name, data in _posts(event, call):
        own_id = f"evt_{event.id.hex}_{name.replace('.', '_')}"
        campaign_id = global_id(Kind.CAMPAIGN, event.data.campaign_id)
        yield own_id, {"event": name, "campaign_id": campaign_id} | data


def _posts(event: PublicEvent, call: EventCall | None) -> Iterator[tuple[str, Body]]:
    match event:
        case CampaignChanged():
            status = status_of_state(event.data.state)
            before = event.data.previous_state and status_of_state(event.data.previous_state)
            if status != before:
                yield CAMPAIGN, {"campaign_status": status, "previous_status": before}
        case AttemptEnded() if call is not None:
            lead = {"lead": _lead(call)}
            attempt = {"attempt": event.data.attempt_number, "outcome": event.data.outcome}
            yield CALL, lead | {"call": attempt | _call(call.record)}
            if event.data.contact_finished:
                yield LEAD, lead | {"outcome": event.data.outcome}
        case ContactFinished() if call is not None:
            yield LEAD, {"lead": _lead(call), "outcome": call.outcome}
        case AttemptEnded() | ContactFinished() | SmsEnded() | WebhookTested():
            return
        case _:
            assert_never(event)


def _lead(call: EventCall) -> Body:
    known = {} if call.attributes is None else orjson.loads(call.attributes)
    named = {name: known.pop(name, None) for name in NAMED}
    return {"phone_number": call.number} | named | {"custom_fields": known}


def _call(record: EndedRecord | None) -> Body:
    if record is None:
        return {}
    answered_by = "human" if record.outcome in BY_PERSON else None
    return {
        "id": record.attempt_id.hex,
        "answered_by": "voicemail" if record.outcome in BY_VOICEMAIL else answered_by,
        "started_at": _instant(record.dialing_at),
        "ended_at": _instant(record.ended_at),
        "duration": round(record.facts.talk_seconds or 0),
        "recording_url": record.facts.recording_url,
    }


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
