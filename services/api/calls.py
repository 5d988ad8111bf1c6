"""Use cases of call records: a page of them, one of them, and an export of any length."""

import csv
import io
import re
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

from services.api.http.auth import Caller
from services.api.http.resources import Resources
from services.api.refusals import not_found
from shared.db.api import call_records, sms_messages
from shared.db.api.call_records import CallFilter, CallRecord
from shared.db.api.sms_messages import SmsMessage

# Small enough that the other requests of the process do not wait for the lines of a page.
EXPORTED_AT_ONCE = 500

# A spreadsheet takes a text that begins so for a formula, unless an apostrophe stands before it or
# it is a number.
_FORMULA = re.compile(r"[=+\-@\t\r](?!\d+$)|=")

# The columns of an export, and how each is read.
COLUMNS: dict[str, Callable[[CallRecord], Any]] = {
    "attempt_id": lambda call: str(call.attempt_id),
    "version": lambda call: call.version,
    "campaign_id": lambda call: call.campaign_id,
    "contact_id": lambda call: call.contact_id,
    "trunk_id": lambda call: call.trunk_id,
    "number": lambda call: call.number,
    "caller_id": lambda call: call.caller_id,
    "attempt_number": lambda call: call.attempt_number,
    "dialing_at": lambda call: _instant(call.dialing_at),
    "ended_at": lambda call: _instant(call.ended_at),
    "outcome": lambda call: call.outcome,
    "provider_call_id": lambda call: call.provider_call_id,
    "answered_by": lambda call: call.facts.answered_by,
    "detection_seconds": lambda call: call.facts.detection_seconds,
    "ring_seconds": lambda call: call.facts.ring_seconds,
    "talk_seconds": lambda call: call.facts.talk_seconds,
    "sip_code": lambda call: call.facts.sip_code,
    "cause": lambda call: call.facts.cause,
    "price_amount": lambda call: call.facts.price and str(call.facts.price.amount),
    "price_currency": lambda call: call.facts.price and call.facts.price.currency,
    "price_source": lambda call: call.facts.price and call.facts.price.source,
    "digits": lambda call: call.facts.digits,
    "stages": lambda call: list(call.facts.stages),
    "tags": lambda call: sorted(call.facts.tags),
    "recording_url": lambda call: call.facts.recording_url,
    "transferred_to": lambda call: call.facts.transferred_to,
}


async def page(
    resources: Resources, caller: Caller, wanted: CallFilter, *, after: int, limit: int
) -> list[CallRecord]:
    async with resources.pool.transaction(caller.tenant_id) as conn:
        await call_records.plan_by_values(conn)
        return await call_records.page(
            conn, tenant_id=caller.tenant_id, wanted=wanted, after=after, limit=limit
        )


async def read(resources: Resources, caller: Caller, attempt_id: UUID) -> CallRecord:
    async with resources.pool.transaction(caller.tenant_id) as conn:
        call = await call_records.get(conn, tenant_id=caller.tenant_id, attempt_id=attempt_id)
    if call is None:
        raise not_found("call")
    return call


async def messages(resources: Resources, caller: Caller, attempt_id: UUID) -> list[SmsMessage]:
    """The text messages that followed the call or a step of its flow."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        return await sms_messages.of_attempt(
            conn, tenant_id=caller.tenant_id, attempt_id=attempt_id
        )


async def export(
    resources: Resources, caller: Caller, wanted: CallFilter, *, after: int, as_csv: bool
) -> AsyncIterator[bytes]:
    """The calls as lines, page by page: memory stays the same, and a slow client occupies no
    connection. A call that is corrected meanwhile comes again.
    """
    if as_csv:
        yield _csv([list(COLUMNS)])
    while True:
        calls = await page(resources, caller, wanted, after=after, limit=EXPORTED_AT_ONCE)
        yield _as_csv(calls) if as_csv else _as_ndjson(calls)
        if len(calls) < EXPORTED_AT_ONCE:
            return
        after = calls[-1].position or after


def _as_ndjson(calls: Sequence[CallRecord]) -> bytes:
    lines = ({name: read(call) for name, read in COLUMNS.items()} for call in calls)
    return b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in lines)


def _as_csv(calls: Sequence[CallRecord]) -> bytes:
    return _csv([[_cell(read(call)) for read in COLUMNS.values()] for call in calls])


def _csv(lines: Sequence[Sequence[object]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(lines)
    return out.getvalue().encode()


def _cell(value: object) -> object:
    if isinstance(value, list):
        value = " ".join(value)
    if isinstance(value, str) and _FORMULA.match(value):
        return f"'{value}"
    return value


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat()
