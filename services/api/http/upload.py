"""An uploaded file is first written to disk, so that a slow client holds nothing but its file."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from starlette.exceptions import HTTPException

# A client that sends nothing for so long is taken for dead.
SILENT_SECONDS = 30.0
# A client that sends a byte now and then ends here.
LONGEST_SECONDS = 3600.0
# Large enough that a thread pays for the write.
WRITTEN_AT_ONCE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploads:
    """`directory` needs room for the files that come in at once; None is the system's own."""

    directory: Path | None = None
    largest_bytes: int = 1 << 30

    @asynccontextmanager
    async def spooled(self, body: AsyncIterator[bytes]) -> AsyncIterator[BinaryIO]:
        """The whole body as a file without a name, so that none is left after a crash."""
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
