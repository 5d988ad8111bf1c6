"""A request without a valid key is answered before its body, and costs nothing after its answer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from shared.db.types import Pool
from tests.support.api_process import NOWHERE, Process, api_process
from tests.support.waiting import PATIENCE

ENDLESS = "Transfer-Encoding: chunked"
# The part of a body after which no other one comes.
BEGIN = b"1\r\n{\r\n"


@asynccontextmanager
async def connection(
    api: Process, *headers: str, body: bytes = b""
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    address = urlsplit(api.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    head = ["POST /v1/campaigns HTTP/1.1", "Host: api", *headers, "", ""]
    # At once, so that the server has the whole before it answers.
    writer.write("\r\n".join(head).encode() + body)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


@pytest.mark.parametrize("key", [[], ["Authorization: Bearer od_1_wrong"]], ids=["none", "wrong"])
async def test_a_stranger_with_an_endless_body_is_answered_at_once_and_closed(
    dsn: str, pool: Pool, tmp_path: Path, key: list[str]
) -> None:
    async with (
        api_process(dsn, pool, kafka=NOWHERE, log=tmp_path / "api.log") as api,
        connection(api, "Content-Type: application/json", ENDLESS, *key, body=BEGIN) as (reader, _),
    ):
        async with asyncio.timeout(PATIENCE):
            answer = await reader.read()

    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b"connection: close" in answer.lower()
    assert b"unauthenticated" in answer


async def test_a_stranger_who_asks_first_is_not_asked_for_its_body(
    dsn: str, pool: Pool, tmp_path: Path
) -> None:
    async with (
        api_process(dsn, pool, kafka=NOWHERE, log=tmp_path / "api.log") as api,
        connection(api, "Expect: 100-continue", "Content-Length: 7000000") as (reader, _),
    ):
        async with asyncio.timeout(PATIENCE):
            answer = await reader.read()

    assert answer.startswith(b"HTTP/1.1 401 ")


async def test_a_connection_whose_small_body_has_come_is_kept(
    dsn: str, pool: Pool, tmp_path: Path
) -> None:
    async with (
        api_process(dsn, pool, kafka=NOWHERE, log=tmp_path / "api.log") as api,
        connection(api, "Content-Length: 2", body=b"{}") as (reader, _),
    ):
        async with asyncio.timeout(PATIENCE):
            head = await reader.readuntil(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 401 ")
    assert b"connection: close" not in head.lower()
