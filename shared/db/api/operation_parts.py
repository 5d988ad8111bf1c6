"""operation_parts: the file of an operation until it ends, and its rows that were not taken."""

from typing import Literal

from shared.db.types import Connection

Kind = Literal["upload", "rows"]


async def add(
    conn: Connection, *, tenant_id: int, operation_id: int, kind: Kind, content: bytes
) -> None:
    await conn.execute(
        """
        INSERT INTO operation_parts (tenant_id, operation_id, kind, content)
        VALUES ($1, $2, $3, $4)
        """,
        tenant_id,
        operation_id,
        kind,
        content,
    )


async def following(
    conn: Connection, *, tenant_id: int, operation_id: int, kind: Kind, after: int
) -> tuple[int, bytes] | None:
    """The number and the content of the part that follows part `after`; parts begin at 1."""
    record = await conn.fetchrow(
        """
        SELECT part, content FROM operation_parts
        WHERE tenant_id = $1 AND operation_id = $2 AND kind = $3 AND part > $4
        ORDER BY part LIMIT 1
        """,
        tenant_id,
        operation_id,
        kind,
        after,
    )
    return (record["part"], record["content"]) if record else None


async def delete_upload(conn: Connection, *, tenant_id: int, operation_id: int) -> None:
    await conn.execute(
        """
        DELETE FROM operation_parts
        WHERE tenant_id = $1 AND operation_id = $2 AND kind = 'upload'
        """,
        tenant_id,
        operation_id,
    )
