"""Queries on the leads of VoiceAIWrapper's API: contacts, one for each number of a campaign."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.db.types import Connection
from shared.domain.campaigns import CampaignKey
from shared.domain.policy.attempt_policy import Again


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """`attributes` is JSON text; `is_suppressed`: for good."""

    id: int
    number: str
    attributes: str | None
    state: str
    outcome: str | None
    is_suppressed: bool


async def lock(
    conn: Connection, campaign: CampaignKey, numbers: Sequence[str], *, everywhere: Sequence[str]
) -> dict[str, Lead]:
    """The leads of the campaign with these numbers, which are locked until the transaction ends.

    Contacts of all campaigns with the numbers of `everywhere` are locked, too.
    """
    records = await conn.fetch(
        """
        SELECT contact.id, contact.campaign_id, contact.number, contact.attributes, contact.state,
            contact.outcome, suppressed.until IS NOT DISTINCT FROM 'infinity' AS is_suppressed
        FROM contacts AS contact
        CROSS JOIN LATERAL suppressed_until(
            $1, contact.campaign_id, contact.number, statement_timestamp()
        ) AS suppressed
        WHERE contact.tenant_id = $1 AND contact.id IN (
            SELECT id FROM contacts
            WHERE tenant_id = $1 AND campaign_id = $2 AND number = ANY ($3::text[])
            UNION ALL
            SELECT other.id FROM campaigns AS campaign
            JOIN contacts AS other ON other.tenant_id = campaign.tenant_id
                AND other.campaign_id = campaign.id AND other.number = ANY ($4::text[])
            WHERE campaign.tenant_id = $1 AND campaign.state NOT IN ('completed', 'cancelled')
            UNION ALL
            SELECT contact_id FROM contact_numbers
            WHERE tenant_id = $1 AND number = ANY ($4::text[])
        )
        -- In the order of locks (shared/db/locks.py).
        ORDER BY contact.number, contact.id
        FOR UPDATE OF contact
        """,
        *campaign,
        list(numbers),
        list(everywhere),
    )
    return {
        record["number"]: Lead(
            id=record["id"],
            number=record["number"],
            attributes=record["attributes"],
            state=record["state"],
            outcome=record["outcome"],
            is_suppressed=record["is_suppressed"],
        )
        for record in records
        if record["campaign_id"] == campaign.campaign_id
    }


async def numbers_of(conn: Connection, campaign: CampaignKey, leads: Sequence[str]) -> set[str]:
    """All numbers of the leads of the campaign with these first numbers."""
    records = await conn.fetch(
        """
        WITH lead AS (
            SELECT id, number FROM contacts
            WHERE tenant_id = $1 AND campaign_id = $2 AND number = ANY ($3::text[])
        )
        SELECT number FROM lead
        UNION
        SELECT own.number
        FROM lead JOIN contact_numbers AS own ON own.tenant_id = $1 AND own.contact_id = lead.id
        """,
        *campaign,
        list(leads),
    )
    return {record["number"] for record in records}


async def set_attributes(
    conn: Connection, tenant_id: int, attributes: Mapping[int, str | None]
) -> None:
    """Replace the attributes of locked leads, by their ids."""
    await conn.execute(
        """
        UPDATE contacts AS contact SET attributes = changed.attributes
        FROM unnest($2::bigint[], $3::jsonb[]) AS changed (id, attributes)
        WHERE contact.tenant_id = $1 AND contact.id = changed.id
        """,
        tenant_id,
        list(attributes),
        list(attributes.values()),
    )


async def requeue(conn: Connection, tenant_id: int, contact_id: int, again: Again) -> None:
    """Let a finished lead wait for its next call; its calls of before count as they did."""
    await conn.execute(
        """
        UPDATE contacts
        SET state = 'pending', outcome = NULL, not_before = $3, waits_for = $4, resumes_at = $5
        WHERE tenant_id = $1 AND id = $2
        """,
        tenant_id,
        contact_id,
        again.not_before,
        again.waits_for,
        again.resumes_at,
    )
