"""The base of the three local servers: start until ready, stop, restart in place."""

import asyncio
import re
import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

from outdial.stack.errors import NotOursError, ProcessStartError
from outdial.stack.ports import free_port
from outdial.stack.processes import Child, Launch, tail

START_SECONDS = 60.0
RETRY_SECONDS = 15.0


class LocalServer(ABC):
    """One server in its own directory; a restart keeps the address of the first start."""

    name: ClassVar[str]
    ready: ClassVar[str]
    """The text in the server's log when it accepts connections."""
    again: ClassVar[re.Pattern[str]]
    """The text in its log if another try, or another port, would help."""
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM

    def __init__(
        self,
        directory: Path,
        *,
        tied: bool = True,
        on_start: Callable[["LocalServer"], None] | None = None,
    ) -> None:
        """`tied` servers end with this process; `on_start` is called once a new process exists."""
        self.directory = directory
        self.port = 0
        self._tied = tied
        self._on_start = on_start
        self._child: Child | None = None

    @property
    @abstractmethod
    def url(self) -> str: ...

    @property
    def log(self) -> Path:
        return self.directory / f"{self.name}.log"

    @property
    def child(self) -> Child | None:
        return self._child

    @property
    def pid(self) -> int | None:
        return self._child.pid if self.is_running and self._child else None

    @property
    def is_running(self) -> bool:
        return self._child is not None and self._child.exit_code is None

    @abstractmethod
    async def prepare(self) -> None:
        """Make the data directory if it does not exist."""

    @abstractmethod
    def launch(self) -> Launch: ...

    async def start(self) -> None:
        if self.is_running:
            return
        first = self.port == 0
        if first:
            self.directory.mkdir(parents=True, exist_ok=True)
            await self.prepare()
        # Counted from the end of the first try, which may take longer on a slow machine.
        deadline = None
        while True:
            if first:
                self.port = free_port()
            said = await self._try()
            if said is None:
                return
            now = time.monotonic()
            deadline = deadline or now + RETRY_SECONDS
            if not self.again.search(said) or now > deadline:
                raise ProcessStartError(self.name, str(self.log), tail(said))
            await asyncio.sleep(0.2)

    def keep(self, port: int) -> None:
        """Start it on its data and on the port that an earlier process of it had."""
        self.port = port

    async def stop(self, *, kill: bool = False) -> None:
        if self._child is not None:
            await self._child.stop(signal.SIGKILL if kill else self.stop_signal)

    async def restart(self, *, kill: bool = False) -> None:
        """Stop it, with `kill` by SIGKILL, and start it on the same data and port."""
        await self.stop(kill=kill)
        await self.start()

    async def _try(self) -> str | None:
        """None if it came up, else the text that it logged."""
        child = self._child = Child(self.name, self.launch())
        if self._on_start is not None:
            self._on_start(self)
        try:
            if await child.says(self.ready, within=START_SECONDS):
                return None
        except asyncio.CancelledError:
            await child.stop(signal.SIGKILL)
            raise
        await child.stop(self.stop_signal)
        return child.said()

    def _tie(self) -> signal.Signals | None:
        return self.stop_signal if self._tied else None


class GivenServer:
    """A server that the environment names; it is used, but not started or stopped."""

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self.url = url
        self.pid = None

    async def start(self) -> None:
        """It runs already."""

    async def stop(self, *, kill: bool = False) -> None:
        """It goes on running."""

    async def restart(self, *, kill: bool = False) -> None:
        raise NotOursError(self.name)


def given(name: str, environment: Mapping[str, str]) -> GivenServer | None:
    url = environment.get(variable(name))
    return GivenServer(name, url) if url else None


def variable(name: str) -> str:
    return f"OUTDIAL_{name.upper()}_URL"
