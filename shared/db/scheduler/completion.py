"""What is left to do in a campaign, so that the scheduler can complete it. Read only."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.db.calling_groups import Group
from shared.db.rows import calling_group
from shared.db.types import Connection


@dataclass(frozen=True, slots=True)
class Remainder:
    """`waiting` are the groups with pending contacts."""

    has_contacts: bool
    has_live_attempts: bool
    waiting: Sequence[Group]


async def remainder(conn: Connection, campaign_id: int) -> Remainder:
    """One statement, so one snapshot.

    Between two, a claim could move the last pending contact to a live attempt, and neither
    statement would see it.
    """
    rows = await conn.fetch(
        """
        SELECT campaign.has_contacts, campaign.has_live_attempts,
            waiting.id, waiting.zones, waiting.source, waiting.jurisdictions,
            waiting.jurisdiction_source
        FROM (
            SELECT
                EXISTS (SELECT FROM contacts WHERE campaign_id = $1) AS has_contacts,
                EXISTS (
                    SELECT FROM attempts WHERE ended_at IS NULL AND campaign_id = $1
                ) AS has_live_attempts
        ) AS campaign
        LEFT JOIN (
            SELECT g.id, g.zones, g.source, g.jurisdictions, g.jurisdiction_source
            FROM campaign_groups cg JOIN calling_groups g ON g.id = cg.calling_group_id
            WHERE cg.campaign_id = $1 AND EXISTS (
                SELECT FROM contacts c
                WHERE c.campaign_id = $1 AND c.calling_group_id = g.id AND c.state = 'pending'
            )
        ) AS waiting ON true
        """,
        campaign_id,
    )
    return Remainder(
        rows[0]["has_contacts"],
        rows[0]["has_live_attempts"],
        [Group(row["id"], calling_group(row)) for row in rows if row["id"] is not None],
    )
