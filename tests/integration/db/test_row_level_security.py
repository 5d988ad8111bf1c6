"""Row-level security alone keeps tenants apart: statements here name no tenant."""

from collections.abc import AsyncIterator, Mapping
from typing import NamedTuple

import asyncpg
import pytest
import pytest_asyncio

from shared.db.api.pool import ROLE, ApiPool
from shared.db.pool import open_pool
from shared.db.types import Pool, Session

OWN, OTHER = 1, 2
# The tables of tenants without their partitions, and the columns that a row must give.
TABLES = """
    SELECT c.relname AS name, array_agg(a.attname ORDER BY a.attnum) AS columns,
        array_agg(format_type(a.atttypid, NULL) ORDER BY a.attnum) AS types
    FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
        AND NOT c.relispartition AND NOT a.attisdropped
        AND a.attgenerated = '' AND a.attidentity = ''
        AND (a.attname = 'tenant_id' OR a.attnotnull AND NOT a.atthasdef)
    GROUP BY c.relname HAVING 'tenant_id' = ANY (array_agg(a.attname))
"""
# A value of each type by the number of its row.
VALUES = {
    "bigint": "n",
    "boolean": "true",
    "bytea": "('x' || n)::bytea",
    "date": "date '2026-01-01' + n",
    "integer": "n",
    "json": "'{}'",
    "jsonb": "'{}'",
    "numeric": "n",
    "smallint": "n",
    "text": "'x' || n",
    "text[]": "'{x}'",
    "timestamp with time zone": "timestamptz '2026-01-01T00:00:00Z' + n * interval '1 second'",
    "uuid": "('018f0000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid",
}
# Records of who changed what: the api reads them and adds to them, and changes none.
RECORDS = {"audit_log", "campaign_changes", "tenant_rule_changes"}
# A row needs no sense here, so nothing but keys is checked of it.
UNCHECKED = """
    SELECT format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I', conrelid::regclass, conname) AS sql
    FROM pg_constraint WHERE contype IN ('c', 'f') AND connamespace = 'public'::regnamespace
        AND conislocal
"""


class Table(NamedTuple):
    name: str
    columns: Mapping[str, str]

    def rows_of(self, tenant_id: int, count: int = 1) -> str:
        """The statement that inserts rows of the tenant."""
        values = {name: VALUES[kind] for name, kind in self.columns.items()}
        values["tenant_id"] = str(tenant_id)
        return (
            f"INSERT INTO {self.name} ({', '.join(values)})"
            f" SELECT {', '.join(values.values())} FROM generate_series(1, {count}) AS n"
        )


async def unchecked_tables(conn: Session) -> list[Table]:
    """All tables of tenants, from now on without constraints but keys."""
    for constraint in await conn.fetch(UNCHECKED):
        await conn.execute(constraint["sql"])
    return [
        Table(row["name"], dict(zip(row["columns"], row["types"], strict=True)))
        for row in await conn.fetch(TABLES)
    ]


@pytest_asyncio.fixture(loop_scope="session")
async def tables(pool: Pool) -> list[Table]:
    """All tables of tenants, each with a row of two of them."""
    async with pool.acquire() as conn, conn.transaction():
        made = await unchecked_tables(conn)
        await conn.execute("INSERT INTO tenants (name) VALUES ('own'), ('other')")
        for table in made:
            for tenant_id in (OWN, OTHER):
                await conn.execute(table.rows_of(tenant_id))
    return made


@pytest_asyncio.fixture(loop_scope="session")
async def connections(dsn: str) -> AsyncIterator[Pool]:
    """One connection in the api's role, so that each use follows on the one before."""
    async with await open_pool(dsn, 1, role=ROLE) as made:
        yield made


async def seen(conn: Session | Pool, tables: list[Table]) -> dict[str, list[int]]:
    """The tenants whose rows a statement without a condition sees, by table."""
    return {
        table.name: [row[0] for row in await conn.fetch(f"SELECT tenant_id FROM {table.name}")]
        for table in tables
    }


async def test_without_a_tenant_no_table_of_tenants_shows_a_row(
    tables: list[Table], connections: Pool
) -> None:
    assert len(tables) > 25
    assert await seen(connections, tables) == {table.name: [] for table in tables}
    assert await connections.fetch("SELECT id FROM tenants") == []
    assert await connections.fetch("SELECT id FROM campaign_terms") == []


async def test_a_transaction_of_a_tenant_shows_its_rows_only(
    tables: list[Table], connections: Pool
) -> None:
    api = ApiPool(connections)

    async with api.transaction(OWN) as conn:
        assert await seen(conn, tables) == {table.name: [OWN] for table in tables}
        assert await conn.fetchval("SELECT array_agg(id) FROM tenants") == [OWN]
        assert await conn.fetchval("SELECT array_agg(tenant_id) FROM campaign_terms") is None

    assert await seen(connections, tables) == {table.name: [] for table in tables}


