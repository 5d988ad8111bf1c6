"""The tenant leads: first in every key of a tenant's table, and named by every statement on one."""

import ast
import gc
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from shared.db.types import Pool

QUERIES = Path(__file__).parents[3] / "shared" / "db"

# The tables of the installation; all tenants share them.
INSTALLATION = {
    "alembic_version": "of the migrations",
    "tenants": "the tenants themselves",
    "trunks": "routes to carriers, which the operator sets up",
    "rate_tables": "prices of trunks, whoever uses them",
    "rates": "prices of trunks, whoever uses them",
    "trunk_outages": "trunks that take no calls, whoever uses them",
    "trunk_secrets": "credentials of trunks, known to dialers only",
    "secrets": "keys that the processes of the installation share",
    "calling_groups": "combinations of zones and jurisdictions, without a person",
    "blackouts": "the operator stops the calls of all tenants, or of one",
}
# Functions with a statement on tables of tenants that does not name the tenant.
EXCEPTIONS = {
    "shared.db.campaign_runs:running": "finds the work: which campaigns of which tenants run",
    "shared.db.events.webhooks:take_due": "finds the work: leaps from endpoint to endpoint",
    "shared.db.trunks:upsert": "the operator says which tenants may use a trunk",
    "shared.db.trunks:find": "a dialer reads which tenants may use a trunk",
    "shared.db.trunks:every": "the operator sees which tenants may use each trunk",
    "shared.db.trunks:remove": "the operator removes a trunk with all its grants",
    "shared.db.events.event_days:in_default": "a day of events holds all tenants",
    "shared.db.events.call_months:in_default": "a month of calls holds all tenants",
}

TABLES = """
    SELECT c.relname AS name, c.relkind = 'v' AS is_view,
        coalesce(bool_or(a.attname = 'tenant_id' AND (a.attnotnull OR c.relkind = 'v')), false)
            AS has_tenant
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v')
    GROUP BY c.oid
"""
KEYS = """
    SELECT t.relname AS name, i.relname AS key, a.attname AS first
    FROM pg_index x
    JOIN pg_class t ON t.oid = x.indrelid
    JOIN pg_class i ON i.oid = x.indexrelid
    LEFT JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = x.indkey[0]
    WHERE t.relnamespace = 'public'::regnamespace
"""
_IS_STATEMENT = re.compile(r"^\s*(WITH|SELECT|INSERT|UPDATE|DELETE)\b")
_KEYWORDS = "SET|WHERE|ON|USING|JOIN|CROSS|LEFT|ORDER|GROUP|FOR|LIMIT|OFFSET|SELECT|VALUES|UNION"


@dataclass(frozen=True)
class Statement:
    """A string constant with SQL, and the function that holds it."""

    where: str
    sql: str


async def tenants_tables(pool: Pool) -> set[str]:
    return {row["name"] for row in await pool.fetch(TABLES) if row["name"] not in INSTALLATION}


async def misplaced_keys(pool: Pool) -> list[str]:
    """Tables without a tenant, and keys and indexes that do not begin with it."""
    without = [
        row["name"]
        for row in await pool.fetch(TABLES)
        if row["name"] not in INSTALLATION and not row["has_tenant"]
    ]
    keys = [
        f"{row['name']}: {row['key']}"
        for row in await pool.fetch(KEYS)
        if row["name"] not in INSTALLATION and row["first"] != "tenant_id"
    ]
    return without + keys


def parsed(source: str) -> ast.Module:
    """Python 3.11 fails when an object that is collected meanwhile formats a traceback."""
    gc.disable()
    try:
        return ast.parse(source)
    finally:
        gc.enable()


