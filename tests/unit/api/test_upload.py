"""Uploads on disk: whole or refused, and never without an end."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.exceptions import HTTPException

from services.api.http import upload
from services.api.http.upload import WRITTEN_AT_ONCE, Uploads


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


async def refusal(uploads: Uploads, body: AsyncIterator[bytes]) -> int:
    with pytest.raises(HTTPException) as refused:
        async with uploads.spooled(body):
            pass
    return refused.value.status_code


async def test_a_file_comes_out_as_it_came_in_and_leaves_nothing(tmp_path: Path) -> None:
    parts = [b"number\n", b"x" * WRITTEN_AT_ONCE, b"y" * 10]

    async with Uploads(directory=tmp_path).spooled(pieces(*parts)) as file:
        assert file.read() == b"".join(parts)

    assert list(tmp_path.iterdir()) == []


async def test_a_file_that_is_too_large_is_refused() -> None:
    uploads = Uploads(largest_bytes=8)

    assert await refusal(uploads, pieces(b"1234", b"56789")) == 413
    async with uploads.spooled(pieces(b"1234", b"5678")) as file:
        assert file.read() == b"12345678"


async def test_a_client_that_falls_silent_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "SILENT_SECONDS", 0.05)

    assert await asyncio.wait_for(refusal(Uploads(), silent()), 10) == 408


async def test_a_client_that_sends_a_byte_now_and_then_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(upload, "LONGEST_SECONDS", 0.05)

    assert await asyncio.wait_for(refusal(Uploads(), endless()), 10) == 408
