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
    one is due again as it was before it. Campaign 0 means all of the tenant's.
    """
    records = await conn.fetch(
        """
        WITH waiting AS (
            SELECT c.id, c.waits_for, c.not_before, c.attempts, c.resumes_at, s.until,
                CASE WHEN c.waits_for = 'suppression' THEN coalesce(c.resumes_at, '-infinity')
                    ELSE c.not_before END AS due_at
            FROM campaigns m
            JOIN contacts c ON c.tenant_id = m.tenant_id AND c.campaign_id = m.id
                AND c.number = ANY ($3::text[])
            CROSS JOIN LATERAL suppressed_until($1, m.id, c.number, $4) s
            WHERE m.tenant_id = $1 AND ($2 = 0 OR m.id = $2)
                AND m.state NOT IN ('completed', 'cancelled') AND c.state = 'pending'
                AND (s.until IS NOT NULL OR c.waits_for = 'suppression')
            -- In the order of locks (shared/db/locks.py).
            ORDER BY c.number, c.id
            FOR UPDATE OF c
        )
        UPDATE contacts c
        SET state = CASE WHEN w.until = 'infinity' THEN 'finished' ELSE 'pending' END,
            outcome = CASE WHEN w.until = 'infinity' THEN 'excluded' END,
            waits_for = CASE WHEN w.until = 'infinity' THEN NULL
                WHEN w.until > w.due_at THEN 'suppression'
                WHEN w.waits_for <> 'suppression' THEN w.waits_for
                WHEN w.due_at > $4 OR w.attempts > 0 THEN 'retry' END,
            not_before = CASE WHEN w.until = 'infinity' THEN w.not_before
                WHEN w.until > w.due_at THEN w.until
                WHEN w.waits_for = 'suppression' THEN greatest(w.due_at, $4)
                ELSE w.not_before END,
            resumes_at = CASE WHEN w.until < 'infinity' AND w.until > w.due_at
                THEN NULLIF(w.due_at, '-infinity')
                -- A callback keeps the time that it put off.
                WHEN w.waits_for = 'callback' THEN w.resumes_at END
        FROM waiting w
        WHERE c.tenant_id = $1 AND c.id = w.id
        RETURNING c.tenant_id, c.campaign_id, c.calling_group_id,
            c.state = 'finished' AS is_excluded, w.waits_for AS waited_for,
            NULLIF(w.not_before, '-infinity') AS waited_until,
            c.waits_for, NULLIF(c.not_before, '-infinity') AS not_before
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