def statements(source: str, module: str) -> Iterator[Statement]:
    for node in ast.walk(parsed(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            parts = list(ast.walk(node))
            of_templates = {
                id(value)
                for part in parts
                if isinstance(part, ast.JoinedStr)
                for value in part.values
            }
            for part in parts:
                text = None if id(part) in of_templates else _text(part)
                if text is not None and _IS_STATEMENT.match(text):
                    yield Statement(f"{module}:{node.name}", text)


def _text(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) or "parameter" for part in node.values)
    return None


def unnamed(sql: str, tables: set[str]) -> list[str]:
    """The tables of tenants that the statement reads or writes without naming the tenant.

    The tenant must be named in the same query as the table: a subquery counts for itself.
    """
    sql = re.sub(r"--[^\n]*", "", sql)
    reference = re.compile(
        rf"\b(FROM|JOIN|UPDATE|INTO|USING)\s+({'|'.join(sorted(tables))})\b"
        rf"(?:\s+(?:AS\s+)?(?!(?:{_KEYWORDS})\b)([a-z_]+))?"
    )
    missing = []
    for match in reference.finditer(sql):
        verb, table, alias = match.groups()
        query = _own_query(sql, match.start())
        name = alias or table
        named = rf"\b{name}\.tenant_id\s*=|=\s*{name}\.tenant_id\b|\bUSING\s*\(\s*tenant_id\b"
        if alias is None:
            named += r"|(?<![.\w])tenant_id\s*=|\(\s*tenant_id\b[^)]*\)\s+IN\b"
        if verb == "INTO":
            named = rf"INTO\s+{table}(?:\s+AS\s+\w+)?\s*\([^)]*\btenant_id\b"
        if not re.search(named, query):
            missing.append(table)
    return missing


def _own_query(sql: str, position: int) -> str:
    """The query around this position, up to its parentheses, without the queries inside it."""
    begin, depth = position, 0
    while begin > 0 and depth <= 0:
        begin -= 1
        depth += {"(": 1, ")": -1}.get(sql[begin], 0)
    end, depth = position, 0
    while end < len(sql) and depth >= 0:
        depth += {"(": 1, ")": -1}.get(sql[end], 0)
        end += 1
    query = sql[begin + (sql[begin] == "(") : end - (depth < 0)]
    inner = re.compile(r"\(\s*(?:SELECT|WITH|INSERT|UPDATE|DELETE)\b[^()]*(?:\([^()]*\)[^()]*)*\)")
    while inner.search(query):
        query = inner.sub(" inner ", query)
    return query


async def test_each_key_of_a_tenants_table_begins_with_the_tenant(pool: Pool) -> None:
    assert await misplaced_keys(pool) == []


async def test_each_statement_names_the_tenant_for_each_of_its_tables(pool: Pool) -> None:
    tables = await tenants_tables(pool)
    violations = {}
    for file in sorted(QUERIES.rglob("*.py")):
        module = ".".join(("shared.db", *file.relative_to(QUERIES).with_suffix("").parts))
        for statement in statements(file.read_text(), module):
            missing = unnamed(statement.sql, tables)
            if missing:
                violations[statement.where] = missing

    assert set(violations) == set(EXCEPTIONS), violations


async def test_a_table_or_an_index_without_the_tenant_is_found(pool: Pool) -> None:
    await pool.execute("CREATE INDEX planted ON contacts (campaign_id)")
    await pool.execute("CREATE TABLE lists (id bigint PRIMARY KEY)")

    assert await misplaced_keys(pool) == ["lists", "contacts: planted", "lists: lists_pkey"]


async def test_a_statement_without_the_tenant_is_found(pool: Pool) -> None:
    tables = await tenants_tables(pool)
    source = """
async def planted(conn):
    await conn.fetch(f"SELECT id FROM contacts WHERE campaign_id = {conn}")
"""
    [statement] = statements(source, "planted")

    assert unnamed(statement.sql, tables) == ["contacts"]
    for sql, missing in (
        ("UPDATE attempts AS a SET state = 'x' WHERE a.id = $1", ["attempts"]),
        ("INSERT INTO contacts (campaign_id) SELECT $1", ["contacts"]),
        ("DELETE FROM inbox WHERE attempt_id = $1", ["inbox"]),
        # Named for one of two tables.
        (
            "SELECT FROM contacts c JOIN attempts a ON a.contact_id = c.id WHERE c.tenant_id = 1",
            ["attempts"],
        ),
        # Named outside of the subquery only.
        (
            "UPDATE contacts SET state = 'x' WHERE tenant_id = $1 AND id IN "
            "(SELECT id FROM contacts WHERE campaign_id = $2)",
            ["contacts"],
        ),
        ("SELECT id FROM contacts WHERE tenant_id = $1 AND id = $2", []),
        ("SELECT id FROM tenants", []),
    ):
        assert unnamed(sql, tables) == missing, sql
