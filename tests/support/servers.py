"""The session's PostgreSQL, Redis and Kafka: local ones, containers, or those in the environment.

`OUTDIAL_TEST_SERVERS=containers` starts them with Docker, or with another engine at DOCKER_HOST.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from outdial.stack.servers import LocalServers

# Java compiles quickly, and only once: a Kafka of a test starts in half of the time.
os.environ.setdefault("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def servers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LocalServers]:
    directory = Path(tmp_path_factory.mktemp("servers"))
    async with AsyncExitStack() as stack:
        # A killed process loses nothing without fsync, only a crashed machine does.
        local = LocalServers(directory, fsync=False, environment=await _given(stack))
        await local.start()
        yield local
        await local.stop(kill=True)
        shutil.rmtree(directory)


async def _given(stack: AsyncExitStack) -> dict[str, str]:
    """The addresses of servers that are not local processes."""
    if os.environ.get("OUTDIAL_TEST_SERVERS") != "containers":
        return dict(os.environ)
    # The package is imported only here: it asks for a container engine.
    from tests.support.containers import containers  # noqa: PLC0415

    started = containers()
    addresses = await asyncio.to_thread(started.__enter__)
    stack.push_async_callback(asyncio.to_thread, started.__exit__, None, None, None)
    return addresses
