"""campaigns that take single calls, and the calls in them.

The api finds the campaign of a call, and marks the one that it makes.
"""

from dataclasses import dataclass
from datetime import datetime

from shared.db.api.quotas import CampaignSize
from shared.db.locks import LockClass
from shared.db.types import Connection
from shared.domain.campaigns import CampaignKey
from shared.domain.outcomes import Outcome
from shared.domain.wait_buckets import WaitBucket


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedCall:
    """A single call by its contact; without an outcome it has not ended."""

    contact_id: int
    number: str
    caller_id: str | None
    requested_at: datetime
    outcome: Outcome | None


async def take(conn: Connection, *, tenant_id: int, digest: bytes) -> int | None:
    """The campaign that takes the calls of this definition; None: it is not made, or is over.

    It is not completed until the transaction ends.
    """
    campaign_id: int | None = await conn.fetchval(
        "SELECT take_single_calls($1, $2, $3)", LockClass.IMPORT, tenant_id, digest
    )
    return campaign_id


async def mark(conn: Connection, campaign: CampaignKey, *, digest: bytes | None) -> None:
    """From now on it takes the calls of this definition; None: of none, because it has another."""
    await conn.execute(
        "UPDATE campaigns SET takes_calls_of = $3 WHERE tenant_id = $1 AND id = $2",
        *campaign,
        digest,
    )


async def count(conn: Connection, bucket: WaitBucket, *, most_groups: int) -> CampaignSize:
    """Count a call that was added; returns the size of its campaign, as `quotas.size` does.

    All calls of a campaign wait for these two rows until the commit. So they are locked by one
    statement, in the order of locks: the second row is made from the first.
    """
    (record,) = await conn.fetch(
        """
        WITH counted AS (
            INSERT INTO campaign_counters AS counter (tenant_id, campaign_id, name, value)
            VALUES ($1, $2, 'contacts', 1)
            ON CONFLICT (tenant_id, campaign_id, name) DO UPDATE SET value = counter.value + 1
            RETURNING counter.value
        ), waiting AS (
            INSERT INTO waiting_contacts AS bucket (
                tenant_id, campaign_id, calling_group_id, waits_for, five_minutes, contacts
            )
            SELECT $1, $2, $3, $4, $5, 1 FROM counted
            ON CONFLICT (tenant_id, campaign_id, calling_group_id, waits_for, five_minutes)
                DO UPDATE SET contacts = bucket.contacts + 1
        )
        SELECT counted.value AS contacts, (
            SELECT count(*) FROM (
                SELECT FROM campaign_groups WHERE tenant_id = $1 AND campaign_id = $2
                LIMIT $6 + 1
            ) AS counted
        ) AS calling_groups
        FROM counted
        """,
        *bucket,
        most_groups,
    )
    return CampaignSize(*record)


async def count_open(conn: Connection, tenant_id: int) -> int:
    """How many campaigns of the tenant take single calls at present."""
    count: int = await conn.fetchval(
        """
        SELECT count(*) FROM campaigns
        WHERE tenant_id = $1 AND takes_calls_of IS NOT NULL AND wanted_state <> 'cancelled'
            AND state NOT IN ('completed', 'cancelled')
        """,
        tenant_id,
    )
    return count


async def get(conn: Connection, *, tenant_id: int, contact_id: int) -> RequestedCall | None:
    row = await conn.fetchrow(
        """
        SELECT contact.id AS contact_id, contact.number, campaign.caller_id, contact.requested_at,
            contact.outcome
        FROM contacts AS contact JOIN campaigns AS campaign
            ON campaign.tenant_id = contact.tenant_id AND campaign.id = contact.campaign_id
        WHERE contact.tenant_id = $1 AND contact.id = $2 AND contact.requested_at IS NOT NULL
        """,
        tenant_id,
        contact_id,
    )
    if row is None:
        return None
    outcome = None if row["outcome"] is None else Outcome(row["outcome"])
    return RequestedCall(**{**row, "outcome": outcome})
