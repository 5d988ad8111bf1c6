"""campaign_groups: which calling groups a campaign's contacts fall into. Written by imports."""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from shared.db.types import Connection
from shared.domain.places.calling_groups import CallingGroup


@dataclass(frozen=True, slots=True)
class Group:
    """A calling group with its id."""

    id: int
    calling: CallingGroup


async def of_campaigns(
    conn: Connection, campaign_ids: Sequence[int], known: dict[int, Group] | None = None
) -> dict[int, list[Group]]:
    """The groups of each. Groups never change: those in `known` are not read again."""
    known = {} if known is None else known
    rows = await conn.fetch(
        """
        SELECT campaign_id, array_agg(calling_group_id) AS ids FROM campaign_groups
        WHERE campaign_id = ANY ($1) GROUP BY campaign_id
        """,
        list(campaign_ids),
    )
    unknown = {id_ for row in rows for id_ in row["ids"]} - known.keys()
    if unknown:
        found = await conn.fetch(
            """
            SELECT id, zones, source, jurisdictions, jurisdiction_source FROM calling_groups
            WHERE id = ANY ($1)
            """,
            list(unknown),
        )
        known.update((row["id"], _group(row)) for row in found)
    return {row["campaign_id"]: [known[id_] for id_ in row["ids"]] for row in rows}


async def unfinished(conn: Connection, campaign_id: int) -> tuple[bool, list[Group]]:
    """Whether an attempt is live, and the groups in which somebody still waits.

    One statement, so one snapshot: between two, a claim could take the last contact from the
    groups to the live attempts and be seen in neither.
    """
    rows = await conn.fetch(
        """
        SELECT live.found, w.id, w.zones, w.source, w.jurisdictions, w.jurisdiction_source
        FROM (
            SELECT EXISTS (
                SELECT FROM attempts
                WHERE ended_at IS NULL AND campaign_id = $1
            ) AS found
        ) AS live
        LEFT JOIN (
            SELECT g.id, g.zones, g.source, g.jurisdictions, g.jurisdiction_source
            FROM campaign_groups cg JOIN calling_groups g ON g.id = cg.calling_group_id
            WHERE cg.campaign_id = $1 AND EXISTS (
                SELECT FROM contacts c
                WHERE c.campaign_id = $1 AND c.calling_group_id = g.id AND c.state = 'pending'
            )
        ) AS w ON true
        """,
        campaign_id,
    )
    groups = [_group(row) for row in rows if row["id"] is not None]
    return rows[0]["found"], groups


def _group(row: asyncpg.Record) -> Group:
    return Group(
        row["id"],
        CallingGroup(
            zones=tuple(row["zones"]),
            source=row["source"],
            jurisdictions=tuple(row["jurisdictions"]),
            jurisdiction_source=row["jurisdiction_source"],
        ),
    )
