"""What the dialects have in common: each is an application of its own with one shape of errors.

A dialect writes a `Fault` in its vendor's shape; the exceptions that lead to one are the same in
all of them.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from services.api.http.guarded_routes import NotAdmitted
from services.api.http.request_limits import RatedRequests
from services.api.refusals import FieldPath, InvalidField, Refused
from shared.definitions.validation import in_words
from shared.domain.access import Denial
from shared.runtime.metrics import REQUESTS_REFUSED
from shared.runtime.retries import TRANSIENT

logger = logging.getLogger(__name__)

# Of refusals without a field, the others are conflicts with the stored state.
STATUSES = {
    "not_found": 404,
    "malformed_idempotency_key": 400,
    "body_too_deep": 400,
    "too_many_members": 400,
    "rate_limited": 429,
    "too_many_requests_at_once": 429,
    "too_many_imports": 429,
}
CONFLICT = 409
MOST_ERRORS = 100
OF_HTTP = {
    400: ("malformed_body", "the body is not JSON in UTF-8"),
    404: ("not_found", "there is no such path"),
    405: ("method_not_allowed", "the path does not have this method"),
    408: ("request_timeout", "the body stopped coming, or came too slowly; send it again"),
    413: ("body_too_large", "the body is too large; send it in parts"),
}
REFUSED = ("refused", "the request was refused")
# The last one of all is Exception.
EXPECTED = (Refused, NotAdmitted, RequestValidationError, HTTPException, ClientDisconnect)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why a request is refused. With `errors`, which name fields, the request itself is invalid.

    `status` is the usual one of HTTP; the dialect's own may differ.
    """

    status: int
    code: str
    detail: str
    errors: Sequence[InvalidField] = ()
    retry_after: int | None = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def first_field(self) -> FieldPath:
        """The path of the first field that is invalid; empty: it is the request as a whole."""
        return next((error.field for error in self.errors if error.field), ())


Answer = Callable[[Fault], Response]


def create(answer: Answer, *routers: APIRouter) -> FastAPI:
    """The application of a dialect; `answer` writes a fault in the vendor's shape."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.add_middleware(RatedRequests)
    _install(app, answer)
    for router in routers:
        app.include_router(router)
    return app


def _install(app: FastAPI, answer: Answer) -> None:
    async def refuse(_request: Request, error: Exception) -> Response:
        fault = _fault(error)
        REQUESTS_REFUSED.labels(fault.code).inc()
        response = answer(fault)
        response.headers.update(fault.headers)
        if fault.retry_after is not None:
            response.headers["Retry-After"] = str(fault.retry_after)
        return response

    for kind in (*EXPECTED, *TRANSIENT, Exception):
        app.exception_handler(kind)(refuse)


def _fault(error: Exception) -> Fault:
    match error:
        case Refused():
            return of_refusal(error)
        case NotAdmitted():
            return _of_credential(error)
        case RequestValidationError():
            return _of_validation(error)
        case HTTPException() | ClientDisconnect():
            return _of_http(error)
        case _ if isinstance(error, TRANSIENT):
            logger.warning("request not served", extra={"error": type(error).__name__})
            detail = "try again shortly"
            return Fault(status=503, code="unavailable", detail=detail, retry_after=1)
        case _:
            # The server logs the traceback; the client learns nothing of it.
            return Fault(status=500, code="internal", detail="something went wrong here")


def _of_http(error: HTTPException | ClientDisconnect) -> Fault:
    if isinstance(error, ClientDisconnect):
        detail = "the body ended before its end"
        return Fault(status=400, code="incomplete_body", detail=detail)
    code, detail = OF_HTTP.get(error.status_code, REFUSED)
    headers = dict(error.headers or {})
    return Fault(status=error.status_code, code=code, detail=detail, headers=headers)


def _of_credential(error: NotAdmitted) -> Fault:
    if error.denial in (Denial.ADDRESS, Denial.SCOPE):
        detail = "the API key does not open this part of the API, or not from this address"
        return Fault(status=403, code="forbidden", detail=detail)
    detail = "the API key is missing, not known, expired or revoked"
    return Fault(status=401, code="unauthenticated", detail=detail)


def of_refusal(refused: Refused) -> Fault:
    errors = tuple(refused.errors)
    if refused.field is not None:
        errors = (
            InvalidField(code=refused.code, detail=refused.detail, field=refused.field),
            *errors,
        )
    is_invalid = any(error.field is not None for error in errors)
    return Fault(
        status=400 if is_invalid else STATUSES.get(refused.code, CONFLICT),
        code=refused.code,
        detail=refused.detail,
        errors=errors,
        retry_after=refused.retry_after,
    )


def _of_validation(error: RequestValidationError) -> Fault:
    faults = error.errors()
    if any(fault["type"] == "json_invalid" for fault in faults):
        code, detail = OF_HTTP[400]
        return Fault(status=400, code=code, detail=detail)
    errors = tuple(
        InvalidField(code=fault["type"], detail=in_words(fault), field=tuple(fault["loc"][1:]))
        for fault in faults[:MOST_ERRORS]
    )
    return Fault(status=400, code="invalid", detail="the request is not valid", errors=errors)
