"""Wavix's bodies of errors: few, with fixed texts, which clients compare."""

from fastapi import Response
from fastapi.responses import JSONResponse

from services.api.dialects.facade import Fault
from shared.domain.reasons import Reason

UNAUTHORIZED = {"success": False, "error": True, "message": "Unauthorized"}
MESSAGES = {
    403: "The service is not provisioned for your account.",
    404: "Record not found",
}
NO_FUNDS = "Insufficient funds"
INVALID = "Missing or invalid parameter"
# The parameters of Wavix by the fields of a call, in which use cases refuse.
PARAMETERS = {
    "number": "contact",
    "zone": "contact",
    "call_flow": "callflow_id",
    "attributes": "callflow_id",
    "machine": "callflow_id",
    "sms": "callflow_id",
    "webhook": "callback_url",
}
# A number that may not be called, or not now, is the fault of this parameter.
NOT_NOW, CONTACT = "not_now", "contact"
WHOLE_BODY = "voice_campaign"


def answer(fault: Fault) -> Response:
    codes = {error.code for error in fault.errors}
    if fault.status == 401:
        return JSONResponse(UNAUTHORIZED, 401)
    if Reason.SPEND_CEILING in codes:
        return failed(422, NO_FUNDS)
    if fault.code == NOT_NOW:
        return invalid("caller_id" if Reason.CALLER_ID in codes else CONTACT)
    if fault.status == 400:
        return invalid(_parameter(fault))
    return failed(fault.status, MESSAGES.get(fault.status, fault.detail))


def invalid(parameter: str) -> Response:
    return failed(400, f"{INVALID} {parameter}")


def failed(status: int, message: str) -> Response:
    return JSONResponse({"success": False, "message": message}, status)


def _parameter(fault: Fault) -> str:
    """The name of the innermost field; a name that the client chose is not repeated at length."""
    if not fault.first_field:
        return WHOLE_BODY
    first, *_, last = (*fault.first_field, fault.first_field[-1])
    return PARAMETERS.get(str(first), str(last)[:100])
