"""VoiceAIWrapper's bodies of errors: a message, and the faults of each field by its name."""

from fastapi import Response
from fastapi.responses import JSONResponse

from services.api.dialects.facade import Fault
from services.api.refusals import FieldPath, Refused

INVALID = "Validation failed"
NOT_KNOWN = "is not known"
# Of fields that there are not.
EXTRA, NO_FIELD = "extra_forbidden", "not_known"
CODES_OF_UNKNOWN = frozenset({EXTRA, NO_FIELD})
# A name that the client chose is repeated up to this length.
LONGEST_NAME = 100
WHOLE_BODY = "body"
# The vendor's fields by those of a campaign and of a contact, in which use cases refuse.
FIELDS = {
    "caller_id": "phone_number_id",
    "number_pool": "phone_number_pool_id",
    "agent": "assistant_id",
    "call_flow": "assistant_id",
    "sms": "assistant_id",
    "trunk": "tenant_voice_provider_id",
    "calendar": "days_of_week",
    "default_zone": "timezone",
    "attempts": "max_call_attempts",
    "machine": "consider_voicemail_as_answered",
    "webhook": "webhook_url",
    "number": "phone_number",
}
END_DATE = ("calendar", "end_date")
# The codes of this dialect alone.
FORBIDDEN_TENANT, INBOUND, LEAD_NOT_UPDATED = "forbidden_tenant", "inbound", "lead_not_updated"
STATUSES = {FORBIDDEN_TENANT: 403}
CAMPAIGN_NOT_FOUND, LEAD_NOT_FOUND = "campaign_not_found", "lead_not_found"
NOT_FOUND = {CAMPAIGN_NOT_FOUND: "Campaign not found", LEAD_NOT_FOUND: "Lead not found"}


def not_found(code: str) -> Refused:
    return Refused(code, NOT_FOUND[code])


def answer(fault: Fault) -> Response:
    if fault.code in NOT_FOUND:
        return _body(404, NOT_FOUND[fault.code])
    if not fault.errors:
        return _body(STATUSES.get(fault.code, fault.status), _sentence(fault.detail))
    errors: dict[str, list[str]] = {}
    for error in fault.errors:
        is_known = error.code not in CODES_OF_UNKNOWN
        path, detail = error.field or (), error.detail if is_known else NOT_KNOWN
        errors.setdefault(_name(path) if is_known else _joined(path), []).append(detail)
    return _body(fault.status, INVALID, errors)


def _body(status: int, message: str, errors: dict[str, list[str]] | None = None) -> Response:
    body = {"status": "error", "message": message, "errors": errors or {}}
    return JSONResponse(body, status)


def _sentence(detail: str) -> str:
    return detail[:1].upper() + detail[1:]


def _name(path: FieldPath) -> str:
    """`name`, `custom_fields.age`, and `3.phone_number` in a list."""
    if path == END_DATE:
        return path[-1]
    if path and path[0] in FIELDS:
        return FIELDS[str(path[0])]
    return _joined(path)


def _joined(path: FieldPath) -> str:
    name = ".".join(map(str, path))[:LONGEST_NAME]
    # Half of a character cannot be written in UTF-8.
    return name.encode(errors="replace").decode() or WHOLE_BODY
