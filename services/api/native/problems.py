"""Every error that the native API answers: a problem document (RFC 9457) with a stable code."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from services.api.http.guarded_routes import NotAdmitted
from services.api.http.json_bodies import TOO_LARGE, is_json
from services.api.http.request_ids import request_id
from services.api.native import slips
from services.api.native.auth import DENIALS, NO_KEY
from services.api.native.error_codes import page_of, status_of
from services.api.refusals import InvalidField, Refused
from services.api.versions import CHANGED
from shared.definitions.validation import in_words
from shared.domain.access import Denial
from shared.runtime.metrics import REQUESTS_REFUSED
from shared.runtime.retries import TRANSIENT

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
UNPROCESSABLE = 422
# Python's own phrases change with its version.
TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    409: "Conflict",
    412: "Precondition Failed",
    413: "Content Too Large",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
# Code and detail of the refusals that concern HTTP itself.
HTTP_REFUSALS = {
    400: ("malformed_body", "the body is not JSON in UTF-8"),
    404: ("not_found", "the tenant of this API key has no such campaign"),
    405: ("method_not_allowed", "PUT is not a method of this path; it has GET, POST"),
    408: ("request_timeout", "the body stopped coming, or came too slowly; send it again"),
    413: ("body_too_large", TOO_LARGE),
    503: ("unavailable", "try again shortly"),
}
EXAMPLES = HTTP_REFUSALS | {
    401: ("unauthenticated", NO_KEY),
    403: ("insufficient_scope", "this API key lacks the scope that opens this route: read"),
    409: ("campaign_ended", "the campaign is completed or cancelled"),
    412: ("stale", CHANGED),
    422: ("invalid", "the request is not valid"),
    429: (
        "rate_limited",
        "this API key may send 30,000 requests in a minute; go on in 18 seconds",
    ),
}
# A name that the client chose is repeated in a pointer, up to this length.
LONGEST_NAME = 100
MOST_ERRORS = 100
# A GET of one resource whose ETag the reader has sent.
UNCHANGED: dict[int | str, dict[str, Any]] = {
    304: {"description": "It is as `If-None-Match` says."}
}


class FieldError(BaseModel):
    """One fault of the request; the value that was sent is never repeated."""

    pointer: str | None = Field(default=None, examples=["/calendar/end_date"])
    field: str | None = Field(default=None, examples=["end_date"])
    line: int | None = Field(default=None, description="line of the file, from 1")
    reason: str | None = Field(default=None, description="stable code", examples=["unknown_trunk"])
    detail: str = Field(examples=["end_date is before start_date"])


class Problem(BaseModel):
    """RFC 9457; `code` is stable, the texts may be improved."""

    type: str = Field(
        description="the page of the code, relative to the api", examples=[page_of("not_found")]
    )
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    code: str = Field(examples=["not_found"])
    detail: str | None = None
    request_id: str | None = Field(
        default=None, description="also in X-Request-Id and in the logs", examples=["r-7f3a"]
    )
    errors: list[FieldError] | None = None


class _Body(BaseModel, extra="allow"):
    """A problem with its extension members."""


def answer(
    status: int,
    code: str,
    detail: str,
    *,
    errors: list[FieldError] | None = None,
    headers: Mapping[str, str] | None = None,
    extra: Mapping[str, Any] | None = None,
) -> Response:
    REQUESTS_REFUSED.labels(code).inc()
    problem = Problem(
        type=page_of(code),
        title=TITLES.get(status, "Refused"),
        status=status,
        code=code,
        detail=detail,
        request_id=request_id(),
        errors=errors,
    )
    body = problem.model_dump(exclude_none=True) | dict(extra or {})
    content = _Body(**body).model_dump_json()
    return Response(content, status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error answers of a route, for the OpenAPI document."""
    return {
        status: {
            "description": TITLES[status],
            "content": {
                MEDIA_TYPE: {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "example": _example(status),
                }
            },
        }
        for status in statuses
    }


def _example(status: int) -> dict[str, Any]:
    code, detail = EXAMPLES[status]
    return {
        "type": page_of(code),
        "title": TITLES[status],
        "status": status,
        "code": code,
        "detail": detail,
    }


def install(app: FastAPI) -> None:
    """Install these answers in `app`. Another façade is an application with its own error table."""
    app.exception_handler(Refused)(_refused)
    app.exception_handler(NotAdmitted)(_not_admitted)
    app.exception_handler(RequestValidationError)(_not_valid)
    app.exception_handler(HTTPException)(_http)
    app.exception_handler(ClientDisconnect)(_incomplete)
    for fault in TRANSIENT:
        app.exception_handler(fault)(_unavailable)
    app.exception_handler(Exception)(_internal)


