"""The carrier simulator as a process, and a listener that receives its events."""

import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
from aiohttp import web

from outdial.stack.processes import Child, Launch
from tests.support import forked
from tests.support.waiting import PATIENCE, until

NOBODY = "http://127.0.0.1:9/events"


@dataclass(slots=True, kw_only=True)
class RunningCarrier:
    url: str
    log: Path
    process: Child
    client: aiohttp.ClientSession

    async def originate(
        self,
        to: str = "+14155550100",
        *,
        reference: object | None = None,
        events_url: str = NOBODY,
        **fields: Any,
    ) -> tuple[int, dict[str, Any]]:
        body = {"reference": str(reference or f"1.{uuid4()}"), "to": to, "events_url": events_url}
        body |= fields
        async with self.client.post(f"{self.url}/calls", json=body) as response:
            return response.status, await response.json()

    async def lookup(self, reference: object) -> dict[str, Any] | None:
        async with self.client.get(f"{self.url}/calls/{reference}") as response:
            return None if response.status == 404 else await response.json()

    async def hang_up(self, reference: object) -> int:
        async with self.client.delete(f"{self.url}/calls/{reference}") as response:
            return response.status

    async def stats(self) -> dict[str, Any]:
        async with self.client.get(f"{self.url}/stats") as response:
            stats: dict[str, Any] = await response.json()
            return stats

    def lines(self, kind: str) -> list[dict[str, Any]]:
        whole = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [line for line in whole if line["kind"] == kind]

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        await self.process.stop(number, within=PATIENCE)
        assert self.process.exit_code is not None
        return self.process.exit_code


@asynccontextmanager
async def running_carrier(
    log: Path, *options: str, behaviour: dict[str, Any] | None = None
) -> AsyncIterator[RunningCarrier]:
    if behaviour is not None:
        file = log.with_name(f"{log.stem}-behaviour.json")
        file.write_text(json.dumps(behaviour))
        options = (*options, "--behaviour", str(file))
    command = (sys.executable, "-m", "outdial.carrier", "--log", str(log), *options)
    said = log.with_name(f"{log.stem}-said")
    process = forked.start("carrier", Launch(command=command, log=said))
    try:
        ready = await forked.first_line(process)
        async with aiohttp.ClientSession() as client:
            yield RunningCarrier(url=ready["url"], log=log, process=process, client=client)
    finally:
        await process.stop(signal.SIGKILL)


@dataclass(slots=True, kw_only=True)
class Listener:
    """Answers the first `refusals` events with 503, then accepts all."""

    url: str = ""
    refusals: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)

    def kinds(self, reference: object) -> list[str]:
        return [e["kind"] for e in self.events if e["reference"] == str(reference)]

    async def until_ended(self, *references: object) -> None:
        await until(lambda: all("ended" in self.kinds(r) for r in references))

    async def take(self, request: web.BaseRequest) -> web.StreamResponse:
        event = await request.json()
        if self.refusals > 0:
            self.refusals -= 1
            return web.Response(status=503)
        self.events.append(event)
        return web.Response(status=204)


@asynccontextmanager
async def listening(*, refusals: int = 0) -> AsyncIterator[Listener]:
    listener = Listener(refusals=refusals)
    runner = web.ServerRunner(web.Server(listener.take))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    listener.url = f"http://127.0.0.1:{site.port}/events"
    try:
        yield listener
    finally:
        await runner.cleanup()
