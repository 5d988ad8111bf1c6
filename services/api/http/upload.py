"""Writes an uploaded file to disk before it is read: a slow client occupies nothing else."""

import asyncio
import gzip
import tempfile
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from starlette.exceptions import HTTPException
from starlette.requests import Request

from services.api.refusals import Refused

# A client that sends nothing for this long is considered dead.
SILENT_SECONDS = 30.0
# The limit for a client that sends a byte now and then.
LONGEST_SECONDS = 3600.0
# Enough bytes for a write to be worth a thread.
WRITTEN_AT_ONCE = 1024 * 1024
NOT_WHOLE = "the gzip data is damaged or ends before its end; pack the file and send it again"
GZIP = b"\x1f\x8b"
# Files take from seconds to minutes.
RETRY_AFTER_SECONDS = "10"


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploads:
    """`directory` needs room for `at_once` files, twice over if they come as gzip; None is the
    system's temporary directory.

    One tenant has at most `per_tenant` of these files, so that the others can upload, too.
    """

    directory: Path | None = None
    largest_bytes: int = 1 << 30
    at_once: int = 16
    per_tenant: int = 6
    _files: Counter[int] = field(default_factory=Counter, init=False)

    @asynccontextmanager
    async def spooled(self, request: Request, *, tenant_id: int) -> AsyncIterator[BinaryIO]:
        """The whole body as a file without a name, so that a crash leaves no file behind.

        A body in gzip, whatever its headers say, is unpacked.
        """
        length = request.headers.get("content-length", "")
        if length.isdecimal() and int(length) > self.largest_bytes:
            raise self._too_large()
        with self._slot(tenant_id), ExitStack() as files:
            file = files.enter_context(tempfile.TemporaryFile(dir=self.directory))
            try:
                async with asyncio.timeout(LONGEST_SECONDS):
                    await self._spool(request.stream(), file)
            except TimeoutError:
                raise HTTPException(408) from None
            file.seek(0)
            if file.read(len(GZIP)) == GZIP:
                plain = files.enter_context(tempfile.TemporaryFile(dir=self.directory))
                await asyncio.to_thread(self._unpack, file, plain)
                file.close()
                file = plain
            file.seek(0)
            yield file

    def _too_large(self) -> HTTPException:
        detail = f"the file has more than {self.largest_bytes:,} bytes; send it in parts"
        return HTTPException(413, detail)

    def _unpack(self, packed: BinaryIO, plain: BinaryIO) -> None:
        """Some bytes of gzip can become a thousand times as many, so these are counted."""
        packed.seek(0)
        size = 0
        try:
            with gzip.open(packed) as unpacked:
                while part := unpacked.read(WRITTEN_AT_ONCE):
                    size += len(part)
                    if size > self.largest_bytes:
                        raise self._too_large()
                    plain.write(part)
        except (EOFError, gzip.BadGzipFile, zlib.error):
            raise Refused("unreadable_file", NOT_WHOLE) from None

    @contextmanager
    def _slot(self, tenant_id: int) -> Iterator[None]:
        if self._files.total() >= self.at_once or self._files[tenant_id] >= self.per_tenant:
            raise HTTPException(503, headers={"Retry-After": RETRY_AFTER_SECONDS})
        self._files[tenant_id] += 1
        try:
            yield
        finally:
            self._files[tenant_id] -= 1

    async def _spool(self, body: AsyncIterator[bytes], file: BinaryIO) -> None:
        size = 0
        buffer = bytearray()
        while (chunk := await _next(body)) is not None:
            size += len(chunk)
            if size > self.largest_bytes:
                raise self._too_large()
            buffer += chunk
            if len(buffer) >= WRITTEN_AT_ONCE:
                await asyncio.to_thread(file.write, buffer)
                buffer = bytearray()
        file.write(buffer)


async def _next(body: AsyncIterator[bytes]) -> bytes | None:
    async with asyncio.timeout(SILENT_SECONDS):
        return await anext(body, None)
