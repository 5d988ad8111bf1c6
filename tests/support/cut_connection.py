"""A proxy that takes a request to its end, and cuts the connection in place of the answer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

PIECE = 65_536


@dataclass(slots=True)
class CuttingProxy:
    """The next `cuts` answers are read, so their requests are carried out, and never arrive."""

    upstream: str
    cuts: int = 0
    url: str = ""
    serving: set[asyncio.Task[None]] = field(default_factory=set)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.serving.add(asyncio.create_task(self._serve(reader, writer)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target = urlsplit(self.upstream)
        above, below = await asyncio.open_connection(target.hostname, target.port)
        sending = asyncio.create_task(_pass_on(reader, below))
        try:
            while piece := await above.read(PIECE):
                if self.cuts:
                    self.cuts -= 1
                    break
                writer.write(piece)
                await writer.drain()
        finally:
            sending.cancel()
            for end in (below, writer):
                end.close()
            await asyncio.gather(sending, return_exceptions=True)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while piece := await reader.read(PIECE):
            writer.write(piece)
            await writer.drain()


@asynccontextmanager
async def cutting(upstream: str) -> AsyncIterator[CuttingProxy]:
    proxy = CuttingProxy(upstream)
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    proxy.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        async with server:
            yield proxy
    finally:
        for task in proxy.serving:
            task.cancel()
        await asyncio.gather(*proxy.serving, return_exceptions=True)
