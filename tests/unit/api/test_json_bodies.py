"""JSON bodies are bounded before they are parsed, and what is large is parsed in a thread."""

import asyncio
import json
import threading
from contextlib import nullcontext
from typing import Annotated, Any

import pytest
from fastapi.exceptions import RequestValidationError
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, TypeAdapter, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

from services.api.http import json_bodies
from services.api.http.json_bodies import (
    DEEPEST,
    ITEMS_AT_ONCE,
    MOST_MEMBERS,
    SMALL_BYTES,
    in_parts,
    read_json,
)
from services.api.refusals import Refused

LARGE = "x" * SMALL_BYTES


def a_request(*parts: bytes, length: int | None = None) -> Request:
    coming = list(parts)

    async def receive() -> Message:
        part = coming.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(coming)}

    headers = [(b"content-type", b"application/json")]
    if length is not None:
        headers.append((b"content-length", str(length).encode()))
    return Request({"type": "http", "headers": headers}, receive)


def as_it_is(value: Any) -> tuple[Any, list[Any]]:
    return value, []


async def value_of(body: bytes) -> Any:
    request = await read_json(a_request(body), as_it_is, slot=nullcontext())
    assert await request.body() == body
    return await request.json()


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text('"\\[]{},a\n'),
        lambda inner: st.lists(inner) | st.dictionaries(st.text('"\\[]{},'), inner),
    )
)
async def test_a_body_within_the_bounds_is_parsed_as_it_is(value: Any) -> None:
    assert await value_of(json.dumps(value).encode()) == value


def nested(levels: int) -> bytes:
    return b'{"a":' * (levels - 1) + b"[]" + b"}" * (levels - 1)


async def test_a_body_may_be_just_so_deep() -> None:
    await value_of(nested(DEEPEST))
    with pytest.raises(Refused) as refused:
        await value_of(nested(DEEPEST + 1))

    assert refused.value.code == "body_too_deep"
    assert str(DEEPEST) in refused.value.detail


async def test_a_body_may_have_just_so_many_members() -> None:
    assert len(await value_of(json.dumps([0] * MOST_MEMBERS).encode())) == MOST_MEMBERS
    for many in ([0] * (MOST_MEMBERS + 1), {str(n): n for n in range(MOST_MEMBERS + 1)}):
        with pytest.raises(Refused) as refused:
            await value_of(json.dumps(many).encode())
        assert refused.value.code == "too_many_members"
        assert f"{MOST_MEMBERS:,}" in refused.value.detail


async def test_brackets_in_texts_are_no_levels() -> None:
    text = ',[{"\\' * 10_000

    assert await value_of(json.dumps({"text": text}).encode()) == {"text": text}


@pytest.mark.parametrize(
    "body",
    [b'"' + b'\\"' * 4_000_000, b'["' * 40, b"[" * DEEPEST + b"}" * 40, b"\xff\xfe[", b"\\" * 99],
    ids=["no end", "no close", "other close", "UTF-16", "no JSON"],
)
async def test_a_body_that_is_no_json_is_refused_in_linear_time(body: bytes) -> None:
    with pytest.raises(HTTPException) as refused:
        await value_of(body)

    assert refused.value.status_code == 400


async def test_a_large_body_is_validated_in_a_thread_and_a_small_one_by_its_route() -> None:
    threads: list[threading.Thread] = []

    def validate(value: Any) -> tuple[Any, list[Any]]:
        threads.append(threading.current_thread())
        return value["name"], []

    small = await read_json(a_request(b'{"name": "a"}'), validate, slot=nullcontext())
    body = json.dumps({"name": LARGE}).encode()
    large = await read_json(a_request(body), validate, slot=nullcontext())

    assert await small.json() == {"name": "a"}
    assert await large.json() == LARGE
    (thread,) = threads
    assert thread is not threading.main_thread()


async def test_faults_of_a_large_body_are_those_of_its_route() -> None:
    fault = {"type": "missing", "loc": ("body", "name"), "msg": "Field required"}

    with pytest.raises(RequestValidationError) as refused:
        await read_json(
            a_request(json.dumps(LARGE).encode()), lambda _: (None, [fault]), slot=nullcontext()
        )

    assert refused.value.errors() == [fault]


async def test_a_body_is_refused_by_its_length_before_it_comes() -> None:
    request = a_request(length=json_bodies.LARGEST_BYTES + 1)

    with pytest.raises(HTTPException) as refused:
        await read_json(request, as_it_is, slot=nullcontext())

    assert (refused.value.status_code, "8 MiB" in refused.value.detail) == (413, True)


async def test_a_body_without_a_length_is_refused_when_it_is_too_long() -> None:
    part = b" " * (json_bodies.LARGEST_BYTES // 2 + 1)

    with pytest.raises(HTTPException) as refused:
        await read_json(a_request(part, part), as_it_is, slot=nullcontext())

    assert refused.value.status_code == 413


async def test_a_body_that_comes_too_slowly_is_not_awaited_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def receive() -> Message:
        await asyncio.Event().wait()
        return {}

    monkeypatch.setattr(json_bodies, "LONGEST_SECONDS", 0.0)

    with pytest.raises(HTTPException) as refused:
        await read_json(
            Request({"type": "http", "headers": []}, receive), as_it_is, slot=nullcontext()
        )

    assert refused.value.status_code == 408


MOST_ITEMS = 4 * ITEMS_AT_ONCE
NUMBERS = TypeAdapter(Annotated[list[int], Field(min_length=1, max_length=MOST_ITEMS)])


def whole(value: Any) -> tuple[Any, list[Any]]:
    """As a route validates its body."""
    try:
        return NUMBERS.validate_python(value), []
    except ValidationError as error:
        return None, [{**fault, "loc": ("body", *fault["loc"])} for fault in error.errors()]


@given(st.data(), st.integers(0, MOST_ITEMS + 1))
def test_a_list_in_parts_has_the_same_values_and_faults(data: st.DataObject, length: int) -> None:
    value = data.draw(st.lists(st.integers() | st.none(), min_size=length, max_size=length))

    values, faults = in_parts(whole, most_items=MOST_ITEMS)(value)

    expected, expected_faults = whole(value)
    assert faults == expected_faults
    assert faults or values == expected


def test_what_is_no_list_is_validated_as_it_is() -> None:
    assert in_parts(whole, most_items=MOST_ITEMS)({"a": 1}) == whole({"a": 1})
