"""The connections of the api, which it gets for a transaction of one tenant and not otherwise."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

import asyncpg

from shared.db.types import Pool, Session

# Made by the migrations. Its policies show it nothing while no tenant is set.
ROLE = "outdial_api"


@dataclass(frozen=True, slots=True)
class ApiPool:
    """Lends the connections of a pool in this role, each for one transaction of one tenant."""

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


async def _roll_back(conn: Session) -> None:
    """A connection that broke has nothing to roll back, and the error is told that broke it."""
    with contextlib.suppress(asyncpg.PostgresConnectionError, asyncpg.InterfaceError, OSError):
        await conn.execute("ROLLBACK")
