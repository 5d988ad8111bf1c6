"""Runs the SQL migrations over asyncpg, one migrator at a time."""

import asyncio

import asyncpg
from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from shared.db.locks import LockClass
from shared.db.pool import unreachable

REFUSED = (OSError, asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError)


def run_on(connection: Connection) -> None:
    # A lock of the session, not of a transaction: each migration has its own transaction.
    lock = text("SELECT pg_advisory_lock(:lock, 0)")
    connection.execute(lock, {"lock": int(LockClass.MIGRATION)})
    connection.execute(text("SET lock_timeout = '5s'"))
    connection.commit()
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


async def run_online(dsn: str) -> None:
    """Connect by asyncpg itself, so that the address means the same as for the services.

    Ends the program with one line if the server does not take connections.
    """

    async def connect() -> "asyncpg.Connection[asyncpg.Record]":
        try:
            return await asyncpg.connect(dsn)
        except REFUSED as error:
            raise SystemExit(unreachable(dsn, error)) from None

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(run_on)
    await engine.dispose()


if context.is_offline_mode():
    context.configure(dialect_name="postgresql")
    with context.begin_transaction():
        context.run_migrations()
else:
    asyncio.run(run_online(context.config.attributes["dsn"]))
