"""Starts programs of the product as forks of one process that has imported them already.

An import of the product takes a second or two, which is longer than most tests. A fork is a process
as any other: it has its own id, loop, environment and log, and is killed in the same way.
"""

import importlib
import json
import multiprocessing
import os
import runpy
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from types import ModuleType
from typing import Any

from outdial.stack import launcher
from outdial.stack.processes import Child, Identity, Launch, started_at
from shared.runtime import failpoints
from tests.support.waiting import PATIENCE

PRELOADED = (
    *(f"services.{name}.__main__" for name in ("api", "scheduler", "dialer", "events")),
    "outdial.carrier.command",
    "outdial.carrier.process",
    "shared.db.migrate",
    "outdial.__main__",
    "tests.support.twilio_carrier.calls",
)
_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload([__name__, *PRELOADED])


def start(name: str, launch: Launch) -> Child:
    """A fork for `python -m MODULE`; any other program is started as the product does it."""
    return Forked(name, launch) if _module(launch) else Child(name, launch)


async def first_line(process: Child) -> dict[str, Any]:
    """The JSON that a program prints when it is ready."""
    assert await process.says("\n", within=PATIENCE), process.said()
    line: dict[str, Any] = json.loads(process.said().splitlines()[0])
    return line


async def outdial(*arguments: str, **environment: str) -> tuple[int, str]:
    """Run a command with these variables too; return its exit code and the text it printed."""
    with NamedTemporaryFile() as log:
        launch = Launch(
            command=(sys.executable, "-m", "outdial", *arguments),
            log=Path(log.name),
            env=os.environ | environment,
        )
        command = start("outdial", launch)
        code = await command.wait(PATIENCE)
        assert code is not None
        return code, command.said()


class Forked(Child):
    def __init__(self, name: str, launch: Launch) -> None:
        self.name = name
        self.log = launch.log
        launch.log.parent.mkdir(parents=True, exist_ok=True)
        self._log_start = launch.log.stat().st_size if launch.log.exists() else 0
        launch.log.touch()
        process = _forks.Process(target=_become, args=(launch,), daemon=True)
        with _no_main():
            process.start()
        self._popen: Any = _Popen(process)
        self.identity = Identity(self._popen.pid, started_at(self._popen.pid) or "")


@contextmanager
def _no_main() -> Iterator[None]:
    """Multiprocessing would import the main program, pytest, into the fork."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


class _Popen:
    """The methods of `subprocess.Popen` that a `Child` calls."""

    def __init__(self, process: Any) -> None:
        self._process = process
        self.pid: int = process.pid

    def poll(self) -> int | None:
        code: int | None = self._process.exitcode
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _module(launch: Launch) -> bool:
    return list(launch.command[:2]) == [sys.executable, "-m"]


def _become(launch: Launch) -> None:
    """Runs in the fork: become the program, as `execv` would."""
    os.setsid()
    if launch.tie is not None:
        launcher.tie_to(os.getppid(), int(launch.tie))
    for number, flags in ((0, os.O_RDONLY), (1, os.O_WRONLY | os.O_APPEND)):
        file = os.open(os.devnull if number == 0 else launch.log, flags)
        os.dup2(file, number)
        os.close(file)
    os.dup2(1, 2)
    if launch.cwd is not None:
        os.chdir(launch.cwd)
    if launch.env is not None:
        os.environ.clear()
        os.environ.update(launch.env)
    # The only module that reads the environment when it is imported.
    importlib.reload(failpoints)
    module, *arguments = launch.command[2:]
    sys.argv = [module, *arguments]
    # Otherwise runpy warns that the program is imported already.
    sys.modules.pop(module, None)
    sys.modules.pop(f"{module}.__main__", None)
    runpy.run_module(module, run_name="__main__", alter_sys=True)
