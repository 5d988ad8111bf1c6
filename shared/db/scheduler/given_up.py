"""contacts that wait, as the scheduler sees them: callbacks that are due, contacts given up."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from shared.db.rows import columns
from shared.db.types import Connection
from shared.domain.campaigns import CampaignKey
from shared.domain.outcomes import Outcome
from shared.domain.wait_buckets import WaitBucket


@dataclass(frozen=True, slots=True)
class GivenUpContact:
    """A contact that ended without a call: its campaign, its outcome, the bucket it left."""

    campaign: CampaignKey
    outcome: Outcome
    bucket: WaitBucket


async def callbacks_due(
    conn: Connection, campaigns: Collection[CampaignKey], *, now: datetime
) -> set[int]:
    """The ids of the campaigns in which a callback is due now."""
    rows = await conn.fetch(
        """
        SELECT campaign.id AS campaign_id
        FROM unnest($1::integer[], $2::bigint[]) AS campaign (tenant_id, id)
        WHERE EXISTS (
            SELECT FROM contacts
            WHERE tenant_id = campaign.tenant_id AND campaign_id = campaign.id
                AND state = 'pending' AND waits_for = 'callback' AND not_before <= $3
        )
        """,
        *columns(campaigns),
        now,
    )
    return {row["campaign_id"] for row in rows}


async def give_up(
    conn: Connection,
    campaign: CampaignKey,
    group_id: int,
    *,
    outcome: Outcome,
    limit: int,
) -> list[GivenUpContact]:
    """Finish up to `limit` pending contacts of a group that can never be called."""
    rows = await conn.fetch(
        """
        UPDATE contacts SET state = 'finished', outcome = $4 WHERE tenant_id = $1 AND id IN (
            SELECT id FROM contacts
            WHERE tenant_id = $1 AND campaign_id = $2 AND calling_group_id = $3
                AND state = 'pending'
            LIMIT $5 FOR UPDATE SKIP LOCKED
        )
        RETURNING tenant_id, campaign_id, calling_group_id, coalesce(waits_for, 'new') AS waits_for,
            five_minutes_of(not_before) AS five_minutes, outcome
        """,
        *campaign,
        group_id,
        outcome,
        limit,
    )
    return [_given_up(row) for row in rows]


async def expire(
    conn: Connection, *, tenant_id: int, now: datetime, limit: int
) -> list[GivenUpContact]:
    """Finish up to `limit` pending contacts of a tenant that have expired."""
    rows = await conn.fetch(
        """
        UPDATE contacts SET state = 'finished', outcome = 'out_of_time'
        WHERE tenant_id = $1 AND id IN (
            SELECT id FROM contacts
            WHERE tenant_id = $1 AND state = 'pending' AND expires_at <= $2
            ORDER BY expires_at LIMIT $3 FOR UPDATE SKIP LOCKED
        )
        RETURNING tenant_id, campaign_id, calling_group_id, coalesce(waits_for, 'new') AS waits_for,
            five_minutes_of(not_before) AS five_minutes, outcome
        """,
        tenant_id,
        now,
        limit,
    )
    return [_given_up(row) for row in rows]


def _given_up(row: asyncpg.Record) -> GivenUpContact:
    campaign = CampaignKey(row["tenant_id"], row["campaign_id"])
    bucket = WaitBucket(*campaign, row["calling_group_id"], row["waits_for"], row["five_minutes"])
    return GivenUpContact(campaign, Outcome(row["outcome"]), bucket)
