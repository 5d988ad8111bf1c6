"""The bodies of Wavix's webhooks."""

from typing import Any

from shared.db.events.webhook_calls import EndedRecord, EventCall
from shared.dialects import wavix
from shared.dialects.wavix import EndedCall


def campaign(call: EventCall) -> dict[str, Any] | None:
    """The voice campaign, as a GET of it answers: posted to the `callback_url` of the call.

    It is posted once the call has ended: another attempt may follow the first one, if the person
    has asked for that.
    """
    if call.requested_at is None or call.outcome is None:
        return None
    return wavix.voice_campaign(
        campaign_id=call.contact_id,
        caller_id=call.campaign_caller_id,
        contact=call.number,
        requested_at=call.requested_at,
        outcome=call.outcome,
    )


def post_call(call: EventCall) -> dict[str, Any] | None:
    return None if call.record is None else wavix.post_call(_ended(call.record))


def on_call(call: EventCall) -> dict[str, Any] | None:
    if call.record is None:
        return None
    return wavix.on_call(
        _ended(call.record), contact_id=call.contact_id, ended_at=call.record.ended_at
    )


def _ended(record: EndedRecord) -> EndedCall:
    return EndedCall(
        id=record.attempt_id,
        caller_id=record.caller_id,
        number=record.number,
        trunk=record.trunk,
        dialing_at=record.dialing_at,
        outcome=record.outcome,
        facts=record.facts,
    )
