"""contacts that wait, as the scheduler sees them: who is owed a callback, and who is given up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from shared.db.types import Connection
from shared.db.waiting_counts import WaitBucket
from shared.domain.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class GivenUpContact:
    """A contact that ended without a call, with which outcome, and where it had waited."""

    campaign_id: int
    outcome: Outcome
    bucket: WaitBucket


async def callbacks_due(
    conn: Connection, campaign_ids: Sequence[int], *, now: datetime
) -> set[int]:
    """Those of the campaigns in which somebody is owed a callback now."""
    rows = await conn.fetch(
        """
        SELECT c.id AS campaign_id FROM campaigns c
        WHERE c.id = ANY ($2) AND EXISTS (
            SELECT FROM contacts
            WHERE campaign_id = c.id AND state = 'pending' AND waits_for = 'callback'
                AND not_before <= $1
        )
        """,
        now,
        list(campaign_ids),
    )
    return {row["campaign_id"] for row in rows}


async def give_up(
    conn: Connection, campaign_id: int, group_id: int, *, outcome: Outcome, limit: int
) -> list[GivenUpContact]:
    """Finish up to `limit` pending contacts of a group that can never be called."""
    rows = await conn.fetch(
        """
        UPDATE contacts SET state = 'finished', outcome = $3 WHERE id IN (
            SELECT id FROM contacts
            WHERE campaign_id = $1 AND calling_group_id = $2 AND state = 'pending'
            LIMIT $4 FOR UPDATE SKIP LOCKED
        )
        RETURNING campaign_id, calling_group_id, coalesce(waits_for, 'new') AS waits_for,
            five_minutes_of(not_before) AS five_minutes, outcome
        """,
        campaign_id,
        group_id,
        outcome,
        limit,
    )
    return [_given_up(row) for row in rows]


async def expire(conn: Connection, *, now: datetime, limit: int) -> list[GivenUpContact]:
    """Finish up to `limit` pending contacts whose requests are void by now."""
    rows = await conn.fetch(
        """
        UPDATE contacts SET state = 'finished', outcome = 'out_of_time' WHERE id IN (
            SELECT id FROM contacts
            WHERE state = 'pending' AND expires_at <= $1
            ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED
        )
        RETURNING campaign_id, calling_group_id, coalesce(waits_for, 'new') AS waits_for,
            five_minutes_of(not_before) AS five_minutes, outcome
        """,
        now,
        limit,
    )
    return [_given_up(row) for row in rows]


def _given_up(row: asyncpg.Record) -> GivenUpContact:
    bucket = WaitBucket(
        row["campaign_id"], row["calling_group_id"], row["waits_for"], row["five_minutes"]
    )
    return GivenUpContact(row["campaign_id"], Outcome(row["outcome"]), bucket)
