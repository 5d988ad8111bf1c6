"""Queries on calling groups, which all tenants share, and on which campaign has which."""

from collections.abc import Collection, Sequence

from shared.db.types import Connection
from shared.domain.places.calling_groups import CallingGroup


async def find(conn: Connection, groups: Collection[CallingGroup]) -> dict[CallingGroup, int]:
    """The ids of those that exist."""
    records = await conn.fetch(
        """
        SELECT g.id, g.zones, g.source, g.jurisdictions, g.jurisdiction_source
        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
            AS wanted (zones, source, jurisdictions, jurisdiction_source)
        JOIN calling_groups g
          ON g.zones = string_to_array(wanted.zones, ',')
         AND g.source = wanted.source
         AND g.jurisdictions = string_to_array(wanted.jurisdictions, ',')
         AND g.jurisdiction_source = wanted.jurisdiction_source
        """,
        *_columns(groups),
    )
    return {
        CallingGroup(
            zones=tuple(record["zones"]),
            source=record["source"],
            jurisdictions=tuple(record["jurisdictions"]),
            jurisdiction_source=record["jurisdiction_source"],
        ): record["id"]
        for record in records
    }


async def insert(conn: Connection, groups: Collection[CallingGroup]) -> None:
    """Those that another transaction is making are waited for; the order prevents a deadlock."""
    await conn.execute(
        """
        INSERT INTO calling_groups (zones, source, jurisdictions, jurisdiction_source)
        SELECT string_to_array(zones, ','), source, string_to_array(jurisdictions, ','),
            jurisdiction_source
        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
            AS wanted (zones, source, jurisdictions, jurisdiction_source)
        ORDER BY zones, source, jurisdictions, jurisdiction_source
        ON CONFLICT (zones, source, jurisdictions, jurisdiction_source) DO NOTHING
        """,
        *_columns(groups),
    )


async def add_to_campaign(conn: Connection, campaign_id: int, ids: Sequence[int]) -> None:
    await conn.execute(
        """
        INSERT INTO campaign_groups (campaign_id, calling_group_id)
        SELECT $1, id FROM unnest($2::integer[]) AS wanted (id)
        ORDER BY id
        ON CONFLICT (campaign_id, calling_group_id) DO NOTHING
        """,
        campaign_id,
        ids,
    )


def _columns(groups: Collection[CallingGroup]) -> tuple[list[str], ...]:
    # No zone or jurisdiction holds a comma, and PostgreSQL has no ragged arrays of arrays.
    return (
        [",".join(group.zones) for group in groups],
        [group.source for group in groups],
        [",".join(group.jurisdictions) for group in groups],
        [group.jurisdiction_source for group in groups],
    )
