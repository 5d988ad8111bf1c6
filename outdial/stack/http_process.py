"""A child process that serves HTTP on a free port; one path answers 200 when it is ready."""

import asyncio
import os
import re
import signal
import time
from collections.abc import Callable
from dataclasses import replace

import aiohttp

from outdial.stack.errors import ProcessStartError
from outdial.stack.ports import free_port
from outdial.stack.processes import Child, Launch, tail

START_SECONDS = 60.0
TRIES = 3
TAKEN = re.compile("address already in use", re.IGNORECASE)


class HttpProcess:
    """The process of a service or of the simulated carrier."""

    def __init__(
        self,
        name: str,
        launch: Callable[[int], Launch],
        *,
        ready_path: str = "/readyz",
        on_start: Callable[["HttpProcess"], None],
    ) -> None:
        """`launch` gets the port; `on_start` is called as soon as a new process exists."""
        self.name = name
        self.port = 0
        self.child: Child | None = None
        self._came_up = False
        self.environment: dict[str, str] = {}
        """Variables that are added to the environment of the next process."""
        self._launch = launch
        self._ready_path = ready_path
        self._on_start = on_start

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def is_running(self) -> bool:
        return self.child is not None and self.child.exit_code is None

    async def start(self) -> None:
        """Start it and wait until it is ready; a restart keeps the port of the first start."""
        if self.is_running:
            return
        tries = 1 if self._came_up else TRIES
        for remaining in reversed(range(tries)):
            self.port = self.port if self._came_up else free_port()
            child = self._spawn()
            if await self._becomes_ready(child):
                self._came_up = True
                return
            await child.stop()
            if not remaining or not TAKEN.search(child.said()):
                raise ProcessStartError(self.name, str(child.log), tail(child.said()))

    def keep(self, port: int) -> None:
        """Start it on the port that an earlier process of it had."""
        self.port, self._came_up = port, True

    async def stop(self, *, kill: bool = False) -> None:
        if self.child is not None:
            await self.child.stop(signal.SIGKILL if kill else signal.SIGTERM)

    async def restart(self, *, kill: bool = False) -> None:
        await self.stop(kill=kill)
        await self.start()

    def _spawn(self) -> Child:
        launch = self._launch(self.port)
        inherited = os.environ if launch.env is None else launch.env
        launch = replace(launch, env={**inherited, **self.environment})
        child = self.child = Child(self.name, launch)
        self._on_start(self)
        return child

    async def _becomes_ready(self, child: Child) -> bool:
        deadline = time.monotonic() + START_SECONDS
        async with aiohttp.ClientSession() as session:
            while child.exit_code is None and time.monotonic() < deadline:
                if await _answers(session, f"{self.url}{self._ready_path}"):
                    return child.exit_code is None
                await asyncio.sleep(0.05)
        return False


async def _answers(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url, timeout=aiohttp.ClientTimeout(total=5)) as response:
            return response.status == 200
    except (aiohttp.ClientError, TimeoutError):
        return False
