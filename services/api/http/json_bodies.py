"""Reads a JSON body within bounds: its size while it comes, its depth and members before the parse.

A large body is parsed and validated in a thread, one at a time, so that its sender slows no other.
"""

import asyncio
import json
import re
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from typing_extensions import override

from services.api.refusals import Refused

LARGEST_BYTES = 8 * 1024 * 1024
# A list of contacts whose attributes are as deep as they may be needs 11.
DEEPEST = 32
# 1,000 contacts with 50 attributes each have 53,000. Members are counted by their commas and
# brackets, those in texts too: that takes a millisecond, and passing texts over a hundred.
MOST_MEMBERS = 60_000
# A client sends its body at once; a slow network needs some seconds.
LONGEST_SECONDS = 60.0
# Such a body takes about a millisecond, less than a change of threads may.
SMALL_BYTES = 16 * 1024

TOO_LARGE = "the body is larger than 8 MiB; send it in parts, or a list of contacts as a file"
TOO_DEEP = f"the body nests more than {DEEPEST} levels"
TOO_MANY = (
    f"the body has more than {MOST_MEMBERS:,} members, by its commas and brackets; send it in "
    "parts, or a list of contacts as a file"
)
# A string is passed over as a whole, also one without an end: nothing is searched twice.
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)

# Nothing else is done in the process while a value is validated: so many take some milliseconds.
ITEMS_AT_ONCE = 25

# Returns the value and its faults.
Validate = Callable[[Any], tuple[Any, Sequence[Any]]]


async def read_json(
    request: Request, validate: Validate, *, slot: AbstractAsyncContextManager[None]
) -> Request:
    """The same request, its body read and parsed; if it is large, validated, too, in the slot."""
    body = await _read(request)
    if not is_json(request) or not body:
        return _Read(request, body)
    if len(body) <= SMALL_BYTES:
        return _Read(request, body, _parsed(body))
    async with slot:
        value, faults = await asyncio.to_thread(lambda: validate(_parsed(body)))
    if faults:
        raise RequestValidationError(faults)
    return _Read(request, body, value)


def in_parts(validate: Validate, *, most_items: int) -> Validate:
    """Validates a list of up to `most_items` some items at a time, which may be of any number.

    Other threads come in between. A longer list is validated as it is, because it is refused.
    """

    def validate_parts(value: Any) -> tuple[Any, Sequence[Any]]:
        if not isinstance(value, list) or not ITEMS_AT_ONCE < len(value) <= most_items:
            return validate(value)
        items: list[Any] = []
        faults: list[Any] = []
        for first in range(0, len(value), ITEMS_AT_ONCE):
            part, wrong = validate(value[first : first + ITEMS_AT_ONCE])
            items += part or ()
            for fault in wrong:
                body, index, *rest = fault["loc"]
                faults.append({**fault, "loc": (body, first + index, *rest)})
        return items, faults

    return validate_parts


def is_json(request: Request) -> bool:
    """Whether the body is read as JSON, which its media type decides."""
    main, _, kind = media_type(request).partition("/")
    return main == "application" and (kind == "json" or kind.endswith("+json"))


def media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


class _Read(Request):
    def __init__(self, request: Request, body: bytes, value: Any = None) -> None:
        super().__init__(request.scope, request.receive)
        self._read = body
        self._value = value

    @override
    async def body(self) -> bytes:
        return self._read

    @override
    async def json(self) -> Any:
        return self._value


async def _read(request: Request) -> bytes:
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > LARGEST_BYTES:
        raise HTTPException(413, TOO_LARGE)
    body = bytearray()
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > LARGEST_BYTES:
                    raise HTTPException(413, TOO_LARGE)
    except TimeoutError:
        raise HTTPException(408) from None
    return bytes(body)


def _parsed(body: bytes) -> Any:
    _refuse_excess(body)
    try:
        return json.loads(body.decode("utf-8-sig"))
    except ValueError:
        raise HTTPException(400) from None


def _refuse_excess(body: bytes) -> None:
    openings = body.count(b"[") + body.count(b"{")
    if openings + body.count(b",") > MOST_MEMBERS:
        raise Refused("too_many_members", TOO_MANY)
    # Few enough, also if some of them are in texts.
    if openings <= DEEPEST:
        return
    depth = 0
    for token in _TOKEN.finditer(body):
        mark = token[0]
        if mark in (b"[", b"{"):
            depth += 1
        elif mark in (b"]", b"}"):
            depth -= 1
        if depth > DEEPEST:
            raise Refused("body_too_deep", TOO_DEEP)
