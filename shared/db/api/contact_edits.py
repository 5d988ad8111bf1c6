"""Queries that find, change and delete single contacts for their owner."""

from datetime import datetime

from shared.db.api import contact_numbers
from shared.db.api.contacts import Contact
from shared.db.types import Connection
from shared.domain.campaigns import CampaignKey


async def newest(
    conn: Connection, *, tenant_id: int, before: int | None, limit: int
) -> list[Contact]:
    """A page of the contacts of all campaigns, newest first."""
    records = await conn.fetch(
        """
        SELECT contact.id, contact.campaign_id, contact.number, contact.external_id,
            contact.attributes, g.zones, g.source AS zone_source, g.jurisdictions,
            g.jurisdiction_source, contact.state, contact.outcome, contact.attempts,
            NULLIF(contact.not_before, '-infinity') AS not_before, contact.waits_for,
            contact.expires_at, contact.phone AS next_number,
            ARRAY(
                SELECT number FROM contact_numbers
                WHERE contact.next_number IS NOT NULL AND tenant_id = contact.tenant_id
                    AND contact_id = contact.id AND position > 1
                ORDER BY position
            ) AS numbers
        FROM contacts AS contact
        JOIN calling_groups g ON g.id = contact.calling_group_id
        WHERE contact.tenant_id = $1 AND ($2::bigint IS NULL OR contact.id < $2)
        ORDER BY contact.id DESC LIMIT $3
        """,
        tenant_id,
        before,
        limit,
    )
    return [Contact(**record) for record in records]


async def find(
    conn: Connection,
    *,
    tenant_id: int,
    number: str | None,
    external_id: str | None,
    campaign_id: int | None,
    before: int | None,
    limit: int,
) -> list[Contact]:
    """The contacts of all campaigns with a number, an external id or both, newest first.

    A number is looked up campaign by campaign, in the key that each of them has, and among those
    of contacts with several.
    """
    records = await conn.fetch(
        """
        WITH found AS (
            SELECT contact.id FROM campaigns AS campaign
            JOIN contacts AS contact ON contact.tenant_id = campaign.tenant_id
                AND contact.campaign_id = campaign.id AND contact.number = $2
            WHERE campaign.tenant_id = $1 AND ($4::bigint IS NULL OR campaign.id = $4)
            UNION
            SELECT contact_id FROM contact_numbers WHERE tenant_id = $1 AND number = $2
            UNION
            SELECT id FROM contacts
            WHERE tenant_id = $1 AND external_id = $3 AND $2::text IS NULL
        )
        SELECT contact.id, contact.campaign_id, contact.number, contact.external_id,
            contact.attributes, g.zones, g.source AS zone_source, g.jurisdictions,
            g.jurisdiction_source, contact.state, contact.outcome, contact.attempts,
            NULLIF(contact.not_before, '-infinity') AS not_before, contact.waits_for,
            contact.expires_at, contact.phone AS next_number,
            ARRAY(
                SELECT number FROM contact_numbers
                WHERE contact.next_number IS NOT NULL AND tenant_id = contact.tenant_id
                    AND contact_id = contact.id AND position > 1
                ORDER BY position
            ) AS numbers
        FROM found
        JOIN contacts AS contact ON contact.tenant_id = $1 AND contact.id = found.id
        JOIN calling_groups g ON g.id = contact.calling_group_id
        WHERE ($3::text IS NULL OR contact.external_id = $3)
            AND ($4 IS NULL OR contact.campaign_id = $4)
            AND ($5::bigint IS NULL OR contact.id < $5)
        ORDER BY contact.id DESC LIMIT $6
        """,
        tenant_id,
        number,
        external_id,
        campaign_id,
        before,
        limit,
    )
    return [Contact(**record) for record in records]


async def is_taken(conn: Connection, campaign: CampaignKey, number: str) -> bool:
    """Whether a contact of the campaign has the number."""
    taken: bool = await conn.fetchval(
        """
        SELECT EXISTS (
            SELECT FROM contacts
            WHERE tenant_id = $1 AND campaign_id = $2 AND number = $3
        )
        """,
        *campaign,
        number,
    )
    return taken


async def edit(
    conn: Connection,
    *,
    tenant_id: int,
    contact_id: int,
    number: str,
    next_number: str | None,
    calling_group_id: int,
    external_id: str | None,
    attributes: str | None,
    expires_at: datetime | None,
) -> None:
    """Replace what its owner wrote of a locked contact; `next_number` is of one with several."""
    await conn.execute(
        """
        UPDATE contacts SET number = $3, calling_group_id = $4, external_id = $5, attributes = $6,
            expires_at = $7, next_number = $8
        WHERE tenant_id = $1 AND id = $2
        """,
        tenant_id,
        contact_id,
        number,
        calling_group_id,
        external_id,
        attributes,
        expires_at,
        next_number,
    )


async def delete(conn: Connection, *, tenant_id: int, contact_id: int) -> None:
    await contact_numbers.delete(conn, tenant_id=tenant_id, contact_ids=[contact_id])
    await conn.execute(
        "DELETE FROM contacts WHERE tenant_id = $1 AND id = $2", tenant_id, contact_id
    )
