"""untold_ends: contacts that were finished without a call, until a public event tells it.

Written by every service that finishes contacts, in the transaction that finishes them; also by the
statements that finish many contacts at once. The scheduler takes them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from shared.db.types import Connection
from shared.domain.outcomes import Outcome
from shared.domain.reasons import Reason


class UntoldEnd(NamedTuple):
    """A contact that is being finished, and why it is not called any more."""

    tenant_id: int
    campaign_id: int
    contact_id: int
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactEnd:
    """The end of a contact; `last_outcome` is that of its last attempt, if it is still kept.

    `traceparent` is that of the request that the contact was to be called for, if it has one.
    """

    tenant_id: int
    campaign_id: int
    contact_id: int
    external_id: str | None
    last_outcome: Outcome | None
    attempts: int
    reason: Reason
    finished_at: datetime
    traceparent: str | None


async def add(conn: Connection, ends: Sequence[UntoldEnd]) -> None:
    if not ends:
        return
    await conn.execute(
        """
        INSERT INTO untold_ends (tenant_id, campaign_id, contact_id, reason)
        SELECT * FROM unnest($1::integer[], $2::bigint[], $3::bigint[], $4::text[])
        """,
        [end.tenant_id for end in ends],
        [end.campaign_id for end in ends],
        [end.contact_id for end in ends],
        [end.reason for end in ends],
    )


async def take(conn: Connection, *, tenant_id: int, limit: int) -> list[ContactEnd]:
    """Take the oldest ends of a tenant, so that this transaction tells them."""
    rows = await conn.fetch(
        """
        WITH oldest AS MATERIALIZED (
            SELECT id FROM untold_ends WHERE tenant_id = $1
            ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED
        ), taken AS (
            DELETE FROM untold_ends AS told USING oldest
            WHERE told.tenant_id = $1 AND told.id = oldest.id
            RETURNING told.id, campaign_id, contact_id, reason, finished_at
        )
        SELECT taken.campaign_id, taken.contact_id, taken.reason, taken.finished_at,
            contact.external_id, contact.traceparent, coalesce(contact.attempts, 0) AS attempts,
            CASE WHEN contact.attempts > 0 THEN (
                SELECT outcome FROM attempts
                WHERE tenant_id = $1 AND contact_id = contact.id
                    AND ended_at IS NOT NULL AND outcome IS NOT NULL
                ORDER BY id DESC LIMIT 1
            ) END AS last_outcome
        FROM taken
        LEFT JOIN contacts AS contact ON contact.tenant_id = $1 AND contact.id = taken.contact_id
        ORDER BY taken.id
        """,
        tenant_id,
        limit,
    )
    return [
        ContactEnd(
            tenant_id=tenant_id,
            campaign_id=row["campaign_id"],
            contact_id=row["contact_id"],
            external_id=row["external_id"],
            last_outcome=None if row["last_outcome"] is None else Outcome(row["last_outcome"]),
            attempts=row["attempts"],
            reason=Reason(row["reason"]),
            finished_at=row["finished_at"],
            traceparent=row["traceparent"],
        )
        for row in rows
    ]