async def test_a_row_of_another_tenant_is_not_written(
    tables: list[Table], connections: Pool
) -> None:
    for table in tables:
        statements = [table.rows_of(OTHER)]
        if table.name not in RECORDS:
            statements.append(f"UPDATE {table.name} SET tenant_id = {OTHER}")
        for statement in statements:
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
                async with ApiPool(connections).transaction(OWN) as conn:
                    await conn.execute(statement)


async def test_a_change_of_all_rows_changes_those_of_the_tenant_only(
    tables: list[Table], connections: Pool, pool: Pool
) -> None:
    changed = [table for table in tables if table.name not in RECORDS]
    async with ApiPool(connections).transaction(OWN) as conn:
        for table in changed:
            await conn.execute(f"UPDATE {table.name} SET tenant_id = tenant_id")
            await conn.execute(f"DELETE FROM {table.name}")

    assert await seen(pool, changed) == {table.name: [OTHER] for table in changed}


async def test_records_of_who_changed_what_are_not_changed(connections: Pool) -> None:
    for name in RECORDS:
        for statement in (
            f"UPDATE {name} SET tenant_id = tenant_id",
            f"DELETE FROM {name}",
            f"SELECT FROM {name} FOR UPDATE",
            f"TRUNCATE {name}",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
                async with ApiPool(connections).transaction(OWN) as conn:
                    await conn.execute(statement)


async def test_what_no_tenant_may_see_is_closed(tables: list[Table], connections: Pool) -> None:
    for name in ("trunk_secrets", "public_events_default", "call_records_default"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with ApiPool(connections).transaction(OWN) as conn:
                await conn.execute(f"SELECT FROM {name}")


async def test_a_partition_that_is_made_later_is_closed_and_shows_through_its_table(
    tables: list[Table], connections: Pool, pool: Pool
) -> None:
    await pool.execute("SELECT make_event_day('2026-01-01')")
    await pool.execute(
        "SELECT make_call_month(date '2024-04-01')"  # The month of the UUIDv7 above.
    )

    async with ApiPool(connections).transaction(OWN) as conn:
        assert await conn.fetchval("SELECT array_agg(tenant_id) FROM public_events") == [OWN]
        assert await conn.fetchval("SELECT array_agg(tenant_id) FROM call_records") == [OWN]
    for name in ("public_events_20260101", "call_records_202404"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with ApiPool(connections).transaction(OWN) as conn:
                await conn.execute(f"SELECT FROM {name}")


async def test_a_tenant_reads_the_black_outs_of_the_installation_and_ends_none(
    connections: Pool, pool: Pool
) -> None:
    await pool.execute("INSERT INTO tenants (name) VALUES ('own')")
    await pool.execute("INSERT INTO blackouts (reason) VALUES ('storm')")

    async with ApiPool(connections).transaction(OWN) as conn:
        assert await conn.fetchval("SELECT count(*) FROM blackouts") == 1
        ended = await conn.execute("UPDATE blackouts SET ends_at = clock_timestamp()")
    assert ended == "UPDATE 0"
    assert await connections.fetch("SELECT FROM blackouts") == []


async def test_the_tenant_lasts_for_its_transaction_also_when_that_fails(
    tables: list[Table], connections: Pool
) -> None:
    with pytest.raises(asyncpg.DivisionByZeroError):
        async with ApiPool(connections).transaction(OWN) as conn:
            await conn.execute("SELECT 1 / 0")

    assert await connections.fetch("SELECT FROM contacts") == []


async def test_a_cursor_keeps_the_tenant_to_the_end(
    tables: list[Table], connections: Pool, pool: Pool
) -> None:
    await pool.execute(
        """
        INSERT INTO contacts (tenant_id, campaign_id, calling_group_id, number)
        SELECT tenant_id, 1, 1, 'x' || n FROM generate_series(2, 501) n, unnest($1::int[]) tenant_id
        """,
        [OWN, OTHER],
    )

    async with ApiPool(connections).transaction(OTHER) as conn:
        tenants = [
            row["tenant_id"]
            async for row in conn.cursor("SELECT tenant_id FROM contacts", prefetch=10)
        ]

    assert tenants == [OTHER] * 501


async def test_what_is_not_kept_is_rolled_back(connections: Pool, tables: list[Table]) -> None:
    api = ApiPool(connections)

    async with api.transaction(OWN, keep=False) as conn:
        await conn.execute("DELETE FROM contacts")

    async with api.transaction(OWN) as conn:
        assert await conn.fetchval("SELECT count(*) FROM contacts") == 1
