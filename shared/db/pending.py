"""contacts that wait: who is owed a callback, and who is given up by scheduler or owner."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from shared.db import counters, waiting
from shared.db.types import Connection
from shared.db.waiting import Place
from shared.domain.outcomes import Outcome

# The pool's own limit is meant for short statements; an edit may end many contacts.
LONG = 600.0


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A contact that ended without another call, with which outcome, and where it had waited."""

    campaign_id: int
    outcome: Outcome
    place: Place


async def callbacks_due(conn: Connection, *, now: datetime) -> set[int]:
    """The campaigns in which somebody is owed a callback now."""
    rows = await conn.fetch(
        """
        SELECT DISTINCT campaign_id FROM contacts
        WHERE state = 'pending' AND waits_for = 'callback' AND not_before <= $1
        """,
        now,
    )
    return {row["campaign_id"] for row in rows}


async def give_up(
    conn: Connection, campaign_id: int, group_id: int, *, outcome: Outcome, limit: int
) -> list[GivenUp]:
    """Finish up to `limit` pending contacts of a group that can never be called."""
    rows = await conn.fetch(
        """
        UPDATE contacts SET state = 'finished', outcome = $3 WHERE id IN (
            SELECT id FROM contacts
            WHERE campaign_id = $1 AND calling_group_id = $2 AND state = 'pending'
            LIMIT $4 FOR UPDATE SKIP LOCKED
        )
        RETURNING campaign_id, calling_group_id, coalesce(waits_for, 'new') AS waits_for,
            waiting_slot(not_before) AS slot, outcome
        """,
        campaign_id,
        group_id,
        outcome,
        limit,
    )
    return [_given_up(row) for row in rows]


async def expire(conn: Connection, *, now: datetime, limit: int) -> list[GivenUp]:
    """Finish up to `limit` pending contacts whose requests are void by now."""
    rows = await conn.fetch(
        """
        UPDATE contacts SET state = 'finished', outcome = 'out_of_time' WHERE id IN (
            SELECT id FROM contacts
            WHERE state = 'pending' AND expires_at <= $1
            ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED
        )
        RETURNING campaign_id, calling_group_id, coalesce(waits_for, 'new') AS waits_for,
            waiting_slot(not_before) AS slot, outcome
        """,
        now,
        limit,
    )
    return [_given_up(row) for row in rows]


async def spend(conn: Connection, campaign_id: int, *, max_total: int) -> list[GivenUp]:
    """Finish those who have had as many attempts as there may be now, with their last outcome."""
    rows = await conn.fetch(
        """
        UPDATE contacts c SET state = 'finished', outcome = (
            SELECT a.outcome FROM attempts a
            WHERE a.contact_id = c.id AND a.outcome IS NOT NULL ORDER BY a.id DESC LIMIT 1
        )
        WHERE c.campaign_id = $1 AND c.state = 'pending' AND c.attempts >= $2
        RETURNING c.campaign_id, c.calling_group_id, coalesce(c.waits_for, 'new') AS waits_for,
            waiting_slot(c.not_before) AS slot, c.outcome
        """,
        campaign_id,
        max_total,
        timeout=LONG,
    )
    return [_given_up(row) for row in rows]


async def count(conn: Connection, given_up: Sequence[GivenUp]) -> None:
    """Last in the transaction that gave them up."""
    ends = Counter((each.campaign_id, counters.FINISHED + each.outcome) for each in given_up)
    await counters.add(conn, [(campaign, name, count) for (campaign, name), count in ends.items()])
    await waiting.add(conn, [(each.place, -1) for each in given_up])


def _given_up(row: asyncpg.Record) -> GivenUp:
    place = Place(row["campaign_id"], row["calling_group_id"], row["waits_for"], row["slot"])
    return GivenUp(row["campaign_id"], Outcome(row["outcome"]), place)
