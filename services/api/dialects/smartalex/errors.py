"""SmartAlex's bodies of errors: a code, a sentence for people, and the status of HTTP again."""

from collections.abc import Sequence
from enum import StrEnum

from fastapi import Response
from fastapi.responses import JSONResponse

from services.api.dialects.facade import Fault
from services.api.dialects.smartalex.settings import FIELDS
from services.api.refusals import FieldPath, InvalidField, Refused


class Code(StrEnum):
    """The codes of the Campaigns API, and those that it has for other resources."""

    CAMPAIGN_NOT_FOUND = "campaign_not_found"
    CAMPAIGN_ALREADY_ACTIVE = "campaign_already_active"
    CAMPAIGN_NOT_ACTIVE = "campaign_not_active"
    AGENT_NOT_FOUND = "agent_not_found"
    NO_CONTACTS = "no_contacts"
    CALL_NOT_FOUND = "call_not_found"
    WEBHOOK_NOT_FOUND = "webhook_not_found"


ERRORS: dict[Code, tuple[int, str]] = {
    Code.CAMPAIGN_NOT_FOUND: (404, "Campaign ID doesn't exist"),
    Code.CAMPAIGN_ALREADY_ACTIVE: (409, "Cannot start an active campaign"),
    Code.CAMPAIGN_NOT_ACTIVE: (409, "Cannot pause a non-active campaign"),
    Code.AGENT_NOT_FOUND: (404, "Specified agent doesn't exist"),
    Code.NO_CONTACTS: (400, "Campaign has no contacts to call"),
    Code.CALL_NOT_FOUND: (404, "Call ID doesn't exist"),
    Code.WEBHOOK_NOT_FOUND: (404, "Webhook ID doesn't exist"),
}
# Of the codes of use cases; the others are of their status.
CODES = {
    "campaign_ended": Code.CAMPAIGN_NOT_ACTIVE,
    "command_not_allowed": Code.CAMPAIGN_NOT_ACTIVE,
    "unknown_agent": Code.AGENT_NOT_FOUND,
}
BY_STATUS = {
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    429: "rate_limited",
    500: "server_error",
    503: "server_error",
}
NOT_KNOWN = "is not known"
# A name that the client chose is repeated up to this length.
LONGEST_NAME = 100


def refused(code: Code, detail: str | None = None) -> Refused:
    return Refused(str(code), detail or ERRORS[code][1])


def answer(fault: Fault) -> Response:
    own = CODES.get(fault.code) or next((code for code in Code if code == fault.code), None)
    if own is not None:
        status, text = ERRORS[own]
        # A use case has words of its own for the documented one.
        return _body(status, str(own), text if own is Code.NO_CONTACTS else fault.detail)
    code = BY_STATUS.get(fault.status, "invalid_request")
    return _body(fault.status, code, _sentence(fault.errors) or fault.detail)


def _body(status: int, code: str, message: str) -> Response:
    return JSONResponse({"error": {"code": code, "message": message, "status": status}}, status)


def _sentence(errors: Sequence[InvalidField]) -> str | None:
    """The first fault, as SmartAlex says it."""
    if not errors:
        return None
    first = errors[0]
    says = NOT_KNOWN if first.code == "extra_forbidden" else first.detail
    if not first.field:
        return f"The body {says}"
    return f"The '{_name(first.field)}' field {says}"


def _name(path: FieldPath) -> str:
    """`settings.timezone` and `contacts[0].phone`."""
    mapped = (*FIELDS.get(str(path[0]), path[:1]), *(() if path[0] in FIELDS else path[1:]))
    name = str(mapped[0])
    for part in mapped[1:]:
        name += f"[{part}]" if isinstance(part, int) else f".{part}"
    # Half of a character cannot be written in UTF-8.
    return name[:LONGEST_NAME].encode(errors="replace").decode()
