"""The pool of PostgreSQL connections of a service."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import asyncpg

from shared.db.types import Pool, Session
from shared.runtime.retries import patiently
from shared.runtime.settings import Settings

# Each statement on a table that grows has its own index, and each join follows a key. Without these
# settings, statistics taken in a burst may make PostgreSQL read the whole table. Only a plain index
# scan marks the dead entries that it meets. See docs/decisions/0009.
PLANNING = {
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
}


@contextlib.asynccontextmanager
async def database(settings: Settings, *, connections: int = 8) -> AsyncIterator[Pool]:
    """The pool of a service; waits up to 30 s for a server that is not there yet."""
    async with contextlib.AsyncExitStack() as stack:
        pool = await patiently("postgres", lambda: open_pool(settings.dsn, connections), seconds=30)
        stack.push_async_callback(_close, pool)
        yield pool


async def open_pool(dsn: str, connections: int = 8) -> Pool:
    """Connections are not reset on release: close one whose session settings you changed."""
    return await asyncpg.create_pool(
        dsn,
        min_size=1,
        max_size=connections,
        command_timeout=30,
        server_settings=PLANNING,
        reset=_leave_as_it_is,
    )


async def ping(pool: Pool) -> None:
    """Raise unless the server answers."""
    await pool.fetchval("SELECT 1")


async def _leave_as_it_is(_conn: Session) -> None:
    """Saves a round trip per use; the pool has rolled back an open transaction before this."""


async def _close(pool: Pool) -> None:
    try:
        await asyncio.wait_for(pool.close(), timeout=5)
    except TimeoutError:
        pool.terminate()
