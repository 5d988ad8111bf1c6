"""Who has a stack's directory, and how the processes of a vanished owner are ended."""

import asyncio
import fcntl
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from outdial.stack import state as states
from outdial.stack.errors import StackError
from outdial.stack.processes import POLL_SECONDS
from outdial.stack.state import STOP_ORDER, Process, State

STOP_SECONDS = 20.0


@contextmanager
def claim(directory: Path) -> Iterator[None]:
    """One command at a time starts a stack in a directory; released even by kill -9."""
    # Open to be passed through, because PostgreSQL never runs as root; the files in it are not.
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackError(
                f"another `outdial` runs a stack in {directory}: `outdial down` stops it, "
                "`--dir` chooses another directory"
            ) from None
        yield


async def stop_leftovers(directory: Path) -> None:
    """End what a killed command left behind; refuse to touch a stack that runs."""
    left = states.load(directory)
    if left is None:
        return
    if left.is_alive:
        raise StackError(
            f"a stack runs in {directory} already: `outdial status` shows it, "
            "`outdial down` stops it"
        )
    await stop_recorded(left)


async def stop_supervisor(state: State) -> None:
    """The command in another terminal ends its own processes, in order, and then itself."""
    if not state.is_supervised:
        return
    state.supervisor.send(signal.SIGTERM)
    deadline = time.monotonic() + 3 * STOP_SECONDS
    while state.supervisor.is_alive() and time.monotonic() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(POLL_SECONDS)


async def stop_recorded(state: State) -> int:
    """Callers before those they call; how many processes were ended."""
    living = state.living()
    for roles in STOP_ORDER:
        await _stop_all([each for each in living if each.role in roles])
    return len(living)


async def _stop_all(processes: list[Process]) -> None:
    """They are nobody's children here, so they are watched by their identity."""
    deadline = time.monotonic() + STOP_SECONDS
    for process in processes:
        process.identity.send(signal.Signals(process.stop_signal))
    while any(process.identity.is_alive() for process in processes):
        if time.monotonic() > deadline:
            for process in processes:
                process.identity.send(signal.SIGKILL)
        await asyncio.sleep(POLL_SECONDS)
