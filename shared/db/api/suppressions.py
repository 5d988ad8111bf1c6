"""suppressions: numbers that a tenant must not call, in one campaign or in all.

Written by the api; events adds the numbers of people who ask not to be called. A list is that of
one campaign, or that of all (campaign 0). Every query leaves out what has expired.
"""

from dataclasses import dataclass
from datetime import datetime

from shared.db.types import Connection

ALL_CAMPAIGNS = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """Without `expires_at` it is in force for good."""

    number: str
    campaign_id: int
    reason: str
    expires_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PutSuppression:
    suppression: Suppression
    is_new: bool


async def put(
    conn: Connection,
    *,
    tenant_id: int,
    campaign_id: int,
    number: str,
    reason: str,
    expires_at: datetime | None,
) -> PutSuppression:
    """Add a suppression; one in force gets the new reason and expiry and keeps `created_at`."""
    (record,) = await conn.fetch(
        """
        INSERT INTO suppressions AS s (
            tenant_id, number, campaign_id, reason, expires_at, created_at
        )
        VALUES ($1, $2, $3, $4, coalesce($5::timestamptz, 'infinity'), clock_timestamp())
        ON CONFLICT (tenant_id, number, campaign_id) DO UPDATE
        SET reason = excluded.reason, expires_at = excluded.expires_at,
            created_at = CASE WHEN s.expires_at > excluded.created_at
                THEN s.created_at ELSE excluded.created_at END
        RETURNING number, campaign_id, reason, NULLIF(s.expires_at, 'infinity') AS expires_at,
            created_at, old.created_at IS DISTINCT FROM new.created_at AS is_new
        """,
        tenant_id,
        number,
        campaign_id,
        reason,
        expires_at,
    )
    kept = dict(record)
    is_new = kept.pop("is_new")
    return PutSuppression(suppression=Suppression(**kept), is_new=is_new)


async def page(
    conn: Connection, *, tenant_id: int, campaign_id: int, after: str | None, limit: int
) -> list[Suppression]:
    """A page of the suppressions of one list that are in force, in order of the numbers."""
    records = await conn.fetch(
        """
        SELECT number, campaign_id, reason, NULLIF(expires_at, 'infinity') AS expires_at, created_at
        FROM suppressions
        WHERE tenant_id = $1 AND campaign_id = $2 AND ($3::text IS NULL OR number > $3)
            AND expires_at > clock_timestamp()
        ORDER BY number
        LIMIT $4
        """,
        tenant_id,
        campaign_id,
        after,
        limit,
    )
    return [Suppression(**record) for record in records]


async def delete(conn: Connection, *, tenant_id: int, campaign_id: int, number: str) -> bool:
    """Delete a suppression; returns whether it was in force."""
    was_in_force = await conn.fetchval(
        """
        DELETE FROM suppressions WHERE tenant_id = $1 AND campaign_id = $2 AND number = $3
        RETURNING expires_at > clock_timestamp()
        """,
        tenant_id,
        campaign_id,
        number,
    )
    return was_in_force is True
