"""Every error that the API answers: a problem document (RFC 9457) with a stable code."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from shared.runtime.retries import TRANSIENT

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
UNPROCESSABLE = 422
# Python's own phrases change with its version.
TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    409: "Conflict",
    413: "Content Too Large",
    422: "Unprocessable Content",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
EXAMPLES = {
    400: ("malformed_body", "the body is not JSON"),
    401: ("unauthenticated", "send a valid API key as `Authorization: Bearer …`"),
    404: ("not_found", "there is no such resource"),
    408: ("request_timeout", "the file stopped coming"),
    409: ("campaign_ended", "the campaign is completed or cancelled"),
    413: ("body_too_large", "the body is larger than 8 MiB"),
    422: ("invalid", "the request is not valid"),
}
# For what the framework itself refuses.
CODES = {
    400: "malformed_body",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
}
# A name that the client chose is repeated in a pointer, up to here.
LONGEST_NAME = 100


class FaultyPlace(BaseModel):
    """One thing that is wrong; what was sent is never repeated."""

    pointer: str | None = Field(default=None, examples=["/calendar/end_date"])
    field: str | None = Field(default=None, examples=["end_date"])
    line: int | None = Field(default=None, description="line of the file, from 1")
    reason: str | None = Field(default=None, description="stable code", examples=["unknown_trunk"])
    detail: str = Field(examples=["end_date is before start_date"])


class Problem(BaseModel):
    """RFC 9457; `code` is stable, the texts may be improved."""

    type: str = Field(examples=["urn:outdial:problem:not_found"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    code: str = Field(examples=["not_found"])
    detail: str | None = None
    errors: list[FaultyPlace] | None = None


class ProblemError(Exception):
    """An expected refusal, raised anywhere below a route and answered as it is."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: Iterable[FaultyPlace] | None = None,
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = None if errors is None else list(errors)
        self.headers = headers
        self.extra = extra


def not_found() -> ProblemError:
    """What does not exist and what belongs to another tenant cannot be told apart."""
    return ProblemError(404, "not_found", "there is no such resource")


def invalid(pointer: str, reason: str, detail: str) -> ProblemError:
    field = pointer.rsplit("/", 1)[-1]
    place = FaultyPlace(pointer=pointer, field=field, reason=reason, detail=detail)
    return ProblemError(UNPROCESSABLE, "invalid", "the request is not valid", errors=[place])


def refused_body(error: ValidationError) -> ProblemError:
    """For a body that only shows to be wrong together with what is stored."""
    found = error.errors(include_url=False, include_input=False)
    places = [_place(("body", *each["loc"]), each["type"], each["msg"]) for each in found[:100]]
    return ProblemError(UNPROCESSABLE, "invalid", "the request is not valid", errors=places)


def answer(
    status: int,
    code: str,
    detail: str | None = None,
    *,
    errors: list[FaultyPlace] | None = None,
    headers: Mapping[str, str] | None = None,
    extra: Mapping[str, Any] | None = None,
) -> Response:
    problem = Problem(
        type=f"urn:outdial:problem:{code}",
        title=TITLES.get(status, "Refused"),
        status=status,
        code=code,
        detail=detail,
        errors=errors,
    )
    body = problem.model_dump(exclude_none=True) | dict(extra or {})
    content = _Body(**body).model_dump_json()
    return Response(content, status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


class _Body(BaseModel, extra="allow"):
    """Any problem with its extension members."""


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
        "type": f"urn:outdial:problem:{code}",
        "title": TITLES[status],
        "status": status,
        "code": code,
        "detail": detail,
    }


def install(app: FastAPI) -> None:
    app.exception_handler(ProblemError)(_refused)
    app.exception_handler(RequestValidationError)(_not_valid)
    app.exception_handler(HTTPException)(_http)
    app.exception_handler(ClientDisconnect)(_gone)
    for fault in TRANSIENT:
        app.exception_handler(fault)(_unavailable)
    app.exception_handler(Exception)(_internal)


async def _refused(_request: Request, error: ProblemError) -> Response:
    return answer(
        error.status,
        error.code,
        error.detail,
        errors=error.errors,
        headers=error.headers,
        extra=error.extra,
    )


async def _not_valid(_request: Request, error: RequestValidationError) -> Response:
    found = error.errors()
    if any(each["type"] == "json_invalid" for each in found):
        return answer(400, "malformed_body", "the body is not JSON")
    places = [_place(each["loc"], each["type"], each["msg"]) for each in found[:100]]
    return answer(UNPROCESSABLE, "invalid", "the request is not valid", errors=places)


def _place(loc: tuple[int | str, ...], reason: str, message: str) -> FaultyPlace:
    source, *path = [str(part)[:LONGEST_NAME] for part in loc]
    detail = message.removeprefix("Value error, ")
    if source != "body":
        return FaultyPlace(field=path[-1] if path else source, reason=reason, detail=detail)
    escaped = [part.replace("~", "~0").replace("/", "~1") for part in path]
    pointer = "".join(f"/{part}" for part in escaped)
    field = path[-1] if path else None
    return FaultyPlace(pointer=pointer, field=field, reason=reason, detail=detail)


async def _http(_request: Request, error: HTTPException) -> Response:
    """What the framework itself refuses: an unknown path or method, a body that is too large."""
    code = CODES.get(error.status_code, "refused")
    return answer(error.status_code, code, headers=error.headers)


async def _gone(_request: Request, _error: Exception) -> Response:
    return answer(400, "incomplete_body", "the body ended before its end")


async def _unavailable(_request: Request, error: Exception) -> Response:
    logger.warning("request not served", extra={"error": type(error).__name__})
    return answer(503, "unavailable", "try again shortly", headers={"Retry-After": "1"})


async def _internal(_request: Request, _error: Exception) -> Response:
    # The server logs the traceback; whoever asked learns nothing of it.
    return answer(500, "internal", "something went wrong here")
