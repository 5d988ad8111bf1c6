"""The request that places a call, and what the answer to it says.

Sources: https://www.twilio.com/docs/voice/api/call-resource#create-a-call-resource for the fields,
https://www.twilio.com/docs/usage/twilios-response for the statuses.
"""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from zlib import crc32

from pydantic import BaseModel, ConfigDict, ValidationError

from services.dialer.providers.protocol import (
    CallRefusedError,
    CallUnknownError,
    Fault,
    Originate,
)
from services.dialer.providers.twilio import twiml
from services.dialer.providers.twilio.addresses import About, Address, with_query
from services.dialer.providers.twilio.words import CAUSES, ERRORS
from shared.definitions.trunks import TwilioSettings
from shared.domain.call_flows.flow import CallFlow
from shared.domain.call_flows.machines import MachineAction
from shared.runtime.metrics import CARRIER_WORDS_UNKNOWN

logger = logging.getLogger(__name__)

# The limits of `Timeout` and `TimeLimit`, in seconds.
RING_MOST = 600
TALK_MOST = 14_400
# The characters of TwiML that a request may carry; a page may be longer.
TWIML_MOST = 4_000
# With these statuses a request was read and not carried out.
REFUSED = frozenset({400, 401, 403, 404, 405, 415})
FAULTS = {400: Fault.REQUEST, 401: Fault.TRUNK}
# A fault of the account or of the campaign needs somebody to mend it.
FAULT_DELAY = timedelta(minutes=1)


class PlacedCall(BaseModel):
    """`queue_time` is how long the call waits for its turn, in milliseconds; a text or a number."""

    model_config = ConfigDict(extra="ignore")

    sid: str
    queue_time: str | int | float | None = None

    @property
    def queued_ms(self) -> int:
        """Not read with `sid`: whatever stands there, the call is placed."""
        text = str(self.queue_time)
        return int(text) if text.isdecimal() else 0


def form_of(request: Originate, settings: TwilioSettings) -> dict[str, str]:
    """The fields of the request. Raises CallRefusedError for a call that cannot be described."""
    form = {
        "To": request.to,
        "From": _caller_id(request, settings),
        **_instructions(request, settings),
        "StatusCallback": _address(request, About.STATUS).url,
        "StatusCallbackMethod": "POST",
    }
    if request.ring_seconds is not None:
        form["Timeout"] = str(min(request.ring_seconds, RING_MOST))
    if request.talk_seconds_most is not None:
        form["TimeLimit"] = str(min(request.talk_seconds_most, TALK_MOST))
    if request.on_machine is not None:
        waits = request.on_machine is MachineAction.LEAVE_MESSAGE
        form |= {
            "MachineDetection": "DetectMessageEnd" if waits else "Enable",
            "AsyncAmd": "true",
            "AsyncAmdStatusCallback": _address(request, About.MACHINE).url,
            "AsyncAmdStatusCallbackMethod": "POST",
        }
    return form


def said(flow: CallFlow, step: str, address: Address) -> dict[str, str]:
    """The flow from a step on: its document, or the address of a page where it is too long."""
    text = twiml.document(flow, step, address.page)
    if len(text) <= TWIML_MOST:
        return {"Twiml": text}
    return {"Url": address.page(About.STEP, step, ())}


def placed(status: int, headers: Mapping[str, str], body: bytes, *, now: datetime) -> PlacedCall:
    """Read the answer. Raises CallRefusedError or CallUnknownError."""
    if 200 <= status < 300:
        try:
            return PlacedCall.model_validate_json(body)
        except ValidationError:
            raise CallUnknownError("unreadable answer") from None
    if status == 429:
        wait = retry_after(headers.get("Retry-After", ""), now=now)
        raise CallRefusedError("status_429", retry_after=wait)
    if status in REFUSED:
        raise _refusal(status, body)
    # A server that failed may have placed the call before.
    raise CallUnknownError(f"status_{status}")


def retry_after(text: str, *, now: datetime) -> timedelta | None:
    """The wait of a `Retry-After`: seconds or a date (RFC 9110, section 10.2.3)."""
    if text.isdecimal() and len(text) < 9:
        return timedelta(seconds=int(text))
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max((at if at.tzinfo else at.replace(tzinfo=UTC)) - now, timedelta())


class _Fault(BaseModel):
    model_config = ConfigDict(extra="ignore")

    code: int


def error_code(body: bytes) -> int | None:
    """The code of a refused request; None if the answer has none."""
    try:
        return _Fault.model_validate_json(body).code
    except ValidationError:
        return None


def _refusal(status: int, body: bytes) -> CallRefusedError:
    """A status says less than a code of the table: 401 is of the secret, 400 of the request."""
    fault = FAULTS.get(status, Fault.CARRIER)
    code = error_code(body)
    if code is None:
        return CallRefusedError(f"status_{status}", fault=fault, retry_after=FAULT_DELAY)
    known = ERRORS.get(code)
    if known is None:
        CARRIER_WORDS_UNKNOWN.labels("twilio", "error_code").inc()
        logger.warning("unknown error code of a carrier", extra={"code": code})
        return CallRefusedError(f"error_{code}", fault=fault, retry_after=FAULT_DELAY)
    if known.outcome is not None:
        return CallRefusedError(f"error_{code}", outcome=known.outcome)
    reason = f"error_{code}: {CAUSES[code]}" if code in CAUSES else f"error_{code}"
    return CallRefusedError(reason, fault=known.fault, retry_after=FAULT_DELAY)


def _own_fault(reason: str) -> CallRefusedError:
    return CallRefusedError(reason, fault=Fault.REQUEST, retry_after=FAULT_DELAY)


def _caller_id(request: Originate, settings: TwilioSettings) -> str:
    if request.caller_id is not None:
        return request.caller_id
    if not settings.from_numbers:
        raise _own_fault("no_caller_id")
    return settings.from_numbers[crc32(request.to.encode()) % len(settings.from_numbers)]


def _address(request: Originate, about: About) -> Address:
    return Address(
        events_url=request.events_url,
        reference=request.reference,
        about=about,
        on_machine=request.on_machine,
    )


def _instructions(request: Originate, settings: TwilioSettings) -> dict[str, str]:
    """The tenant's flow; else the address of TwiML, with the contact's variables for its server."""
    if request.agent is not None:
        raise _own_fault("no_agents_here")
    if request.flow is not None:
        return said(request.flow, request.flow.start, _address(request, About.STEP))
    url = settings.twiml_url
    if request.call_flow is not None and request.call_flow.startswith("https://"):
        url = request.call_flow
    if url is None:
        raise _own_fault("no_call_flow")
    return {"Url": with_query(url, request.variables)}
