"""Clients of the dialects."""

from collections.abc import AsyncIterator

import pytest_asyncio

from shared.db.types import Pool
from tests.support.wavix import Wavix, serving_wavix


@pytest_asyncio.fixture(loop_scope="session")
async def wavix(pool: Pool) -> AsyncIterator[Wavix]:
    async with serving_wavix(pool) as client:
        yield client
