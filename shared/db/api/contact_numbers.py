"""contact_numbers: all numbers of the contacts that have several, as the api writes them."""

from collections.abc import Mapping, Sequence

from shared.db.types import Connection


async def insert(
    conn: Connection, numbers: Mapping[int, Sequence[tuple[str, int]]], *, tenant_id: int
) -> None:
    """Give new contacts their numbers in order, each with its calling group."""
    rows = [
        (contact_id, position, number, group_id)
        for contact_id, own in numbers.items()
        for position, (number, group_id) in enumerate(own, 1)
    ]
    await conn.execute(
        """
        INSERT INTO contact_numbers (tenant_id, contact_id, position, number, calling_group_id)
        SELECT $1, contact_id, position, number, calling_group_id
        FROM unnest($2::bigint[], $3::smallint[], $4::text[], $5::integer[])
            AS own (contact_id, position, number, calling_group_id)
        """,
        tenant_id,
        *zip(*rows, strict=True),
    )


async def passed_over(conn: Connection, *, tenant_id: int, contact_id: int) -> set[str]:
    """The numbers of a contact at which it is never called again."""
    rows = await conn.fetch(
        """
        SELECT number FROM contact_numbers
        WHERE tenant_id = $1 AND contact_id = $2 AND is_passed_over
        """,
        tenant_id,
        contact_id,
    )
    return {row["number"] for row in rows}


async def replace(
    conn: Connection, *, tenant_id: int, contact_id: int, numbers: Sequence[tuple[str, int]]
) -> None:
    """Give a locked contact these numbers; one number of its own is none of this table.

    One that it had, and that is passed over, still is.
    """
    rows = await conn.fetch(
        """
        DELETE FROM contact_numbers WHERE tenant_id = $1 AND contact_id = $2
        RETURNING number, is_passed_over
        """,
        tenant_id,
        contact_id,
    )
    if len(numbers) > 1:
        await insert(conn, {contact_id: numbers}, tenant_id=tenant_id)
        await conn.execute(
            """
            UPDATE contact_numbers SET is_passed_over = true
            WHERE tenant_id = $1 AND contact_id = $2 AND number = ANY ($3::text[])
            """,
            tenant_id,
            contact_id,
            [row["number"] for row in rows if row["is_passed_over"]],
        )


async def delete(conn: Connection, *, tenant_id: int, contact_ids: Sequence[int]) -> None:
    await conn.execute(
        "DELETE FROM contact_numbers WHERE tenant_id = $1 AND contact_id = ANY ($2::bigint[])",
        tenant_id,
        contact_ids,
    )
