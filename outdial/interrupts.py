"""Ctrl-C, SIGTERM and a closed terminal end a command tidily, however often they come."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

import typer

INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
EXIT_CODE = 130

Result = TypeVar("Result")


def run_interruptible(work: Coroutine[Any, Any, Result]) -> Result:
    """The first signal cancels the work; later ones are ignored, so that it cleans up."""

    async def watched() -> Result:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        interrupted = asyncio.Event()

        def interrupt() -> None:
            if task is not None and not interrupted.is_set():
                interrupted.set()
                task.cancel()

        for number in INTERRUPTS:
            loop.add_signal_handler(number, interrupt)
        return await work

    try:
        return asyncio.run(watched())
    except asyncio.CancelledError:
        raise typer.Exit(EXIT_CODE) from None
