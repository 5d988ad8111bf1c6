"""Applies a change of suppressions to the contacts that wait."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from shared.db.types import Connection
from shared.domain.wait_buckets import NEW, WaitBucket, five_minutes_of

# The pool's own limit is meant for short statements; an import settles many numbers.
LONG = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledContact:
    """A pending contact with its old and its new wait bucket; without a new one it is excluded."""

    waited: WaitBucket
    waits: WaitBucket | None


def moves(settled: Sequence[SettledContact]) -> list[tuple[WaitBucket, int]]:
    """How the buckets of waiting contacts change."""
    left = [(contact.waited, -1) for contact in settled]
    came = [(contact.waits, 1) for contact in settled if contact.waits is not None]
    return [*left, *came]


async def settle(
    conn: Connection,
    *,
    tenant_id: int,
    campaign_id: int,
    numbers: Sequence[str],
    now: datetime,
) -> list[SettledContact]:
    """Give the pending contacts with these numbers what the suppressions in force say of them.

    For good: they are finished. For a time: they wait for its end. Not any more: what waited for
    one is due again as it was before it. Campaign 0 means all of the tenant's. A contact with
    several numbers is finished if all are suppressed for good; else it goes on in the fold.
    """
    records = await conn.fetch(
        """
        WITH waiting AS (
            SELECT contact.id, contact.waits_for, contact.not_before, contact.attempts,
                contact.resumes_at, suppressed.until,
                CASE WHEN contact.waits_for = 'suppression'
                    THEN coalesce(contact.resumes_at, '-infinity')
                    ELSE contact.not_before END AS due_at
            FROM (
                SELECT contact.id FROM campaigns AS campaign
                JOIN contacts AS contact ON contact.tenant_id = campaign.tenant_id
                    AND contact.campaign_id = campaign.id AND contact.number = ANY ($3::text[])
                WHERE campaign.tenant_id = $1 AND ($2 = 0 OR campaign.id = $2)
                    AND campaign.state NOT IN ('completed', 'cancelled')
                UNION
                SELECT contact_id FROM contact_numbers
                WHERE tenant_id = $1 AND number = ANY ($3)
            ) AS found
            JOIN contacts AS contact ON contact.tenant_id = $1 AND contact.id = found.id
            JOIN campaigns AS campaign
                ON campaign.tenant_id = $1 AND campaign.id = contact.campaign_id
            CROSS JOIN LATERAL (
                SELECT CASE WHEN contact.next_number IS NULL
                    THEN (SELECT until FROM suppressed_until($1, campaign.id, contact.number, $4))
                    ELSE (
                        SELECT CASE WHEN every(own.until IS NOT DISTINCT FROM 'infinity')
                            THEN 'infinity'::timestamptz END
                        FROM contact_numbers AS several
                        JOIN calling_groups AS g
                            ON g.id = several.calling_group_id AND g.source <> 'unknown'
                        CROSS JOIN LATERAL suppressed_until(
                            $1, campaign.id, several.number, $4
                        ) AS own
                        WHERE several.tenant_id = $1 AND several.contact_id = contact.id
                            AND NOT several.is_passed_over
                    ) END AS until
            ) AS suppressed
            WHERE campaign.tenant_id = $1 AND ($2 = 0 OR campaign.id = $2)
                AND campaign.state NOT IN ('completed', 'cancelled') AND contact.state = 'pending'
                AND (suppressed.until IS NOT NULL OR contact.waits_for = 'suppression')
            -- In the order of locks (shared/db/locks.py).
            ORDER BY contact.number, contact.id
            FOR UPDATE OF contact
        ), settled AS (
            UPDATE contacts AS contact
            SET state = CASE WHEN waiting.until = 'infinity' THEN 'finished' ELSE 'pending' END,
                outcome = CASE WHEN waiting.until = 'infinity' THEN 'excluded' END,
                waits_for = CASE WHEN waiting.until = 'infinity' THEN NULL
                    WHEN waiting.until > waiting.due_at THEN 'suppression'
                    WHEN waiting.waits_for <> 'suppression' THEN waiting.waits_for
                    WHEN waiting.due_at > $4 OR waiting.attempts > 0 THEN 'retry' END,
                not_before = CASE WHEN waiting.until = 'infinity' THEN waiting.not_before
                    WHEN waiting.until > waiting.due_at THEN waiting.until
                    WHEN waiting.waits_for = 'suppression' THEN greatest(waiting.due_at, $4)
                    ELSE waiting.not_before END,
                resumes_at = CASE WHEN waiting.until < 'infinity' AND waiting.until > waiting.due_at
                    THEN NULLIF(waiting.due_at, '-infinity')
                    -- A callback keeps the time that it put off.
                    WHEN waiting.waits_for = 'callback' THEN waiting.resumes_at END
            FROM waiting
            WHERE contact.tenant_id = $1 AND contact.id = waiting.id
            RETURNING contact.id, contact.tenant_id, contact.campaign_id, contact.calling_group_id,
                contact.state = 'finished' AS is_excluded, waiting.waits_for AS waited_for,
                NULLIF(waiting.not_before, '-infinity') AS waited_until,
                contact.waits_for, NULLIF(contact.not_before, '-infinity') AS not_before
        ), ended AS (
            INSERT INTO untold_ends (tenant_id, campaign_id, contact_id, reason)
            SELECT tenant_id, campaign_id, id, 'suppression' FROM settled WHERE is_excluded
        )
        SELECT tenant_id, campaign_id, calling_group_id, is_excluded, waited_for, waited_until,
            waits_for, not_before
        FROM settled
        """,
        tenant_id,
        campaign_id,
        numbers,
        now,
        timeout=LONG,
    )
    return [_settled(record) for record in records]


def _settled(record: asyncpg.Record) -> SettledContact:
    group = record["tenant_id"], record["campaign_id"], record["calling_group_id"]
    waited = WaitBucket(
        *group, record["waited_for"] or NEW, five_minutes_of(record["waited_until"])
    )
    waits = WaitBucket(*group, record["waits_for"] or NEW, five_minutes_of(record["not_before"]))
    return SettledContact(waited=waited, waits=None if record["is_excluded"] else waits)
