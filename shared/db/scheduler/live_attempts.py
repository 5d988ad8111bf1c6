"""attempts that are live, as the scheduler counts them and publishes lost ones again."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from shared.db.scheduler.claims import ClaimedAttempt
from shared.db.types import Connection


class CampaignTrunk(NamedTuple):
    """A campaign and its trunk; without `backup_id` it is the first one."""

    campaign_id: int
    backup_id: int | None


@dataclass(frozen=True, slots=True)
class LiveAttempts:
    """Attempts of a campaign by one trunk that wait to be dialed, and those that hold a permit.

    `overdue` are claimed ones that were not dialed in time.
    """

    claimed: int
    dialed: int
    overdue: int


async def by_campaign(
    conn: Connection, tenant_ids: Collection[int], *, now: datetime
) -> dict[CampaignTrunk, LiveAttempts]:
    """Live attempts of the tenants by campaign and trunk.

    They are read from the small index that holds nothing else.
    """
    rows = await conn.fetch(
        """
        SELECT attempt.campaign_id, attempt.trunk_id, attempt.live, attempt.claimed, attempt.overdue
        FROM unnest($1::integer[]) AS tenant (id)
        -- Counted tenant by tenant, so that each is an equality on attempts_live.
        CROSS JOIN LATERAL (
            SELECT campaign_id, trunk_id, count(*) AS live,
                count(*) FILTER (WHERE state = 'claimed') AS claimed,
                -- The instant first: few pass it, and states are texts.
                count(*) FILTER (WHERE revisit_at <= $2 AND state = 'claimed') AS overdue
            FROM attempts WHERE tenant_id = tenant.id AND ended_at IS NULL
            GROUP BY campaign_id, trunk_id
        ) AS attempt
        """,
        list(tenant_ids),
        now,
    )
    return {
        CampaignTrunk(row["campaign_id"], row["trunk_id"]): LiveAttempts(
            row["claimed"], row["live"] - row["claimed"], row["overdue"]
        )
        for row in rows
    }


async def republish(
    conn: Connection, *, tenant_id: int, now: datetime, revisit_at: datetime, limit: int
) -> list[ClaimedAttempt]:
    """Claimed attempts of a tenant whose `revisit_at` has passed, to be published again."""
    rows = await conn.fetch(
        """
        UPDATE attempts SET revisit_at = $3 WHERE tenant_id = $1 AND id IN (
            SELECT id FROM attempts
            WHERE tenant_id = $1 AND ended_at IS NULL
                AND state = 'claimed' AND revisit_at <= $2
            ORDER BY revisit_at LIMIT $4 FOR UPDATE SKIP LOCKED
        ) RETURNING tenant_id, id, campaign_id, contact_id
        """,
        tenant_id,
        now,
        revisit_at,
        limit,
    )
    return [ClaimedAttempt(**row) for row in rows]
