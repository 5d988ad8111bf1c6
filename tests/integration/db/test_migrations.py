"""The schema on a real server: migrations, constraints and indexes."""

import asyncio
import os
import subprocess
import sys
from uuid import uuid4

import asyncpg
import pytest
from alembic.script import ScriptDirectory

from outdial.stack.servers import LocalServers
from shared.db.api.pool import ROLE
from shared.db.migrate import config, migrate
from shared.db.types import Pool
from tests.support.database import connection, database_url


def newest(url: str) -> str | None:
    return ScriptDirectory.from_config(config(url)).get_current_head()


async def test_migrating_twice_changes_nothing(dsn: str, pool: Pool) -> None:
    await asyncio.to_thread(migrate, dsn)

    assert await pool.fetchval("SELECT version_num FROM alembic_version") == newest(dsn)


# Relations that the api reaches without a policy: what no tenant owns.
OPEN = ("calling_groups", "rate_tables", "rates", "secrets", "trunk_outages", "trunks")
UNGUARDED = """
    SELECT c.relname AS name
    FROM pg_class AS c
    LEFT JOIN pg_attribute AS tenant ON tenant.attrelid = c.oid AND tenant.attname = 'tenant_id'
    WHERE c.relnamespace = 'public'::regnamespace
        AND CASE
            WHEN c.relkind = 'v' THEN NOT coalesce(c.reloptions @> '{security_invoker=true}', false)
            WHEN c.relispartition THEN
                has_any_column_privilege($1, c.oid, 'SELECT, INSERT, UPDATE')
                OR has_table_privilege($1, c.oid, 'DELETE, TRUNCATE')
            WHEN c.relkind IN ('r', 'p') AND c.relname <> ALL ($2::text[]) THEN NOT (
                c.relrowsecurity AND EXISTS (
                    SELECT FROM pg_policy AS policy WHERE policy.polrelid = c.oid
                        AND $1::regrole = ANY (policy.polroles)
                )
                OR tenant.attname IS NULL
                    AND NOT has_any_column_privilege($1, c.oid, 'SELECT, INSERT, UPDATE')
            )
        END
"""


async def unguarded(pool: Pool) -> list[str]:
    """Tables and views of tenants that show the api more than the rows of one tenant.

    A table gets its policy by `open_to_api` of the migrations, a view by `security_invoker`.
    """
    return sorted(row["name"] for row in await pool.fetch(UNGUARDED, ROLE, list(OPEN)))


async def test_no_table_of_tenants_lacks_its_policy(pool: Pool) -> None:
    assert await unguarded(pool) == []


async def test_a_table_or_a_view_without_a_policy_is_found(pool: Pool) -> None:
    await pool.execute("CREATE TABLE lists (tenant_id integer NOT NULL, id bigint)")
    await pool.execute("CREATE VIEW numbers AS SELECT tenant_id, number FROM contacts")
    await pool.execute("CREATE TABLE plans (id bigint); GRANT SELECT ON plans TO outdial_api")
    await pool.execute("GRANT SELECT ON call_records_default TO outdial_api")

    assert await unguarded(pool) == ["call_records_default", "lists", "numbers", "plans"]


CLAIMED = """
    INSERT INTO attempts (tenant_id, id, campaign_id, contact_id, claimed_at, window_closes_at,
        revisit_at, number, state, tzdata_version)
    VALUES (1, uuidv7(), 1, 7, now(), now(), now(), 1, 'claimed', 'x')
"""


async def test_a_contact_cannot_have_two_live_attempts(pool: Pool) -> None:
    await pool.execute(CLAIMED)

    with pytest.raises(asyncpg.UniqueViolationError, match="attempts_live"):
        await pool.execute(CLAIMED)


@pytest.mark.parametrize(
    "change",
    [
        "state = 'dialing'",
        "state = 'placed', dialing_at = now()",
        "state = 'ended', dialing_at = now(), ended_at = now(), revisit_at = NULL",
        "state = 'unknown', dialing_at = now(), ended_at = now(), outcome = 'busy'",
        "state = 'dropped', ended_at = now(), revisit_at = NULL, outcome = 'busy'",
        "revisit_at = NULL",
    ],
)
async def test_a_state_without_its_facts_cannot_be_stored(pool: Pool, change: str) -> None:
    await pool.execute(CLAIMED)

    with pytest.raises(asyncpg.CheckViolationError):
        await pool.execute(f"UPDATE attempts SET {change}")


async def test_two_migrators_at_once_take_turns(servers: LocalServers) -> None:
    name = f"migrated_{uuid4().hex}"
    url = database_url(servers.postgres.url, name)
    async with connection(servers.postgres.url) as admin:
        await admin.execute(f'CREATE DATABASE "{name}"')

        await asyncio.gather(*(asyncio.to_thread(migrate_apart, url) for _ in range(2)))

        async with connection(url) as migrated:
            assert await migrated.fetchval("SELECT version_num FROM alembic_version") == newest(url)
        await admin.execute(f'DROP DATABASE "{name}"')


def migrate_apart(url: str) -> None:
    """Runs in a process of its own, because Alembic has one context per process."""
    subprocess.run(
        [sys.executable, "-m", "shared.db.migrate"],
        env={**os.environ, "OUTDIAL_POSTGRES_URL": url},
        check=True,
    )


async def test_updates_of_a_live_attempt_change_no_index(pool: Pool) -> None:
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute(CLAIMED)
        await conn.execute("UPDATE attempts SET revisit_at = now() + interval '1 hour'")
        await conn.execute("UPDATE attempts SET state = 'dialing', dialing_at = now()")
        await conn.execute(
            "UPDATE attempts SET state = 'placed', placed_at = now(), provider_call_id = 'x'"
        )
        within_the_page = await conn.fetchval(
            "SELECT n_tup_hot_upd FROM pg_stat_xact_user_tables WHERE relname = 'attempts'"
        )

    assert within_the_page == 3
