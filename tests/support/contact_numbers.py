"""Gives contacts further numbers in the database, for tests that do not use the API."""

from collections.abc import Sequence

from shared.db.types import Connection

FIRST, SECOND, THIRD = "+12025550000", "+81355550002", "+12025550003"
TOKYO = ("Asia/Tokyo",)


async def give_numbers(
    conn: Connection, contact_id: int, others: Sequence[tuple[str, Sequence[str]]]
) -> list[int]:
    """Further numbers, each with its zones; returns the calling groups of all numbers in order."""
    tenant_id, campaign_id, number, first_group = await conn.fetchrow(
        """
        UPDATE contacts SET next_number = number WHERE id = $1
        RETURNING tenant_id, campaign_id, number, calling_group_id
        """,
        contact_id,
    ) or (0, 0, "", 0)
    numbers, groups = [number], [first_group]
    for other, zones in others:
        group_id = await conn.fetchval(
            """
            INSERT INTO calling_groups (zones, source, jurisdictions, jurisdiction_source)
            VALUES ($1, 'number', '{US}', 'number')
            ON CONFLICT ON CONSTRAINT calling_groups_combination
                DO UPDATE SET zones = excluded.zones
            RETURNING id
            """,
            list(zones),
        )
        await conn.execute(
            "INSERT INTO campaign_groups VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            tenant_id,
            campaign_id,
            group_id,
        )
        numbers.append(other)
        groups.append(group_id)
    await conn.execute(
        """
        INSERT INTO contact_numbers (tenant_id, contact_id, position, number, calling_group_id)
        SELECT $1, $2, place, number, group_id
        FROM unnest($3::text[], $4::integer[]) WITH ORDINALITY AS own (number, group_id, place)
        """,
        tenant_id,
        contact_id,
        numbers,
        groups,
    )
    return groups
