"""Queries of the why question of a campaign: how many of its contacts wait, until when."""

from datetime import datetime

from shared.db.types import Connection
from shared.domain.campaigns import CampaignKey
from shared.domain.wait_buckets import BUCKET_SECONDS, WaitBucket, five_minutes_of

BUCKETS_AN_HOUR = 3_600 // BUCKET_SECONDS


async def by_bucket(
    conn: Connection, campaign: CampaignKey, *, now: datetime
) -> list[tuple[WaitBucket, int]]:
    """The waiting contacts by bucket: every five minutes of the next hour, then hour by hour.

    The bucket of an hour carries its first five minutes in which a contact waits.
    """
    rows = await conn.fetch(
        """
        SELECT calling_group_id, waits_for, min(five_minutes) AS five_minutes,
            sum(contacts)::bigint AS contacts
        FROM waiting_contacts
        WHERE tenant_id = $1 AND campaign_id = $2 AND contacts <> 0
        GROUP BY calling_group_id, waits_for, CASE
            WHEN five_minutes <= $3 THEN 0
            WHEN five_minutes <= $3 + $4 THEN five_minutes
            -- Hours since 1970: their numbers are far smaller than those of five minutes.
            ELSE five_minutes / $4 END
        """,
        *campaign,
        five_minutes_of(now),
        BUCKETS_AN_HOUR,
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


async def in_calls(conn: Connection, campaign: CampaignKey, *, now: datetime) -> dict[int, int]:
    """Due contacts whose numbers other campaigns are calling, by calling group.

    It starts from the live attempts of the tenant, which are few.
    """
    rows = await conn.fetch(
        """
        SELECT contact.calling_group_id, count(*) AS contacts
        FROM (
            SELECT phone FROM attempts WHERE tenant_id = $1 AND ended_at IS NULL OFFSET 0
        ) AS attempt
        CROSS JOIN LATERAL (
            SELECT calling_group_id FROM contacts
            WHERE tenant_id = $1 AND campaign_id = $2 AND number = attempt.phone
                AND phone = number AND state = 'pending' AND not_before <= $3
            UNION ALL
            SELECT several.calling_group_id
            FROM contact_numbers AS own JOIN contacts AS several
                ON several.tenant_id = own.tenant_id AND several.id = own.contact_id
            WHERE own.tenant_id = $1 AND own.number = attempt.phone AND own.position > 1
                AND several.campaign_id = $2 AND several.phone = own.number
                AND several.state = 'pending' AND several.not_before <= $3
            OFFSET 0
        ) AS contact
        GROUP BY contact.calling_group_id
        """,
        *campaign,
        now,
    )
    return {row["calling_group_id"]: row["contacts"] for row in rows}
