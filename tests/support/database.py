"""One migrated template database per session, and a copy of it for each test."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest_asyncio

from outdial.stack.servers import LocalServers
from shared.db.api.pool import ROLE, ApiPool
from shared.db.migrate import migrate
from shared.db.pool import open_pool
from shared.db.types import Pool, Session

_numbers = count(1)


def database_url(url: str, name: str) -> str:
    """The address of another database on the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


@asynccontextmanager
async def connection(url: str, *, command_timeout: float | None = None) -> AsyncIterator[Session]:
    """A connection that is closed at the end, whatever happens: one left open fails later tests."""
    conn = await asyncpg.connect(url, command_timeout=command_timeout)
    try:
        yield conn
    finally:
        await conn.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def template(servers: LocalServers) -> AsyncIterator[str]:
    name = f"outdial_template_{id(servers)}"
    conn = await asyncpg.connect(servers.postgres.url)
    await conn.execute(f'CREATE DATABASE "{name}"')
    await asyncio.to_thread(migrate, database_url(servers.postgres.url, name))
    yield name
    await conn.execute(f'DROP DATABASE "{name}"')
    await conn.close()


@pytest_asyncio.fixture(loop_scope="session")
async def dsn(servers: LocalServers, template: str) -> AsyncIterator[str]:
    """The address of a new, empty database for this test."""
    name = f"{template}_{next(_numbers)}"
    conn = await asyncpg.connect(servers.postgres.url)
    await conn.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
    yield database_url(servers.postgres.url, name)
    await conn.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await conn.close()


@pytest_asyncio.fixture(loop_scope="session")
async def pool(dsn: str) -> AsyncIterator[Pool]:
    async with await open_pool(dsn) as made:
        yield made


async def one_waits_for_a_lock(pool: Pool) -> bool:
    """Whether a transaction of this database waits for another."""
    waits: bool = await pool.fetchval(
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()"
        " AND wait_event_type = 'Lock')"
    )
    return waits


@asynccontextmanager
async def api_pool(pool: Pool) -> AsyncIterator[ApiPool]:
    """The api's pool on the same database; `pool` is in the role of its owner."""
    (dsn,) = pool._connect_args  # type: ignore[attr-defined]
    async with await open_pool(dsn, role=ROLE) as made:
        yield ApiPool(made)
