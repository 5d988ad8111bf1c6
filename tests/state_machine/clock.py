"""A clock that moves only when a test sets it; PostgreSQL and the dialer read it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from shared.db.types import Session

# The schema comes first in the search path, so the product's queries call this function.
SCHEMA = """
    CREATE SCHEMA virtual;
    CREATE TABLE virtual.clock (at timestamptz NOT NULL);
    INSERT INTO virtual.clock VALUES ('epoch');
    CREATE FUNCTION virtual.clock_timestamp() RETURNS timestamptz LANGUAGE sql
        RETURN (SELECT at FROM virtual.clock);
    GRANT USAGE ON SCHEMA virtual TO outdial_api;
    GRANT SELECT ON virtual.clock TO outdial_api;
"""
READERS = tuple(
    f"services.dialer.{module}"
    for module in (
        "candidates",
        "compare_and_set",
        "handlers",
        "originator",
        "reconciler",
        "reporter",
    )
)


async def install(dsn: str) -> None:
    """Install the clock for every later connection to this database."""
    conn = await asyncpg.connect(dsn)
    try:
        await conn.execute(SCHEMA)
        name = await conn.fetchval("SELECT current_database()")
        await conn.execute(f'ALTER DATABASE "{name}" SET search_path = virtual, pg_catalog, public')
    finally:
        await conn.close()


class Clock:
    def __init__(self, conn: Session) -> None:
        self._conn = conn
        self.at = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    async def set(self, at: datetime) -> None:
        self.at = at
        await self._conn.execute("UPDATE virtual.clock SET at = $1", at)

    async def tick(self, span: timedelta) -> None:
        await self.set(self.at + span)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Make the modules of the dialer read this clock."""
        with pytest.MonkeyPatch.context() as patch:
            for module in READERS:
                patch.setattr(f"{module}.now", self)
            yield
