"""waiting_contacts: how many pending contacts wait for which reason, added in each transaction.

Written by the api (imports, suppressions), the scheduler (claims, contacts it gives up) and events.
"""

from collections import Counter
from collections.abc import Iterable

from shared.db.types import Connection
from shared.domain.campaigns import CampaignKey
from shared.domain.wait_buckets import WaitBucket


async def add(conn: Connection, changes: Iterable[tuple[WaitBucket, int]]) -> None:
    """Add to each bucket, in the order of locks (shared/db/locks.py).

    Last in a transaction: all writers share these rows, and they are locked until the commit.
    """
    sums: Counter[WaitBucket] = Counter()
    for bucket, count in changes:
        sums[bucket] += count
    rows = sorted((bucket, count) for bucket, count in sums.items() if count)
    if not rows:
        return
    await conn.execute(
        """
        INSERT INTO waiting_contacts AS bucket (
            tenant_id, campaign_id, calling_group_id, waits_for, five_minutes, contacts
        )
        SELECT * FROM unnest(
            $1::integer[], $2::bigint[], $3::integer[], $4::text[], $5::integer[], $6::bigint[]
        )
        ON CONFLICT (tenant_id, campaign_id, calling_group_id, waits_for, five_minutes)
            DO UPDATE SET contacts = bucket.contacts + excluded.contacts
        """,
        [bucket.tenant_id for bucket, _ in rows],
        [bucket.campaign_id for bucket, _ in rows],
        [bucket.calling_group_id for bucket, _ in rows],
        [bucket.waits_for for bucket, _ in rows],
        [bucket.five_minutes for bucket, _ in rows],
        [count for _, count in rows],
    )


async def of_campaign(conn: Connection, campaign: CampaignKey) -> list[tuple[WaitBucket, int]]:
    rows = await conn.fetch(
        """
        SELECT calling_group_id, waits_for, five_minutes, contacts
        FROM waiting_contacts
        WHERE tenant_id = $1 AND campaign_id = $2 AND contacts <> 0
        """,
        *campaign,
    )
    return [
        (
            WaitBucket(
                *campaign,
                row["calling_group_id"],
                row["waits_for"],
                row["five_minutes"],
            ),
            row["contacts"],
        )
        for row in rows
    ]


async def prune(conn: Connection, tenant_id: int, *, before: int, limit: int) -> int:
    """Delete a tenant's empty buckets of the past; return how many."""
    rows = await conn.fetch(
        """
        DELETE FROM waiting_contacts
        WHERE tenant_id = $1 AND (campaign_id, calling_group_id, waits_for, five_minutes) IN (
            SELECT campaign_id, calling_group_id, waits_for, five_minutes FROM waiting_contacts
            WHERE tenant_id = $1 AND contacts = 0 AND five_minutes < $2 AND five_minutes > 0
            LIMIT $3 FOR UPDATE SKIP LOCKED
        ) RETURNING 1
        """,
        tenant_id,
        before,
        limit,
    )
    return len(rows)
