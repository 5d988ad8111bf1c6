"""One stack that the tests share, except those that need their own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support.otlp import Collector, collecting
from tests.support.stack import FAST, RunningStack, running_stack


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def collector() -> AsyncIterator[Collector]:
    async with collecting() as made:
        yield made


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def stack(
    tmp_path_factory: pytest.TempPathFactory, collector: Collector
) -> AsyncIterator[RunningStack]:
    """Its services send their spans to the collector."""
    async with running_stack(
        Path(tmp_path_factory.mktemp("e2e")) / "stack", environment=FAST | collector.environment
    ) as running:
        yield running
