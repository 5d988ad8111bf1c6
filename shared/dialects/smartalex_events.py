"""SmartAlex's events: which of them a public event is, and their bodies."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, assert_never

from pydantic import Field, TypeAdapter

from shared.dialects.smartalex import (
    CallStatus,
    Kind,
    call_id,
    call_outcome,
    call_status,
    spelled,
)
from shared.domain.campaigns import CampaignState
from shared.domain.deliveries import EventType
from shared.domain.outcomes import Outcome
from shared.domain.reasons import Reason
from shared.kafka.messages.public import (
    ATTEMPT_ENDED,
    CAMPAIGN_CHANGED,
    CONTACT_FINISHED,
    AttemptEnded,
    CampaignChanged,
    ContactFinished,
    PublicEvent,
    SmsEnded,
    WebhookTested,
)

# As an endpoint names it.
RENDERING = "smartalex"


class SmartAlexEvent(StrEnum):
    CALL_COMPLETED = "call.completed"
    CALL_FAILED = "call.failed"
    CAMPAIGN_STARTED = "campaign.started"
    CAMPAIGN_PAUSED = "campaign.paused"
    CAMPAIGN_RESUMED = "campaign.resumed"
    CAMPAIGN_COMPLETED = "campaign.completed"
    CONTACT_DNC = "contact.dnc"
    CALLBACK_SCHEDULED = "callback.scheduled"
    CALLBACK_COMPLETED = "callback.completed"
    CALLBACK_CANCELLED = "callback.cancelled"


# The public events that each is made of.
MADE_OF: dict[SmartAlexEvent, tuple[EventType, ...]] = {
    SmartAlexEvent.CALL_COMPLETED: (ATTEMPT_ENDED,),
    SmartAlexEvent.CALL_FAILED: (ATTEMPT_ENDED,),
    SmartAlexEvent.CAMPAIGN_STARTED: (CAMPAIGN_CHANGED,),
    SmartAlexEvent.CAMPAIGN_PAUSED: (CAMPAIGN_CHANGED,),
    SmartAlexEvent.CAMPAIGN_RESUMED: (CAMPAIGN_CHANGED,),
    SmartAlexEvent.CAMPAIGN_COMPLETED: (CAMPAIGN_CHANGED,),
    SmartAlexEvent.CONTACT_DNC: (ATTEMPT_ENDED, CONTACT_FINISHED),
    SmartAlexEvent.CALLBACK_SCHEDULED: (ATTEMPT_ENDED,),
    SmartAlexEvent.CALLBACK_COMPLETED: (ATTEMPT_ENDED,),
    SmartAlexEvent.CALLBACK_CANCELLED: (CONTACT_FINISHED,),
}
# A person talked with the call, or left a machine to do so.
REACHED = frozenset({CallStatus.COMPLETED, CallStatus.VOICEMAIL})
_EVENT: TypeAdapter[PublicEvent] = TypeAdapter(Annotated[PublicEvent, Field(discriminator="type")])


@dataclass(frozen=True, slots=True)
class SmartAlexBody:
    """The body of a post; `id` is the same on every try."""

    id: str
    body: dict[str, Any]


def event_types(events: Iterable[SmartAlexEvent]) -> tuple[str, ...]:
    """The types of an endpoint: of the public events that these are made of, and their own."""
    needed = {made_of for event in events for made_of in MADE_OF[event]}
    return (*sorted(needed), *(str(event) for event in events))


def bodies(payload: bytes, wanted: Collection[str]) -> list[SmartAlexBody]:
    """What a public event is for an endpoint with these types, in the order of the facts."""
    event = _EVENT.validate_json(payload)
    return [_body(event, name, data) for name, data in _events(event) if name in wanted]


def _body(event: PublicEvent, name: SmartAlexEvent, data: dict[str, Any]) -> SmartAlexBody:
    # One public event may be several of these, and each has an id of its own.
    own_id = f"evt_{event.id.hex}_{name.replace('.', '_')}"
    return SmartAlexBody(
        own_id,
        {"id": own_id, "type": str(name), "created_at": instant(event.time), "data": data},
    )


def _events(event: PublicEvent) -> Iterator[tuple[SmartAlexEvent, dict[str, Any]]]:
    match event:
        case CampaignChanged():
            yield from _of_campaign(event)
        case AttemptEnded():
            yield from _of_call(event)
        case ContactFinished():
            yield from _of_contact(event)
        case SmsEnded() | WebhookTested():
            return
        case _:
            assert_never(event)


def _of_campaign(event: CampaignChanged) -> Iterator[tuple[SmartAlexEvent, dict[str, Any]]]:
    name = {
        CampaignState.RUNNING: SmartAlexEvent.CAMPAIGN_STARTED,
        CampaignState.PAUSED: SmartAlexEvent.CAMPAIGN_PAUSED,
        CampaignState.COMPLETED: SmartAlexEvent.CAMPAIGN_COMPLETED,
    }.get(event.data.state)
    was_paused = event.data.previous_state is CampaignState.PAUSED
    if name is SmartAlexEvent.CAMPAIGN_STARTED and was_paused:
        name = SmartAlexEvent.CAMPAIGN_RESUMED
    if name is not None:
        yield name, {"campaign_id": spelled(Kind.CAMPAIGN, event.data.campaign_id)}


def _of_call(event: AttemptEnded) -> Iterator[tuple[SmartAlexEvent, dict[str, Any]]]:
    ended, facts = event.data, event.data.facts
    person = _person(ended.campaign_id, ended.contact_id)
    status, outcome = call_status(ended.outcome), call_outcome(ended.outcome)
    talked = None if facts is None else facts.talk_seconds
    call = {
        "id": call_id(ended.attempt_id),
        "direction": "outbound",
        **person,
        "status": str(status),
        "outcome": str(outcome),
        "duration": round(talked or 0),
        "attempt": ended.attempt_number,
        "ended_at": instant(ended.ended_at),
    }
    callback = {"id": spelled(Kind.CALLBACK, ended.contact_id), **person}
    reached = status in REACHED
    yield SmartAlexEvent.CALL_COMPLETED if reached else SmartAlexEvent.CALL_FAILED, call
    if ended.attempt_number > 1:
        done = {"call_id": call["id"], "outcome": str(outcome)}
        yield SmartAlexEvent.CALLBACK_COMPLETED, callback | done
    if ended.outcome is Outcome.OPT_OUT:
        yield SmartAlexEvent.CONTACT_DNC, person
    if ended.next_attempt_not_before is not None:
        due = {
            "original_outcome": str(outcome),
            "scheduled_at": instant(ended.next_attempt_not_before),
        }
        yield SmartAlexEvent.CALLBACK_SCHEDULED, callback | due


def _of_contact(event: ContactFinished) -> Iterator[tuple[SmartAlexEvent, dict[str, Any]]]:
    """A contact that is finished without a call: one that was called before had a callback."""
    finished = event.data
    person = _person(finished.campaign_id, finished.contact_id)
    if finished.reason is Reason.SUPPRESSION:
        yield SmartAlexEvent.CONTACT_DNC, person
    if finished.attempts:
        callback = {"id": spelled(Kind.CALLBACK, finished.contact_id), **person}
        yield SmartAlexEvent.CALLBACK_CANCELLED, callback


def _person(campaign_id: int, contact_id: int) -> dict[str, Any]:
    return {
        "campaign_id": spelled(Kind.CAMPAIGN, campaign_id),
        "contact_id": spelled(Kind.CONTACT, contact_id),
    }


def instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
