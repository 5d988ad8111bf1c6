"""The API as a process with a socket, for tests."""

import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from outdial.client import Client
from outdial.stack.ports import free_port
from outdial.stack.processes import Child, Launch
from shared.db import trunks
from shared.db.types import Pool
from tests.support import forked
from tests.support.api import a_tenant
from tests.support.waiting import PATIENCE, until

NOWHERE = "127.0.0.1:9"


@dataclass(frozen=True, slots=True)
class Process:
    url: str
    key: str
    process: Child

    def client(self) -> Client:
        return Client(self.url, self.key)

    async def stop(self) -> int:
        self.process.send(signal.SIGTERM)
        code = await self.process.wait(PATIENCE)
        assert code is not None
        return code


@asynccontextmanager
async def api_process(
    dsn: str, pool: Pool, *, kafka: str, log: Path, **settings: str
) -> AsyncIterator[Process]:
    key = await a_caller(pool)
    launched = serving_process(dsn, free_port(), kafka=kafka, log=log, **settings)
    async with launched as (url, process):
        yield Process(url, key, process)


@asynccontextmanager
async def serving_process(
    dsn: str, port: int, *, kafka: str, log: Path, **settings: str
) -> AsyncIterator[tuple[str, Child]]:
    """The address of an api that is ready, and its process."""
    environment = os.environ | {
        "OUTDIAL_POSTGRES_URL": dsn,
        "OUTDIAL_REDIS_URL": "redis://127.0.0.1:9",
        "OUTDIAL_KAFKA_URL": kafka,
        "OUTDIAL_PORT": str(port),
        **settings,
    }
    launch = Launch(command=(sys.executable, "-m", "services.api"), log=log, env=environment)
    process = forked.start("api", launch)
    url = f"http://127.0.0.1:{port}"
    try:
        await until(lambda: _is_ready(url))
        yield url, process
    finally:
        await process.stop(signal.SIGKILL)


async def _is_ready(url: str) -> bool:
    try:
        async with aiohttp.ClientSession() as session, session.get(f"{url}/readyz") as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


async def a_caller(pool: Pool) -> str:
    """The API key of a tenant that may use the trunk."""
    async with pool.acquire() as conn:
        await trunks.upsert(
            conn, name="default", provider="simulated", settings={"url": "http://127.0.0.1:9"}
        )
    return (await a_tenant(pool, "tenant"))[1]
