"""Reads what Twilio posts about a call, and its call resource, into reports.

Sources: https://www.twilio.com/docs/voice/api/call-resource for the status callback and the
resource, https://www.twilio.com/docs/voice/answering-machine-detection for the detection's.
"""

import logging
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from typing import Self
from urllib.parse import parse_qs

from pydantic import BaseModel, ConfigDict

from services.dialer.providers.protocol import CallReport, Posted
from services.dialer.providers.twilio.addresses import About, Address
from services.dialer.providers.twilio.signatures import Form
from services.dialer.providers.twilio.words import ANSWERED_BY, STATUSES, outcome_of
from shared.domain.attempts import CallReference
from shared.domain.call_flows.machines import MachineAction
from shared.domain.calls import AnsweredBy, CallFacts, CallState, Price
from shared.runtime.metrics import CARRIER_WORDS_UNKNOWN

logger = logging.getLogger(__name__)

FIELDS_MOST = 200
KEYS_MOST = 100
_WORD = re.compile(r"[A-Za-z0-9_-]{1,40}")
_NOT_KEYS = re.compile(r"[^0-9*#]")
_CURRENCY = re.compile(r"[A-Za-z]{3}")


def read_form(body: bytes) -> dict[str, list[str]]:
    """Raises ValueError for a body that is not a form."""
    return parse_qs(
        body.decode(), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=FIELDS_MOST
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """A verified post: what stands in our own address, and the carrier's form."""

    address: Address
    form: Form

    @classmethod
    def of(cls, posted: Posted, form: Form) -> Self:
        """Raises ValueError."""
        return cls(address=Address.parse(posted.address), form=form)

    @property
    def call_id(self) -> str:
        return one(self.form, "CallSid")

    @property
    def status(self) -> str:
        return one(self.form, "CallStatus")

    @property
    def digits(self) -> str:
        """The keys that a page is about, of those that a telephone has."""
        if self.address.about is not About.KEYS:
            return ""
        return _NOT_KEYS.sub("", _optional(self.form, "Digits") or "")[:KEYS_MOST]

    @property
    def transfer(self) -> str | None:
        return _optional(self.form, "DialCallStatus")

    @property
    def answered_by(self) -> AnsweredBy | None:
        return answered_by(_optional(self.form, "AnsweredBy"))

    def at(self, now: datetime) -> datetime:
        return _over_by(_optional(self.form, "Timestamp")) or now

    def report(self, *, now: datetime, found: "CallResource | None" = None) -> CallReport:
        """The report of a status; `found` is the call resource, if it had to be asked for."""
        who = self.answered_by or (found.who if found else None)
        code = _number(self.form, "SipResponseCode")
        facts = CallFacts(
            answered_by=who,
            talk_seconds=_number(self.form, "CallDuration") if self.status == "completed" else None,
            sip_code=code,
            cause=self._cause(),
            price=found.cost if found else None,
        )
        return _report(
            self.address.reference,
            self.call_id,
            self.status,
            at=self.at(now),
            facts=facts,
            message=self.address.on_machine is MachineAction.LEAVE_MESSAGE,
        )

    def detection(self, *, now: datetime) -> CallReport:
        """The report of the detection, which comes while the call is up."""
        milliseconds = _number(self.form, "MachineDetectionDuration")
        return CallReport(
            reference=self.address.reference,
            provider_call_id=self.call_id,
            state=CallState.ANSWERED,
            at=now,
            facts=CallFacts(
                answered_by=self.answered_by or AnsweredBy.UNKNOWN,
                detection_seconds=None if milliseconds is None else milliseconds / 1000,
            ),
        )

    def _cause(self) -> str:
        error = _optional(self.form, "ErrorCode")
        return f"{self.status} {error}"[:100] if error else self.status[:100]


class CallResource(BaseModel):
    """The call as the carrier keeps it; texts are empty or null while they are not known."""

    model_config = ConfigDict(extra="ignore")

    sid: str
    status: str
    answered_by: str | None = None
    date_created: str | None = None
    duration: str | None = None
    end_time: str | None = None
    price: str | None = None
    price_unit: str | None = None

    @property
    def who(self) -> AnsweredBy | None:
        return answered_by(self.answered_by)

    @property
    def cost(self) -> Price | None:
        """The price is negative, as the account is charged with it."""
        try:
            amount = Decimal(self.price or "")
        except InvalidOperation:
            return None
        if not amount.is_finite() or not _CURRENCY.fullmatch(self.price_unit or ""):
            return None
        return Price(amount=abs(amount), currency=str(self.price_unit).upper())

    def report(self, reference: CallReference, *, now: datetime) -> CallReport:
        """It does not tell whether a message was left: a machine's call counts as one without."""
        is_timed = self.status == "completed" and (self.duration or "").isdecimal()
        facts = CallFacts(
            answered_by=self.who,
            talk_seconds=float(str(self.duration)) if is_timed else None,
            cause=self.status[:100],
            price=self.cost,
        )
        return _report(
            reference,
            self.sid,
            self.status,
            at=_over_by(self.end_time) or now,
            facts=facts,
            message=False,
        )


def answered_by(word: str | None) -> AnsweredBy | None:
    if not word:
        return None
    known = ANSWERED_BY.get(word)
    if known is None:
        _note("answered_by", word)
        return AnsweredBy.UNKNOWN
    return known[0]


def instant(text: str | None) -> datetime | None:
    """A time in the form of RFC 2822; None if it is not one."""
    try:
        at = parsedate_to_datetime(text or "")
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _over_by(text: str | None) -> datetime | None:
    """The end of the second that is named: the gap to the next attempt must not become shorter."""
    at = instant(text)
    return None if at is None else at + timedelta(seconds=1)


def one(fields: Form, name: str) -> str:
    """The value of a field that must be there once. Raises ValueError."""
    values = fields.get(name, ())
    if len(values) != 1 or not values[0]:
        raise ValueError(f"{name} is needed once")
    return values[0]


def _report(
    reference: CallReference,
    call_id: str,
    status: str,
    *,
    at: datetime,
    facts: CallFacts,
    message: bool,
) -> CallReport:
    known = STATUSES.get(status)
    if known is None:
        _note("status", status)
    return CallReport(
        reference=reference,
        provider_call_id=call_id,
        # An unknown word changes nothing: it has the lowest rank, and the end is asked for.
        state=known.state if known else CallState.RINGING,
        at=at,
        outcome=outcome_of(
            status, sip_code=facts.sip_code, answered_by=facts.answered_by, message=message
        ),
        facts=facts,
    )


def _optional(fields: Form, name: str) -> str | None:
    values = fields.get(name, ())
    return values[0] if values and values[0] else None


def _number(fields: Form, name: str) -> int | None:
    text = _optional(fields, name)
    if text is None:
        return None
    if not text.isdecimal() or len(text) > 9:
        _note(name, text)
        return None
    return int(text)


def _note(field: str, word: str) -> None:
    """Count an unknown word; only what looks like one is logged."""
    CARRIER_WORDS_UNKNOWN.labels("twilio", field).inc()
    shown = word if _WORD.fullmatch(word) else "(not a word)"
    logger.warning("unknown word of a carrier", extra={"field": field, "word": shown})
