"""The owner of a stack's directory, and how the processes of a killed owner are ended."""

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
    """Lock the directory for one command that starts a stack; kill -9 also unlocks it."""
    # Others may enter it, because PostgreSQL never runs as root; they cannot read the files in it.
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = (directory / "lock").open("w")
    except OSError as error:
        raise StackError(f"{directory} cannot be written: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackError(
                f"another `outdial` runs a stack in {directory}: `outdial down` stops it, "
                "`--dir` chooses another directory"
            ) from None
        yield


async def stop_leftovers(directory: Path) -> None:
    """End the processes that a killed command left behind; refuse if the stack still runs."""
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
    """Let the command in another terminal end its processes, in order, and then itself."""
    if not state.is_supervised:
        return
    state.supervisor.send(signal.SIGTERM)
    deadline = time.monotonic() + 3 * STOP_SECONDS
    while state.supervisor.is_alive() and time.monotonic() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(POLL_SECONDS)


async def stop_recorded(state: State) -> int:
    """End callers before the processes that they call; returns how many were ended."""
    living = state.living()
    for roles in STOP_ORDER:
        await _stop_all([process for process in living if process.role in roles])
    return len(living)


async def _stop_all(processes: list[Process]) -> None:
    """Send the signals and wait; the processes are no children of this one, so it polls them."""
    deadline = time.monotonic() + STOP_SECONDS
    for process in processes:
        process.identity.send(signal.Signals(process.stop_signal))
    while any(process.identity.is_alive() for process in processes):
        if time.monotonic() > deadline:
            for process in processes:
                process.identity.send(signal.SIGKILL)
        await asyncio.sleep(POLL_SECONDS)
