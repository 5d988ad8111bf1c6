"""A database that a release left behind is upgraded, and its counts still equal its rows."""

import asyncio
from pathlib import Path
from uuid import uuid4

import pytest
from alembic import command
from alembic.script import ScriptDirectory

from outdial.stack.servers import LocalServers
from shared.db.migrate import config, migrate
from shared.db.types import Session
from shared.domain.attempts import AttemptState
from shared.domain.contacts import ContactState
from shared.domain.deliveries import DeliveryState
from tests.state_machine import recount
from tests.support.database import connection, database_url

STORED = sorted((Path(__file__).parent / "stored").glob("*.sql"))


@pytest.mark.parametrize("file", STORED, ids=lambda file: file.stem)
async def test_a_stored_database_is_upgraded_and_loses_nothing(
    servers: LocalServers, file: Path
) -> None:
    name = f"stored_{uuid4().hex}"
    url = database_url(servers.postgres.url, name)
    async with connection(servers.postgres.url) as admin:
        await admin.execute(f'CREATE DATABASE "{name}"')
        await asyncio.to_thread(command.upgrade, config(url), file.stem)
        async with connection(url) as conn:
            await conn.execute(file.read_text())
            before = await states_of(conn)

            await asyncio.to_thread(migrate, url)

            head = ScriptDirectory.from_config(config(url)).get_current_head()
            assert await conn.fetchval("SELECT version_num FROM alembic_version") == head
            assert await states_of(conn) == before
            assert await recount.faults(conn) == []
        await admin.execute(f'DROP DATABASE "{name}"')


async def states_of(conn: Session) -> dict[str, dict[str, int]]:
    """The rows in each state; the stored rows are in every one."""
    counts = {}
    for table, known in (
        ("contacts", ContactState),
        ("attempts", AttemptState),
        ("webhook_deliveries", DeliveryState),
    ):
        rows = await conn.fetch(f"SELECT state, count(*) AS rows FROM {table} GROUP BY 1")
        counts[table] = {row["state"]: row["rows"] for row in rows}
        assert set(counts[table]) == set(known), table
    return counts
