"""The words of Wavix's API, for its answers and for its webhooks: numbers, states, money, calls."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Any
from uuid import UUID

from shared.domain.calls import AnsweredBy, CallFacts
from shared.domain.outcomes import ANSWERED, Outcome
from shared.domain.places import tables
from shared.domain.places.numbers import PhoneNumber, parse_number

CURRENCY = "USD"
CENT_OF_A_CENT = Decimal("0.0001")
A_MINUTE = 60


class Status(StrEnum):
    """Of a voice campaign, which is one call."""

    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"


class Disposition(StrEnum):
    ANSWERED = "answered"
    NO_ANSWER = "noanswer"
    BUSY = "busy"
    FAILED = "failed"


DISPOSITIONS = {
    **dict.fromkeys(Outcome, Disposition.FAILED),
    **dict.fromkeys(ANSWERED, Disposition.ANSWERED),
    Outcome.NO_ANSWER: Disposition.NO_ANSWER,
    Outcome.DECLINED: Disposition.NO_ANSWER,
    Outcome.BUSY: Disposition.BUSY,
}
# The event by which a call of each disposition ends.
CALL_EVENTS = {
    Disposition.ANSWERED: "completed",
    Disposition.NO_ANSWER: "cancelled",
    Disposition.BUSY: "busy",
    Disposition.FAILED: "rejected",
}
MACHINES = {Outcome.MACHINE_MESSAGE_LEFT, Outcome.MACHINE_NO_MESSAGE, Outcome.FAX}


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedCall:
    """What a call detail record is made of."""

    id: UUID
    caller_id: str | None
    number: str
    trunk: str
    dialing_at: datetime
    outcome: Outcome
    facts: CallFacts


def number(e164: str) -> str:
    """Without the plus sign, as all of its answers and callbacks have it."""
    return e164.removeprefix("+")


def timestamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def status(outcome: Outcome | None) -> Status:
    """A call that rang is completed, whoever took it; one that was not routed has failed."""
    if outcome is None:
        return Status.IN_PROGRESS
    is_failed = DISPOSITIONS[outcome] is Disposition.FAILED
    return Status.FAILED if is_failed else Status.COMPLETED


def voice_campaign(
    *,
    campaign_id: int,
    caller_id: str | None,
    contact: str,
    requested_at: datetime,
    outcome: Outcome | None,
) -> dict[str, Any]:
    """The only object of the campaign API, in the order of its document."""
    return {
        "voice_campaign": {
            "id": campaign_id,
            "caller_id": number(caller_id or ""),
            "contact": number(contact),
            "status": status(outcome),
            "timestamp": timestamp(requested_at),
        }
    }


def call_detail_record(call: EndedCall) -> dict[str, Any]:
    """Money is text; a price in another currency than Wavix's is not known to it."""
    return {
        "date": timestamp(call.dialing_at),
        "from": number(call.caller_id or ""),
        "to": number(call.number),
        "disposition": DISPOSITIONS[call.outcome],
        "duration": _duration(call),
        "destination": destination(call.number),
        "per_minute": str(_per_minute(call)),
        "charge": str(_charge(call)),
        "sip_trunk": call.trunk,
        "forward_fee": str(Decimal(0).quantize(CENT_OF_A_CENT)),
        "uuid": str(call.id),
        "call_id": str(call.id),
        "parent_uuid": None,
        "parent_call_id": None,
        "answered_by": _answered_by(call),
    }


def post_call(call: EndedCall) -> dict[str, Any]:
    """The body of the webhook `post-call`."""
    record = call_detail_record(call)
    names = ("uuid", "destination", "duration", "charge", "date", "disposition", "from", "to")
    parts = {name: record[name] for name in (*names, "per_minute")}
    return {"direction": "outbound", **parts}


def on_call(call: EndedCall, *, contact_id: int, ended_at: datetime) -> dict[str, Any]:
    """The body of the webhook `on-call` at the end of a call."""
    seconds = timedelta(seconds=call.facts.talk_seconds or 0)
    is_answered = call.outcome in ANSWERED
    return {
        "uuid": str(call.id),
        "id": contact_id,
        "direction": "outbound",
        "event_type": CALL_EVENTS[DISPOSITIONS[call.outcome]],
        "event_time": timestamp(ended_at),
        "event_payload": None,
        "from": number(call.caller_id or ""),
        "to": number(call.number),
        "call_started": timestamp(call.dialing_at),
        "call_answered": timestamp(ended_at - seconds) if is_answered else None,
        "call_completed": timestamp(ended_at),
        "machine_detected": _answered_by(call) == AnsweredBy.MACHINE,
        "tag": None,
    }


@lru_cache(maxsize=4096)
def destination(e164: str) -> str:
    """The country of a number, by its English name."""
    parsed = parse_number(e164, default_region=None)
    region = parsed.region if isinstance(parsed, PhoneNumber) else ""
    return tables.english_country_names().get(region, "")


def _duration(call: EndedCall) -> int:
    return round(call.facts.talk_seconds or 0)


def _charge(call: EndedCall) -> Decimal:
    price = call.facts.price
    amount = price.amount if price is not None and price.currency == CURRENCY else Decimal(0)
    return amount.quantize(CENT_OF_A_CENT)


def _per_minute(call: EndedCall) -> Decimal:
    """What this call has cost in a minute: the rate itself is not part of a call's record."""
    duration = _duration(call)
    if not duration:
        return Decimal(0).quantize(CENT_OF_A_CENT)
    return (_charge(call) * A_MINUTE / duration).quantize(CENT_OF_A_CENT)


def _answered_by(call: EndedCall) -> str | None:
    """A fax is a machine."""
    by = call.facts.answered_by
    if by in (AnsweredBy.MACHINE, AnsweredBy.FAX) or call.outcome in MACHINES:
        return AnsweredBy.MACHINE
    return AnsweredBy.HUMAN if by is AnsweredBy.HUMAN else None
