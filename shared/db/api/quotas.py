"""How much of its quotas a tenant uses."""

from typing import NamedTuple

from shared.db.types import Connection
from shared.domain.campaigns import CampaignKey


class CampaignSize(NamedTuple):
    contacts: int
    calling_groups: int


async def running_campaigns(conn: Connection, but_for: CampaignKey) -> int:
    """The other campaigns of the tenant that should be running."""
    running: int = await conn.fetchval(
        """
        SELECT count(*) FROM campaigns
        WHERE tenant_id = $1 AND id <> $2 AND wanted_state = 'running'
            AND state NOT IN ('completed', 'cancelled')
        """,
        *but_for,
    )
    return running


async def open_imports(conn: Connection, tenant_id: int) -> int:
    imports: int = await conn.fetchval(
        """
        SELECT count(*) FROM operations
        WHERE tenant_id = $1 AND kind = 'contacts_import' AND state IN ('queued', 'running')
        """,
        tenant_id,
    )
    return imports


async def size(conn: Connection, campaign: CampaignKey, *, most_groups: int) -> CampaignSize:
    """Calling groups are counted to one more than `most_groups`."""
    record = await conn.fetchrow(
        """
        SELECT coalesce((
            SELECT value FROM campaign_counters
            WHERE tenant_id = $1 AND campaign_id = $2 AND name = 'contacts'
        ), 0) AS contacts, (
            SELECT count(*) FROM (
                SELECT FROM campaign_groups WHERE tenant_id = $1 AND campaign_id = $2
                LIMIT $3 + 1
            ) AS counted
        ) AS calling_groups
        """,
        *campaign,
        most_groups,
    )
    return CampaignSize(*record) if record else CampaignSize(0, 0)
