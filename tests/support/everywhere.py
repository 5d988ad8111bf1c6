"""Searches every row of every table for a text, as a stranger with a copy of the database would."""

from collections.abc import Sequence

from shared.db.types import Connection

# All columns that may hold text, also the partitions and arrays.
COLUMNS = """
    SELECT table_name AS table, column_name AS column, data_type AS kind
    FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
    WHERE table_schema = 'public' AND table_type = 'BASE TABLE'
        AND data_type IN ('text', 'json', 'jsonb', 'bytea', 'ARRAY', 'character varying')
    ORDER BY 1, 2
"""


async def found_in(conn: Connection, texts: Sequence[str]) -> set[str]:
    """The columns, as `table.column`, in which one of the texts stands."""
    columns = await conn.fetch(COLUMNS)
    assert len(columns) > 100
    found = set()
    for column in columns:
        name = f'"{column["column"]}"'
        # Bytes that are no text are compared by their characters of one byte.
        read = f"encode({name}, 'escape')" if column["kind"] == "bytea" else f"{name}::text"
        there = await conn.fetchval(
            f"SELECT EXISTS (SELECT FROM {column['table']} WHERE EXISTS ("
            f" SELECT FROM unnest($1::text[]) AS word WHERE strpos({read}, word) > 0))",
            list(texts),
        )
        if there:
            found.add(f"{column['table']}.{column['column']}")
    return found
