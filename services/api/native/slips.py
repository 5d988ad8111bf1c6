"""Slips of a client: a path, a method or a parameter that does not exist, a body of another type.

Paths, methods and parameters are those of the OpenAPI document, which the application keeps.
"""

import re
from collections.abc import Iterator
from email.message import Message
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.routing import compile_path

from services.api.http.json_bodies import media_type
from services.api.refusals import Refused

NOT_JSON = "send a JSON body with the header `Content-Type: application/json`"
NOT_CSV = "send the file itself as the body, with the header `Content-Type: text/csv`"
NOT_A_FILE = f"{NOT_CSV}, or `application/x-ndjson` for a JSON object per line"
CSV_TYPES = frozenset({"text/csv", "application/csv", "application/gzip", "application/x-gzip", ""})
NDJSON_TYPES = frozenset(
    {"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"}
)
# An error repeats of a path at most this much, without its ids and numbers.
LONGEST_PATH = 100
_HIDDEN = re.compile(r"(?:(?<!/v)\d[\d.-]*|[^A-Za-z\d/._-]+)+")


async def refuse_unknown_parameters(request: Request) -> None:
    """Refuse query parameters that the operation does not have, as unknown fields of a body are."""
    if not request.query_params:
        return
    known = list(_parameters(request))
    detail = f"no parameter of this path; it has {', '.join(known) or 'none'}"
    faults = [
        {"type": "unknown_parameter", "loc": ("query", name), "msg": detail}
        for name in request.query_params
        if name not in known
    ]
    if faults:
        raise RequestValidationError(faults)


async def refuse_other_than_csv(request: Request) -> None:
    """Refuse a file that says to be of another type than CSV, before it is read.

    The body of a form has lines of its own around the file, which would be read as rows.
    """
    if media_type(request) not in CSV_TYPES:
        raise Refused("not_csv", NOT_CSV)


async def is_ndjson(request: Request) -> bool:
    """Whether a file of contacts says to be NDJSON; one that is neither that nor CSV is refused."""
    named = media_type(request)
    if named not in CSV_TYPES | NDJSON_TYPES:
        raise Refused("not_csv", NOT_A_FILE)
    return named in NDJSON_TYPES


def charset(request: Request) -> str | None:
    """The encoding in the header Content-Type."""
    parameters = Message()
    parameters["Content-Type"] = request.headers.get("content-type", "")
    value = parameters.get_param("charset")
    return value if isinstance(value, str) and value else None


def methods(request: Request) -> str:
    """The methods of the requested path, for the header Allow; empty for a path without an API.

    A path of words alone, such as /v1/calls/export, is not one with an id as well.
    """
    paths = _paths(request)
    operations = paths.get(request.url.path) or {
        method: operation
        for path, operations in paths.items()
        if compile_path(path)[0].match(request.url.path)
        for method, operation in operations.items()
    }
    return ", ".join(method.upper() for method in operations)


def no_path(request: Request) -> str:
    return f"there is no path {_shown(request.url.path)}; /openapi.json has all paths"


def no_method(request: Request, allowed: str) -> str:
    return f"{_shown(request.method)} is not a method of this path; it has {allowed}"


def _parameters(request: Request) -> Iterator[str]:
    """The query parameters of the requested operation."""
    name = request.scope["route"].name
    for operations in _paths(request).values():
        for operation in operations.values():
            if operation["operationId"] == name:
                listed = operation.get("parameters", ())
                yield from (field["name"] for field in listed if field["in"] == "query")


def _paths(request: Request) -> dict[str, dict[str, Any]]:
    paths: dict[str, dict[str, Any]] = request.app.openapi()["paths"]
    return paths


def _shown(text: str) -> str:
    return _HIDDEN.sub("…", text)[:LONGEST_PATH]
