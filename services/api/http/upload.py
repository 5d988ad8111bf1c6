"""A file on its way in: its pieces as they come."""

import asyncio
from collections.abc import AsyncIterator

from starlette.exceptions import HTTPException

# Large enough that a thread pays, small enough that a request beside it hardly waits.
PIECE = 256 * 1024
# A client that sends nothing for so long is taken for dead: it holds a transaction open.
SILENT_SECONDS = 30.0
# An early refusal still reads so much, else the client may see a broken pipe and not the answer.
READ_AFTER_REFUSAL = 64 * 1024 * 1024


async def pieces_of(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    kept = bytearray()
    while True:
        try:
            async with asyncio.timeout(SILENT_SECONDS):
                chunk = await anext(body, None)
        except TimeoutError:
            raise HTTPException(408) from None
        if chunk is None:
            break
        kept += chunk
        while len(kept) >= PIECE:
            yield bytes(kept[:PIECE])
            del kept[:PIECE]
    if kept:
        yield bytes(kept)


async def read_on(pieces: AsyncIterator[bytes]) -> None:
    seen = 0
    async for piece in pieces:
        seen += len(piece)
        if seen > READ_AFTER_REFUSAL:
            return
