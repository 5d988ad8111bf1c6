"""campaign_counters: counts of the events in a campaign, added in the transaction of each fact.

Written by the api (`contacts`), the scheduler (`attempts`, `finished.*` of contacts it gives up)
and events (`dropped`, `outcome.*`, `finished.*`).
"""

from collections.abc import Iterable, Mapping

from shared.db.types import Connection
from shared.domain.campaigns import CampaignKey

CONTACTS = "contacts"
ATTEMPTS = "attempts"
DROPPED = "dropped"
OUTCOME = "outcome."
FINISHED = "finished."


async def add(conn: Connection, counts: Iterable[tuple[CampaignKey, str, int]]) -> None:
    """Add n to each (campaign, name), in the order of locks (shared/db/locks.py)."""
    rows = sorted(counts)
    if not rows:
        return
    await conn.execute(
        """
        INSERT INTO campaign_counters AS counter (tenant_id, campaign_id, name, value)
        SELECT * FROM unnest($1::integer[], $2::bigint[], $3::text[], $4::bigint[])
        ON CONFLICT (tenant_id, campaign_id, name)
            DO UPDATE SET value = counter.value + excluded.value
        """,
        [campaign.tenant_id for campaign, _, _ in rows],
        [campaign.campaign_id for campaign, _, _ in rows],
        [name for _, name, _ in rows],
        [count for _, _, count in rows],
    )


async def take(conn: Connection, campaign: CampaignKey, counts: Mapping[str, int]) -> None:
    """Take n from each counter, of contacts that are deleted or go on; in the order of locks."""
    await conn.execute(
        """
        WITH locked AS MATERIALIZED (
            SELECT name FROM campaign_counters
            WHERE tenant_id = $1 AND campaign_id = $2 AND name = ANY ($3::text[])
            ORDER BY name FOR UPDATE
        )
        UPDATE campaign_counters AS counter SET value = counter.value - taken.value
        FROM locked JOIN unnest($3::text[], $4::bigint[]) AS taken (name, value) USING (name)
        WHERE counter.tenant_id = $1 AND counter.campaign_id = $2 AND counter.name = locked.name
        """,
        *campaign,
        list(counts),
        list(counts.values()),
    )


async def of_campaign(conn: Connection, campaign: CampaignKey) -> dict[str, int]:
    rows = await conn.fetch(
        """
        SELECT name, value FROM campaign_counters WHERE tenant_id = $1 AND campaign_id = $2
        """,
        *campaign,
    )
    return {row["name"]: row["value"] for row in rows}
