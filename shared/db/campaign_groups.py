"""campaign_groups: which calling groups a campaign's contacts fall into. Written by imports."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from shared.db.types import Connection


@dataclass(frozen=True, slots=True)
class Group:
    """No zones: nobody knows where these contacts are, so they are never called."""

    id: int
    zones: tuple[str, ...]


async def of_campaigns(conn: Connection, campaign_ids: Sequence[int]) -> dict[int, list[Group]]:
    rows = await conn.fetch(
        """
        SELECT cg.campaign_id, g.id, g.zones
        FROM campaign_groups cg JOIN calling_groups g ON g.id = cg.calling_group_id
        WHERE cg.campaign_id = ANY($1)
        """,
        list(campaign_ids),
    )
    groups: dict[int, list[Group]] = defaultdict(list)
    for row in rows:
        groups[row["campaign_id"]].append(Group(row["id"], tuple(row["zones"])))
    return groups


async def unfinished(conn: Connection, campaign_id: int) -> tuple[bool, list[Group]]:
    """Whether an attempt is live, and the groups in which somebody still waits.

    One statement, so one snapshot: between two, a claim could take the last contact from the
    groups to the live attempts and be seen in neither.
    """
    rows = await conn.fetch(
        """
        SELECT live.found, w.id, w.zones
        FROM (
            SELECT EXISTS (
                SELECT FROM attempts
                WHERE ended_at IS NULL AND campaign_id = $1
            ) AS found
        ) AS live
        LEFT JOIN (
            SELECT g.id, g.zones
            FROM campaign_groups cg JOIN calling_groups g ON g.id = cg.calling_group_id
            WHERE cg.campaign_id = $1 AND EXISTS (
                SELECT FROM contacts c
                WHERE c.campaign_id = $1 AND c.calling_group_id = g.id AND c.state = 'pending'
            )
        ) AS w ON true
        """,
        campaign_id,
    )
    groups = [Group(row["id"], tuple(row["zones"])) for row in rows if row["id"] is not None]
    return rows[0]["found"], groups
