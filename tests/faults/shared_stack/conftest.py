"""One stack with two dialers, shared by the tests whose faults it survives."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support.stack import RunningStack, running_stack

# Calls last one to three seconds, so some are still up when a server has come back.
LONGER_CALLS = 0.05


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningStack]:
    directory = Path(tmp_path_factory.mktemp("faults")) / "stack"
    async with running_stack(directory, scale={"dialer": 2}, time_scale=LONGER_CALLS) as running:
        yield running
