"""Copies the people of a campaign into a new draft of the same tenant, for one transaction."""

from collections.abc import Collection

from shared.db.types import Connection
from shared.domain.campaigns import CampaignKey
from shared.domain.wait_buckets import WaitBucket

# The pool's own limit is meant for short statements; a campaign may have millions of contacts.
LONG = 3600.0


async def suppressions(conn: Connection, campaign: CampaignKey, to_id: int) -> None:
    """Copy the campaign's own list, as far as it is in force."""
    await conn.execute(
        """
        INSERT INTO suppressions (tenant_id, campaign_id, number, reason, expires_at, created_at)
        SELECT tenant_id, $3, number, reason, expires_at, created_at
        FROM suppressions
        WHERE tenant_id = $1 AND campaign_id = $2 AND expires_at > statement_timestamp()
        """,
        *campaign,
        to_id,
        timeout=LONG,
    )


async def contacts(
    conn: Connection, campaign: CampaignKey, to_id: int, outcomes: Collection[str] | None
) -> list[tuple[WaitBucket, int, bool]]:
    """Copy contacts that have not expired: all, or those finished with one of these outcomes.

    Returns how many there are of each bucket; the flag says that they are excluded, because their
    numbers are suppressed for good.
    """
    rows = await conn.fetch(
        """
        WITH copied AS (
            INSERT INTO contacts (
                tenant_id, campaign_id, calling_group_id, state, outcome, not_before, waits_for,
                number, repeat, external_id, attributes, expires_at, next_number
            )
            SELECT $1, $3, coalesce(first.calling_group_id, old.calling_group_id),
                CASE WHEN s.until = 'infinity' THEN 'finished' ELSE 'pending' END,
                CASE WHEN s.until = 'infinity' THEN 'excluded' END,
                CASE WHEN s.until < 'infinity' THEN s.until ELSE '-infinity' END,
                CASE WHEN s.until < 'infinity' THEN 'suppression' END,
                old.number, old.repeat, old.external_id, old.attributes, old.expires_at,
                CASE WHEN old.next_number IS NOT NULL THEN old.number END
            FROM contacts AS old
            -- A contact with several numbers begins with the first again.
            LEFT JOIN contact_numbers AS first ON old.next_number IS NOT NULL
                AND first.tenant_id = $1 AND first.contact_id = old.id AND first.position = 1
            CROSS JOIN LATERAL (
                SELECT CASE WHEN old.next_number IS NULL THEN own.until END AS until
                FROM suppressed_until($1, $3, old.number, statement_timestamp()) AS own
            ) AS s
            WHERE old.tenant_id = $1 AND old.campaign_id = $2
                AND ($4::text[] IS NULL OR old.outcome = ANY ($4))
                AND (old.expires_at IS NULL OR old.expires_at > statement_timestamp())
            ORDER BY old.id
            RETURNING id, calling_group_id, state, coalesce(waits_for, 'new') AS waits_for,
                five_minutes_of(not_before) AS five_minutes
        ), ended AS (
            INSERT INTO untold_ends (tenant_id, campaign_id, contact_id, reason)
            SELECT $1, $3, id, 'suppression' FROM copied WHERE state = 'finished'
        )
        SELECT calling_group_id, waits_for, five_minutes, state = 'finished' AS is_excluded,
            count(*) AS contacts
        FROM copied GROUP BY calling_group_id, waits_for, five_minutes, state
        """,
        *campaign,
        to_id,
        None if outcomes is None else list(outcomes),
        timeout=LONG,
    )
    await conn.execute(
        """
        INSERT INTO contact_numbers (tenant_id, contact_id, position, number, calling_group_id)
        SELECT $1, new.id, own.position, own.number, own.calling_group_id
        FROM contact_numbers AS own
        JOIN contacts AS old ON old.tenant_id = $1 AND old.id = own.contact_id
        JOIN contacts AS new ON new.tenant_id = $1 AND new.campaign_id = $3
            AND new.number = old.number AND new.repeat = old.repeat
        WHERE own.tenant_id = $1 AND old.campaign_id = $2
        """,
        *campaign,
        to_id,
        timeout=LONG,
    )
    return [
        (
            WaitBucket(
                campaign.tenant_id,
                to_id,
                row["calling_group_id"],
                row["waits_for"],
                row["five_minutes"],
            ),
            row["contacts"],
            row["is_excluded"],
        )
        for row in rows
    ]
