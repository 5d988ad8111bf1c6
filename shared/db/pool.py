"""The pool of PostgreSQL connections of a service."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import asyncpg

from shared.db.types import Pool, Session
from shared.runtime.faults import in_words
from shared.runtime.retries import TRANSIENT, patiently
from shared.runtime.settings import Settings, variable

# How long a service waits at its start for a server that is not there yet.
START_SECONDS = 30.0
# Also a wrong password, or a database that does not exist.
AWAY: tuple[type[Exception], ...] = (*TRANSIENT, asyncpg.PostgresError)

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
async def database(
    settings: Settings, *, connections: int = 8, role: str | None = None
) -> AsyncIterator[Pool]:
    """The pool of a service. Ends the program with one line if no server takes connections.

    `role` is one that the user of the database takes on.
    """
    async with contextlib.AsyncExitStack() as stack:
        try:
            pool = await patiently(
                "postgres",
                lambda: open_pool(settings.dsn, connections, role=role),
                seconds=START_SECONDS,
            )
        except AWAY as error:
            raise SystemExit(unreachable(settings.dsn, error)) from None
        stack.push_async_callback(_close, pool)
        yield pool


def unreachable(dsn: str, error: Exception) -> str:
    """Names the place without user and password."""
    place = urlsplit(dsn).netloc.rpartition("@")[2]
    named = f"the database at {place}, as {variable('postgres_url')} names it"
    return f"{named}, does not take connections: {in_words(error)}"


async def open_pool(dsn: str, connections: int = 8, *, role: str | None = None) -> Pool:
    """Connections are not reset on release: close one whose session settings you changed.

    In a role they have its rights from the first statement on, and those of the user no more.
    """
    return await asyncpg.create_pool(
        dsn,
        min_size=1,
        max_size=connections,
        command_timeout=30,
        server_settings=PLANNING if role is None else PLANNING | {"role": role},
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
