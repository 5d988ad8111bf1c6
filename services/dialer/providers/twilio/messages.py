"""Text messages of Twilio: the request, its answer, and the callbacks that tell of delivery.

Sources: https://www.twilio.com/docs/messaging/api/message-resource for the request and the
statuses, https://www.twilio.com/docs/messaging/guides/track-outbound-message-status for the
callback, https://www.twilio.com/docs/messaging/guides/webhook-request for a reply. Each row of a
table names its own, a page below https://www.twilio.com/docs.
"""

import logging
import re
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from urllib.parse import parse_qs

from pydantic import BaseModel, ConfigDict, ValidationError

from services.dialer.providers.protocol import Answer, Posted
from services.dialer.providers.sms import (
    ReceivedSms,
    SmsOptOut,
    SmsRefusedError,
    SmsReport,
    SmsRequest,
    SmsUnknownError,
)
from services.dialer.providers.twilio.addresses import with_query
from services.dialer.providers.twilio.callbacks import one
from services.dialer.providers.twilio.placing import FAULT_DELAY, REFUSED, error_code, retry_after
from services.dialer.providers.twilio.signatures import Form
from shared.domain.sms import SmsReference, SmsState
from shared.runtime.metrics import CARRIER_WORDS_UNKNOWN

logger = logging.getLogger(__name__)

# The limits of `ValidityPeriod`, in seconds: docs/api/errors/90007. A message that is queued for
# longer is not sent, so none leaves after its hours.
VALIDITY_MOST = 36_000
STATUS_VALUES = "messaging/api/message-resource#message-status-values"
# The replies that Twilio itself takes for an opt-out of a number:
# https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out. `OptOutType` says STOP for the
# words that an account chose.
STOP_WORDS = frozenset(
    {"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"}
)
NO_REPLY = b'<?xml version="1.0" encoding="UTF-8"?><Response/>'
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_WORD = re.compile(r"[A-Za-z0-9_-]{1,40}")


class Status(NamedTuple):
    """The state that a status tells; None: the message is still on its way through the carrier."""

    state: SmsState | None
    source: str


class Refusal(NamedTuple):
    """What an error code tells of a message that was not taken.

    One that is not final is a fault of the account or its queue, which somebody may mend.
    """

    is_final: bool
    source: str
    has_opted_out: bool = False


STATUSES: Mapping[str, Status] = {
    "accepted": Status(None, STATUS_VALUES),
    "scheduled": Status(None, STATUS_VALUES),
    "queued": Status(None, STATUS_VALUES),
    "sending": Status(None, STATUS_VALUES),
    "sent": Status(SmsState.SENT, STATUS_VALUES),
    "delivered": Status(SmsState.DELIVERED, STATUS_VALUES),
    "read": Status(SmsState.DELIVERED, STATUS_VALUES),
    "undelivered": Status(SmsState.UNDELIVERED, STATUS_VALUES),
    "failed": Status(SmsState.FAILED, STATUS_VALUES),
    "canceled": Status(SmsState.FAILED, STATUS_VALUES),
}

ERRORS: Mapping[int, Refusal] = {
    20003: Refusal(False, "api/errors/20003"),
    20429: Refusal(False, "api/errors/20429"),
    21211: Refusal(True, "api/errors/21211"),
    21217: Refusal(True, "api/errors/21217"),
    # The account may not send to that country, until somebody allows it.
    21408: Refusal(False, "api/errors/21408"),
    21606: Refusal(False, "api/errors/21606"),
    21610: Refusal(True, "api/errors/21610", has_opted_out=True),
    21611: Refusal(False, "api/errors/21611"),
    21612: Refusal(True, "api/errors/21612"),
    21614: Refusal(True, "api/errors/21614"),
    21617: Refusal(True, "api/errors/21617"),
    21659: Refusal(False, "api/errors/21659"),
}


class _Message(BaseModel):
    model_config = ConfigDict(extra="ignore")

    sid: str


def form_of(request: SmsRequest, *, now: datetime) -> dict[str, str]:
    """The fields of the request. Raises SmsRefusedError for one whose time is over."""
    seconds = int((request.valid_until - now).total_seconds())
    if seconds < 1:
        raise SmsRefusedError("late")
    return {
        "To": request.to,
        "From": request.sender,
        "Body": request.text,
        "ValidityPeriod": str(min(seconds, VALIDITY_MOST)),
        "StatusCallback": with_query(request.events_url, {"ref": str(request.reference)}),
    }


def sent(status: int, headers: Mapping[str, str], body: bytes, *, now: datetime) -> str:
    """The id in the answer. Raises SmsRefusedError or SmsUnknownError."""
    if 200 <= status < 300:
        try:
            return _Message.model_validate_json(body).sid
        except ValidationError:
            raise SmsUnknownError("unreadable answer") from None
    if status == 429:
        wait = retry_after(headers.get("Retry-After", ""), now=now)
        raise SmsRefusedError("status_429", retry_after=wait)
    if status in REFUSED:
        raise _refusal(body)
    # A server that failed may have taken the message before.
    raise SmsUnknownError(f"status_{status}")


def received(posted: Posted, form: Form, *, now: datetime) -> ReceivedSms:
    """What a verified post tells: the status of a message, or a reply. Raises ValueError."""
    if "MessageStatus" in form:
        return ReceivedSms(answer=Answer(), report=report_of(posted, form, now=now))
    answer = Answer(status=200, headers={"content-type": "text/xml"}, body=NO_REPLY)
    return ReceivedSms(answer=answer, opt_out=_opt_out(form))


def report_of(posted: Posted, form: Form, *, now: datetime) -> SmsReport | None:
    """What a callback tells; None if that is nothing new."""
    query = parse_qs(posted.address.partition("?")[2])
    reference = SmsReference.parse(one(query, "ref"))
    message_id, word = one(form, "MessageSid"), one(form, "MessageStatus")
    known = STATUSES.get(word)
    if known is None:
        CARRIER_WORDS_UNKNOWN.labels("twilio", "message_status").inc()
        shown = word if _WORD.fullmatch(word) else "(not a word)"
        logger.warning(
            "unknown word of a carrier", extra={"field": "message_status", "word": shown}
        )
    if known is None or known.state is None:
        return None
    code = form.get("ErrorCode", ("",))[0]
    return SmsReport(
        reference=reference,
        provider_message_id=message_id,
        state=known.state,
        at=now,
        reason=f"error_{code}" if code.isdecimal() and len(code) < 9 else None,
    )


def _opt_out(form: Form) -> SmsOptOut | None:
    """A reply that is one of the words, and nothing else, is an opt-out."""
    sender, number = one(form, "To"), one(form, "From")
    word = form.get("OptOutType", form.get("Body", ("",)))[0]
    if word.strip().upper() not in STOP_WORDS or not _NUMBER.fullmatch(number):
        return None
    return SmsOptOut(sender=sender, number=number)


def _refusal(body: bytes) -> SmsRefusedError:
    code = error_code(body)
    if code is None:
        return SmsRefusedError("unreadable refusal", retry_after=FAULT_DELAY)
    known = ERRORS.get(code)
    if known is None:
        CARRIER_WORDS_UNKNOWN.labels("twilio", "error_code").inc()
        logger.warning("unknown error code of a carrier", extra={"code": code})
        known = Refusal(False, "")
    return SmsRefusedError(
        f"error_{code}",
        is_final=known.is_final,
        has_opted_out=known.has_opted_out,
        retry_after=FAULT_DELAY,
    )
