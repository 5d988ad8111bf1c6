"""Waits for a condition, with a deadline, so that tests do not sleep."""

import asyncio
import time
from collections.abc import Awaitable, Callable

# So long that only what never becomes true fails, also on a machine that is ten times slower.
PATIENCE = 120.0


async def until(
    condition: Callable[[], Awaitable[bool] | bool],
    *,
    seconds: float = PATIENCE,
    every: float = 0.01,
) -> None:
    """`every` is the pause between two checks in seconds."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer if isinstance(answer, bool) else await answer:
            return
        if time.monotonic() > deadline:
            raise TimeoutError(f"not true within {seconds} s")
        await asyncio.sleep(every)
