"""One stack that the tests share, except those that need their own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support.stack import RunningStack, running_stack


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningStack]:
    async with running_stack(Path(tmp_path_factory.mktemp("e2e")) / "stack") as running:
        yield running
