"""calling_groups, campaign_groups: the groups of contacts, and those of each campaign.

The api inserts both when it imports contacts. Groups never change, and all tenants share them.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from shared.db.rows import calling_group, columns
from shared.db.types import Connection
from shared.domain.campaigns import CampaignKey
from shared.domain.places.calling_groups import CallingGroup


@dataclass(frozen=True, slots=True)
class Group:
    """A calling group with its id."""

    id: int
    calling: CallingGroup


class CallingGroups:
    """A cache for one database: each group is read once, with its arrays."""

    def __init__(self) -> None:
        self._kept: dict[int, Group] = {}

    async def of(self, conn: Connection, ids: Collection[int]) -> dict[int, Group]:
        missing = set(ids) - self._kept.keys()
        if missing:
            rows = await conn.fetch(
                """
                SELECT id, zones, source, jurisdictions, jurisdiction_source, number_zones
                FROM calling_groups WHERE id = ANY ($1)
                """,
                list(missing),
            )
            self._kept |= {row["id"]: Group(row["id"], calling_group(row)) for row in rows}
        return self._kept


async def find(conn: Connection, groups: Collection[CallingGroup]) -> dict[CallingGroup, int]:
    """The ids of the groups that exist."""
    rows = await conn.fetch(
        """
        SELECT g.id, g.zones, g.source, g.jurisdictions, g.jurisdiction_source, g.number_zones
        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
            AS wanted (zones, source, jurisdictions, jurisdiction_source, number_zones)
        JOIN calling_groups g
          ON g.zones = string_to_array(wanted.zones, ',')
         AND g.source = wanted.source
         AND g.jurisdictions = string_to_array(wanted.jurisdictions, ',')
         AND g.jurisdiction_source = wanted.jurisdiction_source
         AND g.number_zones = string_to_array(wanted.number_zones, ',')
        """,
        *_columns(groups),
    )
    return {calling_group(row): row["id"] for row in rows}


async def find_in_campaign(
    conn: Connection, campaign: CampaignKey, group: CallingGroup
) -> int | None:
    """The id of the group, if the campaign has it."""
    group_id: int | None = await conn.fetchval(
        """
        SELECT g.id FROM calling_groups g
        JOIN campaign_groups ON campaign_groups.tenant_id = $1
            AND campaign_groups.campaign_id = $2 AND campaign_groups.calling_group_id = g.id
        WHERE g.zones = $3 AND g.source = $4 AND g.jurisdictions = $5
            AND g.jurisdiction_source = $6 AND g.number_zones = $7
        """,
        *campaign,
        group.zones,
        group.source,
        group.jurisdictions,
        group.jurisdiction_source,
        group.number_zones,
    )
    return group_id


async def insert(conn: Connection, groups: Collection[CallingGroup]) -> None:
    """Waits for other transactions that are inserting the same groups, in the order of locks.py."""
    await conn.execute(
        """
        INSERT INTO calling_groups (
            zones, source, jurisdictions, jurisdiction_source, number_zones
        )
        SELECT string_to_array(zones, ','), source, string_to_array(jurisdictions, ','),
            jurisdiction_source, string_to_array(number_zones, ',')
        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
            AS wanted (zones, source, jurisdictions, jurisdiction_source, number_zones)
        ORDER BY zones, source, jurisdictions, jurisdiction_source, number_zones
        ON CONFLICT (zones, source, jurisdictions, jurisdiction_source, number_zones) DO NOTHING
        """,
        *_columns(groups),
    )


async def add_to_campaign(conn: Connection, campaign: CampaignKey, ids: Sequence[int]) -> None:
    await conn.execute(
        """
        INSERT INTO campaign_groups (tenant_id, campaign_id, calling_group_id)
        SELECT $1, $2, id FROM unnest($3::integer[]) AS wanted (id)
        ORDER BY id
        ON CONFLICT (tenant_id, campaign_id, calling_group_id) DO NOTHING
        """,
        *campaign,
        ids,
    )


async def of_campaigns(
    conn: Connection, campaigns: Collection[CampaignKey], groups: CallingGroups
) -> dict[int, list[Group]]:
    """The groups of each campaign, by its id."""
    rows = await conn.fetch(
        """
        SELECT campaign.id AS campaign_id, array_agg(calling_group_id) AS ids
        FROM unnest($1::integer[], $2::bigint[]) AS campaign (tenant_id, id)
        JOIN campaign_groups ON campaign_groups.tenant_id = campaign.tenant_id
            AND campaign_groups.campaign_id = campaign.id
        GROUP BY campaign.id
        """,
        *columns(campaigns),
    )
    known = await groups.of(conn, {id_ for row in rows for id_ in row["ids"]})
    return {row["campaign_id"]: [known[id_] for id_ in row["ids"]] for row in rows}


def _columns(groups: Collection[CallingGroup]) -> tuple[list[str], ...]:
    # No zone or jurisdiction holds a comma, and PostgreSQL has no ragged arrays of arrays.
    return (
        [",".join(group.zones) for group in groups],
        [group.source for group in groups],
        [",".join(group.jurisdictions) for group in groups],
        [group.jurisdiction_source for group in groups],
        [",".join(group.number_zones) for group in groups],
    )
