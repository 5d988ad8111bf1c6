"""Erasures, whose operation is run step by step."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from services.api.http.resources import Resources
from services.api.operation_runner import OperationRunner
from services.scheduler.end_teller import EndTeller
from shared.db.api import operations
from shared.db.types import Pool
from shared.kafka.messages.envelope import Message
from shared.runtime.process import now
from tests.support.api import Api
from tests.support.campaigns import a_rulebook
from tests.support.database import api_pool


@asynccontextmanager
async def erasing(pool: Pool) -> AsyncIterator[OperationRunner]:
    async def publish(_messages: Sequence[Message]) -> None:
        raise AssertionError

    async with api_pool(pool) as own:
        yield OperationRunner(Resources(pool=own, publish=publish, rulebook=a_rulebook()))


async def erase(api: Api, **asked: Any) -> dict[str, Any]:
    return await api.post("/v1/erasures", asked, status=202)


async def told(api: Api) -> None:
    """The scheduler tells all ends."""
    while await EndTeller(api.pool).run_once(now()):
        pass


async def step(api: Api, runner: OperationRunner, begun: dict[str, Any]) -> dict[str, Any]:
    """One try of the operation, which is due at once, after the scheduler has told all ends."""
    await told(api)
    await api.pool.execute("UPDATE operations SET not_before = NULL")
    operation = await operations.take(api.pool, lease=uuid4())
    assert operation is not None
    await runner.run(operation)
    return await api.get(f"/v1/operations/{begun['id']}")
