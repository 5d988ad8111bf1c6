"""Behind row-level security the statements of the api use their indexes as without it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from shared.db.api.pool import ROLE
from shared.db.pool import open_pool
from shared.db.types import Pool, Session
from tests.integration.db.test_row_level_security import unchecked_tables
from tests.integration.db.test_tenant_leads import statements

QUERIES = Path("shared/db/api")
# Enough for an index to be worth its use.
TENANTS, ROWS = 4, 1_000
SHARED = ("caller_id_uses", "calling_groups", "policies", "spend", "waiting_counts")
# Only the command line runs these, as the owner of the database.
OWNERS = {"shared.db.api.tenants:create", "shared.db.api.tenants:every"}
# The temporary tables of imports, and a function, because only it can explain a statement with $1.
BESIDE = """
    CREATE TEMPORARY TABLE import_rows (
        line bigint, group_number integer, has_place boolean, number text, external_id text,
        attributes jsonb, expires_at timestamptz, others jsonb
    );
    CREATE TEMPORARY TABLE suppression_rows (
        line bigint, number text, reason text, expires_at timestamptz
    );
    CREATE FUNCTION pg_temp.plan_of(sql text) RETURNS json LANGUAGE plpgsql AS $$
    DECLARE plan json;
    BEGIN
        EXECUTE 'EXPLAIN (GENERIC_PLAN, FORMAT JSON) ' || sql INTO plan;
        RETURN plan -> 0 -> 'Plan';
    END $$
"""
# The status of a command, or a template.
_NO_STATEMENT = re.compile(r"^(UPDATE|DELETE|INSERT 0) 0$|parameter")
_COMPARED = re.compile(r"\((\w+) (?:=|<|>|<=|>=) ")


async def searches(conn: Session, sql: str) -> set[tuple[str, frozenset[str]]]:
    """Each index of the plan, with the columns besides the tenant by which it is searched."""
    plan = json.loads(await conn.fetchval("SELECT pg_temp.plan_of($1)", sql))
    return {
        (
            node["Index Name"],
            frozenset(_COMPARED.findall(node.get("Index Cond", ""))) - {"tenant_id"},
        )
        for node in _nodes(plan)
        if "Index Name" in node and node["Index Name"] != "tenants_pkey"
    }


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from _nodes(part)


async def test_each_statement_searches_its_indexes_as_deep_as_the_owner_does(
    pool: Pool, dsn: str
) -> None:
    async with pool.acquire() as conn, conn.transaction():
        for table in await unchecked_tables(conn):
            for tenant_id in range(1, TENANTS + 1):
                await conn.execute(f"{table.rows_of(tenant_id, ROWS)} ON CONFLICT DO NOTHING")
        await conn.execute("INSERT INTO tenants (name) SELECT 'x' FROM generate_series(1, 500)")
    await pool.execute("ANALYZE")
    files = [*QUERIES.glob("*.py"), *(Path("shared/db") / f"{name}.py" for name in SHARED)]
    shallower, compared = {}, 0

    async with (
        await open_pool(dsn, 1, role=ROLE) as own,
        pool.acquire() as owner,
        own.acquire() as api,
        api.transaction(),
    ):
        await owner.execute(BESIDE)
        await api.execute(BESIDE + "; SET LOCAL outdial.tenant_id = 1")
        for file in files:
            for statement in statements(file.read_text(), ".".join(file.with_suffix("").parts)):
                if statement.where in OWNERS or _NO_STATEMENT.search(statement.sql):
                    continue
                wanted = await searches(owner, statement.sql)
                found = await searches(api, statement.sql)
                compared += 1
                if wanted - found:
                    shallower[statement.where] = (wanted - found, found - wanted)

    assert shallower == {}
    assert compared > 100
