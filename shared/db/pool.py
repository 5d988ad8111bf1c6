"""The connections to PostgreSQL that a service shares among what it does at once."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import asyncpg

from shared.db.types import Pool, Session
from shared.runtime.retries import patiently
from shared.runtime.settings import Settings

# Every statement on a table that grows has an index made for it. Statistics that were taken in the
# middle of a burst must not talk PostgreSQL into reading the table instead; and only a plain index
# scan remembers which entries it found dead. See docs/decisions/0009.
PLANNING = {"enable_seqscan": "off", "enable_bitmapscan": "off", "jit": "off"}


@contextlib.asynccontextmanager
async def database(settings: Settings, *, connections: int = 8) -> AsyncIterator[Pool]:
    """A pool that waits for a server that is not there yet."""
    async with contextlib.AsyncExitStack() as stack:
        pool = await patiently("postgres", lambda: open_pool(settings.dsn, connections), seconds=30)
        stack.push_async_callback(_close, pool)
        yield pool


async def open_pool(dsn: str, connections: int = 8) -> Pool:
    """Who sets something for longer than a transaction must end the connection."""
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
    """Saves a round trip each time: a transaction that was left open is rolled back before this."""


async def _close(pool: Pool) -> None:
    try:
        await asyncio.wait_for(pool.close(), timeout=5)
    except TimeoutError:
        pool.terminate()
