"""The session's PostgreSQL, Redis and Kafka: real ones, or those that the environment names."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from outdial.stack.servers import LocalServers


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def servers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LocalServers]:
    directory = Path(tmp_path_factory.mktemp("servers"))
    # A killed process loses nothing without fsync, only a crashed machine does.
    local = LocalServers(directory, fsync=False)
    await local.start()
    yield local
    await local.stop(kill=True)
    shutil.rmtree(directory)
