"""Child processes, each with a log file and an identity by which a later command finds it."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from outdial.stack import launcher
from outdial.stack.errors import StackError

POLL_SECONDS = 0.02
LARGEST_TAIL = 1 << 20


@dataclass(frozen=True, slots=True)
class Identity:
    """A process id with the start of the process, because the system reuses ids."""

    pid: int
    started: str

    def is_alive(self) -> bool:
        return started_at(self.pid) == self.started

    def send(self, number: signal.Signals) -> None:
        if self.is_alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """How to start a program; `tie` is the signal that it gets when this process ends."""

    command: Sequence[str]
    log: Path
    env: Mapping[str, str] | None = None
    cwd: Path | None = None
    tie: signal.Signals | None = None
    user: str = ""
    search: bool = False


class Child:
    """A process that this one started, in its own session so that Ctrl-C does not reach it."""

    def __init__(self, name: str, launch: Launch) -> None:
        self.name = name
        self.log = launch.log
        launch.log.parent.mkdir(parents=True, exist_ok=True)
        self._log_start = launch.log.stat().st_size if launch.log.exists() else 0
        with launch.log.open("ab") as output:
            self._popen = subprocess.Popen(  # noqa: S603 - our own command line
                _wrapped(launch),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=None if launch.env is None else dict(launch.env),
                cwd=launch.cwd,
                start_new_session=True,
            )
        self.identity = Identity(self._popen.pid, started_at(self._popen.pid) or "")

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def exit_code(self) -> int | None:
        return self._popen.poll()

    def said(self) -> str:
        """The text that it wrote to its log since its start, at most the last megabyte."""
        with self.log.open("rb") as lines:
            lines.seek(max(self._log_start, self.log.stat().st_size - LARGEST_TAIL))
            return lines.read().decode(errors="replace")

    async def says(self, words: str, *, within: float) -> bool:
        """Whether it wrote `words` in time, and still runs."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            ended = self.exit_code is not None
            if words in self.said():
                return not ended
            if ended:
                return False
            await asyncio.sleep(POLL_SECONDS)
        return False

    async def wait(self, within: float | None = None) -> int | None:
        """Its exit code, or None if it still runs after `within` seconds."""
        deadline = None if within is None else time.monotonic() + within
        while (code := self.exit_code) is None:
            if deadline is not None and time.monotonic() > deadline:
                return None
            await asyncio.sleep(POLL_SECONDS)
        return code

    def send(self, number: signal.Signals) -> None:
        self._popen.send_signal(number)

    async def stop(self, number: signal.Signals = signal.SIGTERM, *, within: float = 15) -> None:
        """Send the signal; kill the process if it does not end in time."""
        try:
            if self.exit_code is None:
                self.send(number)
            if await self.wait(within) is not None:
                return
        finally:
            # Also if this task is cancelled: a child that still runs is worse than a killed one.
            if self.exit_code is None:
                self._popen.kill()
        await self.wait()


async def run(name: str, launch: Launch) -> None:
    """Run a program to its end; a failure raises an error with the end of its log."""
    child = Child(name, launch)
    try:
        code = await child.wait()
    finally:
        await child.stop(within=2)
    if code != 0:
        raise StackError(f"{name} failed:\n{tail(child.said())}")


def tail(text: str, lines: int = 20) -> str:
    return "\n".join(text.splitlines()[-lines:])


def started_at(pid: int) -> str | None:
    """A mark of the start of a process; None if it has ended.

    It is made of boot and clock ticks: a time would change when the clock is set.
    """
    stat = Path(f"/proc/{pid}/stat")
    if not stat.parent.parent.joinpath("self").exists():
        return _started_at_by_ps(pid)
    try:
        # The name in parentheses may contain spaces and parentheses.
        fields = stat.read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else f"{_boot()}/{fields[19]}"


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]


def _started_at_by_ps(pid: int) -> str | None:
    command = ["/bin/ps", "-o", "lstart=", "-p", str(pid)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return answer.stdout.strip() or None


def _wrapped(launch: Launch) -> list[str]:
    tie = launch.tie if launch.tie is not None and sys.platform == "linux" else 0
    if not tie and not launch.user:
        return list(launch.command)
    # execv needs the whole path.
    program = shutil.which(launch.command[0]) or launch.command[0]
    return [
        *(sys.executable, "-I", "-S", launcher.__file__),
        *(str(os.getpid()), str(int(tie)), launch.user, "1" if launch.search else "0"),
        *(program, *launch.command[1:]),
    ]
