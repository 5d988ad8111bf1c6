"""Writes an uploaded file to disk before it is read: a slow client occupies nothing else."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from starlette.exceptions import HTTPException

# A client that sends nothing for this long is considered dead.
SILENT_SECONDS = 30.0
# The limit for a client that sends a byte now and then.
LONGEST_SECONDS = 3600.0
# Enough bytes for a write to be worth a thread.
WRITTEN_AT_ONCE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploads:
    """`directory` needs room for simultaneous uploads; None is the system's temporary directory."""

    directory: Path | None = None
    largest_bytes: int = 1 << 30

    @asynccontextmanager
    async def spooled(self, body: AsyncIterator[bytes]) -> AsyncIterator[BinaryIO]:
        """The whole body as a file without a name, so that a crash leaves no file behind."""
        with tempfile.TemporaryFile(dir=self.directory) as file:
            try:
                async with asyncio.timeout(LONGEST_SECONDS):
                    await self._spool(body, file)
            except TimeoutError:
                raise HTTPException(408) from None
            file.seek(0)
            yield file

    async def _spool(self, body: AsyncIterator[bytes], file: BinaryIO) -> None:
        size = 0
        buffer = bytearray()
        while (chunk := await _next(body)) is not None:
            size += len(chunk)
            if size > self.largest_bytes:
                raise HTTPException(413)
            buffer += chunk
            if len(buffer) >= WRITTEN_AT_ONCE:
                await asyncio.to_thread(file.write, buffer)
                buffer = bytearray()
        file.write(buffer)


async def _next(body: AsyncIterator[bytes]) -> bytes | None:
    async with asyncio.timeout(SILENT_SECONDS):
        return await anext(body, None)
