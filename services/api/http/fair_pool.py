"""Lends the connections of the api fairly: who sends many requests leaves some to the others."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from services.api.http.slots import FairSlots
from shared.db.api.pool import ApiPool
from shared.db.types import Session


@dataclass(frozen=True, slots=True)
class FairPool:
    """As many slots as `pool` has connections, so that the one which is free goes to the tenant
    with the fewest.
    """

    pool: ApiPool
    slots: FairSlots

    @asynccontextmanager
    async def transaction(self, tenant_id: int, *, keep: bool = True) -> AsyncIterator[Session]:
        async with (
            self.slots.slot(tenant_id),
            self.pool.transaction(tenant_id, keep=keep) as conn,
        ):
            yield conn

    @asynccontextmanager
    async def statement(self, tenant_id: int, /) -> AsyncIterator[Session]:
        async with self.slots.slot(tenant_id), self.pool.statement(tenant_id) as conn:
            yield conn
