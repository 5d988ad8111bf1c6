"""The role of the api on a server whose database belongs to no superuser."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
import pytest_asyncio

from outdial.stack.postgres import PostgresServer
from shared.db.api.pool import ROLE, ApiPool
from shared.db.pool import open_pool
from tests.support.database import connection, database_url


@pytest_asyncio.fixture(loop_scope="session")
async def managed(tmp_path: Path) -> AsyncIterator[str]:
    """A server of its own, because roles belong to the whole server."""
    server = PostgresServer(tmp_path, fsync=False)
    await server.prepare()
    await server.start()
    try:
        yield server.url
    finally:
        await server.stop()


async def an_owner(url: str, name: str, rights: str) -> str:
    """The address of a new database, as its owner."""
    async with connection(url) as admin:
        await admin.execute(f"CREATE ROLE {name} LOGIN {rights} PASSWORD 'x'")
        await admin.execute(f"CREATE DATABASE {name} OWNER {name}")
    parts = urlsplit(database_url(url, name))
    return urlunsplit(parts._replace(netloc=f"{name}:x@{parts.netloc.rpartition('@')[2]}"))


async def migrated(url: str) -> "subprocess.CompletedProcess[str]":
    """In a process of its own, because Alembic has one context per process."""
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "shared.db.migrate"],
        env={**os.environ, "OUTDIAL_POSTGRES_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )


async def sees_its_tenant_only(url: str) -> bool:
    async with connection(url) as owner:
        await owner.execute("INSERT INTO tenants (name) VALUES ('one'), ('two')")
        assert await owner.fetchval("SELECT count(*) FROM tenants") == 2
    async with (
        await open_pool(url, 1, role=ROLE) as own,
        ApiPool(own).transaction(2) as conn,
    ):
        seen: list[int] = await conn.fetchval("SELECT array_agg(id) FROM tenants")
    return seen == [2]


async def test_an_owner_who_may_create_roles_makes_that_of_the_api(managed: str) -> None:
    url = await an_owner(managed, "creator", "CREATEROLE")

    done = await migrated(url)

    assert done.returncode == 0, done.stderr
    assert await sees_its_tenant_only(url)


async def test_an_owner_who_may_not_is_told_what_an_administrator_must_do(managed: str) -> None:
    url = await an_owner(managed, "plain", "")

    refused = await migrated(url)
    async with connection(managed) as admin:
        assert "let an administrator run: CREATE ROLE outdial_api NOLOGIN; " in refused.stderr
        await admin.execute("CREATE ROLE outdial_api NOLOGIN")
        await admin.execute("GRANT outdial_api TO plain WITH SET TRUE, INHERIT FALSE")
    done = await migrated(url)

    assert done.returncode == 0, done.stderr
    assert await sees_its_tenant_only(url)


async def test_a_role_that_no_policy_binds_is_refused(managed: str) -> None:
    async with connection(managed) as admin:
        await admin.execute("CREATE ROLE outdial_api BYPASSRLS")

    refused = await migrated(managed)

    assert "must be neither a superuser nor BYPASSRLS" in refused.stderr


async def test_the_api_may_connect_as_a_user_who_is_no_owner(managed: str) -> None:
    url = await an_owner(managed, "creator", "CREATEROLE")
    await migrated(url)
    async with connection(managed) as admin:
        await admin.execute("CREATE ROLE front LOGIN PASSWORD 'x'")
        await admin.execute("GRANT outdial_api TO front")

    front = url.replace("creator:x@", "front:x@")
    async with await open_pool(front, 1, role=ROLE) as own:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await own.execute("RESET ROLE; SELECT FROM trunk_secrets")