async def _refused(request: Request, refused: Refused) -> Response:
    """A field that was sent in the path or in the query has no pointer into the body."""
    if refused.field is not None:
        fault = InvalidField(code=refused.code, detail=refused.detail, field=refused.field)
        outside = {**request.path_params, **request.query_params}
        return _invalid([_field_error(fault, has_pointer=refused.field[0] not in outside)])
    extra: dict[str, Any] = {}
    if refused.error_count is not None:
        is_truncated = refused.error_count > len(refused.errors)
        extra = {"rejected": refused.error_count, "errors_truncated": is_truncated}
    if refused.next_at is not None:
        extra = {"next_at": refused.next_at}
    return answer(
        status_of(refused.code),
        refused.code,
        refused.detail,
        errors=[_field_error(fault, has_pointer=fault.line is None) for fault in refused.errors]
        or None,
        headers=None if refused.retry_after is None else {"Retry-After": str(refused.retry_after)},
        extra=extra,
    )


async def _not_admitted(_request: Request, refused: NotAdmitted) -> Response:
    detail = DENIALS[refused.denial]
    match refused.denial:
        case Denial.SCOPE:
            return answer(
                403,
                "insufficient_scope",
                f"{detail}: {' or '.join(refused.needed)}",
                headers=_challenge("insufficient_scope", scope=refused.needed[-1]),
                extra={"needed_scopes": refused.needed},
            )
        case Denial.ADDRESS:
            return answer(403, "address_refused", detail, headers=_challenge())
        case Denial.MISSING:
            return answer(401, "unauthenticated", detail, headers=_challenge())
        case _:
            return answer(401, "unauthenticated", detail, headers=_challenge("invalid_token"))


def _challenge(error: str = "", *, scope: str = "") -> dict[str, str]:
    """`error` is a word of RFC 6750."""
    named = {"error": error, "scope": scope}
    words = ['realm="outdial"', *(f'{name}="{word}"' for name, word in named.items() if word)]
    return {"WWW-Authenticate": f"Bearer {', '.join(words)}"}


async def _not_valid(request: Request, error: RequestValidationError) -> Response:
    faults = error.errors()
    if any(fault["type"] == "json_invalid" for fault in faults):
        return answer(400, *HTTP_REFUSALS[400])
    if any(fault["loc"] == ("body",) for fault in faults) and not is_json(request):
        return answer(400, "not_json", slips.NOT_JSON)
    return _invalid(
        _field_error(
            InvalidField(
                code=fault["type"],
                detail=in_words(fault),
                field=fault["loc"][1:] or (None if fault["loc"][0] == "body" else fault["loc"]),
            ),
            has_pointer=fault["loc"][0] == "body",
        )
        for fault in faults[:MOST_ERRORS]
    )


def _invalid(errors: Iterable[FieldError]) -> Response:
    return answer(UNPROCESSABLE, "invalid", "the request is not valid", errors=list(errors))


def _field_error(fault: InvalidField, *, has_pointer: bool) -> FieldError:
    path = [str(part)[:LONGEST_NAME] for part in fault.field or ()]
    return FieldError(
        pointer=_pointer(path) if has_pointer else None,
        field=path[-1] if path else None,
        line=fault.line,
        reason=fault.code,
        detail=fault.detail,
    )


def _pointer(path: list[str]) -> str:
    escaped = [part.replace("~", "~0").replace("/", "~1") for part in path]
    return "".join(f"/{part}" for part in escaped)


async def _http(request: Request, error: HTTPException) -> Response:
    """Refusals of HTTP itself: an unknown path or method, a body too large."""
    if error.status_code == 304:
        return Response(status_code=304, headers=error.headers)
    code, detail = HTTP_REFUSALS.get(error.status_code, ("refused", "the request was refused"))
    headers = dict(error.headers or {})
    if error.status_code == 404:
        detail = slips.no_path(request)
    elif error.status_code == 413:
        detail = error.detail
    elif error.status_code == 405:
        # The router names the methods of one of the path's routes only.
        headers["Allow"] = slips.methods(request) or headers["Allow"]
        detail = slips.no_method(request, headers["Allow"])
    return answer(error.status_code, code, detail, headers=headers)


async def _incomplete(_request: Request, _error: Exception) -> Response:
    return answer(400, "incomplete_body", "the body ended before its end")


async def _unavailable(_request: Request, error: Exception) -> Response:
    logger.warning("request not served", extra={"error": type(error).__name__})
    return answer(503, *HTTP_REFUSALS[503], headers={"Retry-After": "1"})


async def _internal(_request: Request, _error: Exception) -> Response:
    # The server logs the traceback; the client learns nothing of it.
    return answer(500, "internal", "something went wrong here")
