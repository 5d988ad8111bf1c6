"""Uploads on disk: complete or refused, and with a time limit."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

from services.api.http import upload
from services.api.http.upload import WRITTEN_AT_ONCE, Uploads
from services.api.refusals import Refused


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield b"x"
        await asyncio.sleep(0)


async def silent() -> AsyncIterator[bytes]:
    yield b"number"
    await asyncio.Event().wait()


def upload_of(body: AsyncIterator[bytes], *, length: int | None = None) -> Request:
    async def receive() -> Message:
        part = await anext(body, None)
        return {"type": "http.request", "body": part or b"", "more_body": part is not None}

    headers = [] if length is None else [(b"content-length", str(length).encode())]
    return Request({"type": "http", "headers": headers}, receive)


async def refused(uploads: Uploads, request: Request, *, tenant_id: int = 1) -> HTTPException:
    with pytest.raises(HTTPException) as refusal:
        async with uploads.spooled(request, tenant_id=tenant_id):
            pass
    return refusal.value


async def refusal(uploads: Uploads, body: AsyncIterator[bytes]) -> int:
    return (await refused(uploads, upload_of(body))).status_code


async def test_a_file_comes_out_as_it_came_in_and_leaves_nothing(tmp_path: Path) -> None:
    parts = [b"number\n", b"x" * WRITTEN_AT_ONCE, b"y" * 10]

    async with Uploads(directory=tmp_path).spooled(upload_of(pieces(*parts)), tenant_id=1) as file:
        assert file.read() == b"".join(parts)

    assert list(tmp_path.iterdir()) == []


async def test_a_file_in_gzip_is_unpacked(tmp_path: Path) -> None:
    plain = b"number\n" * WRITTEN_AT_ONCE
    packed = gzip.compress(plain[:1000]) + gzip.compress(plain[1000:])

    async with Uploads(directory=tmp_path).spooled(upload_of(pieces(packed)), tenant_id=1) as file:
        assert file.read() == plain

    assert list(tmp_path.iterdir()) == []


async def test_a_small_file_that_unpacks_to_a_large_one_is_refused() -> None:
    bomb = gzip.compress(bytes(64 * 1024 * 1024))

    assert await refusal(Uploads(largest_bytes=1024 * 1024), pieces(bomb)) == 413


@pytest.mark.parametrize("cut", [-1, 12, 3])
async def test_a_file_whose_gzip_is_damaged_is_refused(cut: int) -> None:
    packed = gzip.compress(b"number\n" * 1000)[:cut]

    with pytest.raises(Refused) as refusal:
        async with Uploads().spooled(upload_of(pieces(packed)), tenant_id=1):
            pass

    assert refusal.value.code == "unreadable_file"


async def test_a_file_that_is_too_large_is_refused() -> None:
    uploads = Uploads(largest_bytes=8)

    assert await refusal(uploads, pieces(b"1234", b"56789")) == 413
    async with uploads.spooled(upload_of(pieces(b"1234", b"5678")), tenant_id=1) as file:
        assert file.read() == b"12345678"


async def test_a_declared_length_that_is_too_large_is_refused_before_the_file_comes() -> None:
    uploads = Uploads(largest_bytes=8)

    late = await asyncio.wait_for(refused(uploads, upload_of(silent(), length=9)), 10)

    assert late.status_code == 413


async def test_one_tenant_leaves_slots_to_the_others_and_all_have_an_end() -> None:
    uploads = Uploads(at_once=3, per_tenant=2)
    async with AsyncExitStack() as stack:
        for tenant_id in (1, 1, 2):
            request = upload_of(pieces(b"number"))
            await stack.enter_async_context(uploads.spooled(request, tenant_id=tenant_id))
        full = await refused(uploads, upload_of(silent()), tenant_id=3)
    async with AsyncExitStack() as stack:
        for _ in range(2):
            request = upload_of(pieces(b"number"))
            await stack.enter_async_context(uploads.spooled(request, tenant_id=1))
        own = await refused(uploads, upload_of(silent()), tenant_id=1)
        async with uploads.spooled(upload_of(pieces(b"number")), tenant_id=2) as file:
            assert file.read() == b"number"

    assert (full.status_code, full.headers) == (503, {"Retry-After": "10"})
    assert own.status_code == 503


async def test_a_client_that_falls_silent_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "SILENT_SECONDS", 0.05)

    assert await asyncio.wait_for(refusal(Uploads(), silent()), 10) == 408


async def test_a_client_that_sends_a_byte_now_and_then_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(upload, "LONGEST_SECONDS", 0.05)

    assert await asyncio.wait_for(refusal(Uploads(), endless()), 10) == 408
