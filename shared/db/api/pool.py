"""The connections of the api: each is lent for a transaction of one tenant, or for a statement."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

import asyncpg

from shared.db.types import Pool, Session

# Made by the migrations. Its policies show it nothing while no tenant is set.
ROLE = "outdial_api"


@dataclass(frozen=True, slots=True)
class ApiPool:
    """Lends the connections of a pool in this role."""

    _pool: Pool

    @contextlib.asynccontextmanager
    async def transaction(self, tenant_id: int, *, keep: bool = True) -> AsyncIterator[Session]:
        """Sees and writes rows of this tenant only. Without `keep` it is always rolled back."""
        async with self._pool.acquire() as conn:
            # One round trip for both. The setting ends with the transaction.
            await conn.execute(f"BEGIN; SET LOCAL outdial.tenant_id = {tenant_id:d}")
            try:
                yield conn
            except BaseException:
                await _roll_back(conn)
                raise
            await conn.execute("COMMIT" if keep else "ROLLBACK")

    @contextlib.asynccontextmanager
    async def statement(self, _tenant_id: int, /) -> AsyncIterator[Session]:
        """For one statement that sets the tenant itself. Any other sees no row of a tenant."""
        async with self._pool.acquire() as conn:
            yield conn


async def _roll_back(conn: Session) -> None:
    """A connection that broke has nothing to roll back, and the error is told that broke it."""
    with contextlib.suppress(asyncpg.PostgresConnectionError, asyncpg.InterfaceError, OSError):
        await conn.execute("ROLLBACK")
