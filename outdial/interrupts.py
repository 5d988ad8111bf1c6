"""Ctrl-C, SIGTERM and a closed terminal end a command tidily, however often they come."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import typer

INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
EXIT_CODE = 130

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def interruptible(
    command: Callable[Parameters, Coroutine[Any, Any, Result]],
) -> Callable[Parameters, Result]:
    """Make an async function a command: the first signal cancels it, later ones are ignored."""

    @wraps(command)
    def run(*arguments: Parameters.args, **options: Parameters.kwargs) -> Result:
        try:
            return asyncio.run(_until_interrupted(command(*arguments, **options)))
        except asyncio.CancelledError:
            raise typer.Exit(EXIT_CODE) from None

    return run


async def _until_interrupted(work: Coroutine[Any, Any, Result]) -> Result:
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    interrupted = asyncio.Event()

    def interrupt() -> None:
        if task is not None and not interrupted.is_set():
            interrupted.set()
            task.cancel()

    for number in INTERRUPTS:
        loop.add_signal_handler(number, interrupt)
    return await work
