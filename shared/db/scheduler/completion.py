"""The rest of a campaign: contacts and attempts that keep the scheduler from completing it."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.db.calling_groups import Group
from shared.db.rows import calling_group
from shared.db.types import Connection
from shared.domain.campaigns import CampaignKey


@dataclass(frozen=True, slots=True)
class Remainder:
    """`waiting` are the groups with pending contacts; some ends of others may not be told yet.

    `has_open_import`: more contacts are to come.
    """

    has_open_import: bool
    has_live_attempts: bool
    has_untold_ends: bool
    waiting: Sequence[Group]


async def remainder(
    conn: Connection, campaign: CampaignKey, *, most_groups: int | None = None
) -> Remainder:
    """`waiting` has at most so many groups. One statement, so one snapshot.

    Between two, a claim could move the last pending contact to a live attempt, and neither
    statement would see it.
    """
    rows = await conn.fetch(
        """
        SELECT campaign.has_open_import, campaign.has_live_attempts, campaign.has_untold_ends,
            waiting.id, waiting.zones, waiting.source, waiting.jurisdictions,
            waiting.jurisdiction_source, waiting.number_zones
        FROM (
            SELECT
                EXISTS (
                    SELECT FROM operations WHERE tenant_id = $1 AND campaign_id = $2
                        AND state IN ('queued', 'running')
                ) AS has_open_import,
                -- OFFSET 0 keeps the campaign out of the choice of the index: the live attempts of
                -- a tenant are few, all attempts of a campaign are not.
                EXISTS (
                    SELECT FROM (
                        SELECT campaign_id FROM attempts
                        WHERE tenant_id = $1 AND ended_at IS NULL OFFSET 0
                    ) AS attempt
                    WHERE campaign_id = $2
                ) AS has_live_attempts,
                EXISTS (
                    SELECT FROM untold_ends WHERE tenant_id = $1 AND campaign_id = $2
                ) AS has_untold_ends
        ) AS campaign
        LEFT JOIN (
            SELECT g.id, g.zones, g.source, g.jurisdictions, g.jurisdiction_source,
                g.number_zones
            FROM campaign_groups cg JOIN calling_groups g ON g.id = cg.calling_group_id
            WHERE cg.tenant_id = $1 AND cg.campaign_id = $2 AND EXISTS (
                SELECT FROM contacts
                WHERE tenant_id = $1 AND campaign_id = $2 AND calling_group_id = g.id
                    AND state = 'pending'
            )
            LIMIT $3
        ) AS waiting ON true
        """,
        *campaign,
        most_groups,
    )
    return Remainder(
        rows[0]["has_open_import"],
        rows[0]["has_live_attempts"],
        rows[0]["has_untold_ends"],
        [Group(row["id"], calling_group(row)) for row in rows if row["id"] is not None],
    )
