"""attempts: one row per planned call, which is its own outbox entry.

Inserted as `claimed` by the scheduler; `dialing` and `placed` by the dialer; ended by events.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.db.types import Connection
from shared.domain.attempts import AttemptState


@dataclass(frozen=True, slots=True)
class Claimed:
    """What must be published for a claimed attempt."""

    id: UUID
    campaign_id: int
    contact_id: int


@dataclass(frozen=True, slots=True)
class Live:
    """Attempts of a campaign that wait to be dialed, and those that hold a permit.

    `overdue` are the claimed ones that nobody has dialed in time.
    """

    claimed: int
    dialed: int
    overdue: int


@dataclass(frozen=True, slots=True)
class Due:
    """A claimed attempt as the dialer meets it."""

    id: UUID
    campaign_id: int
    number: str
    zones: tuple[str, ...]
    window_closes_at: datetime
    suppressed: bool


@dataclass(frozen=True, slots=True)
class Silent:
    """A dialed attempt that nobody has reported on for a while."""

    id: UUID
    trunk_id: int
    state: AttemptState
    dialing_at: datetime


async def claim(
    conn: Connection,
    *,
    campaign_id: int,
    groups: Sequence[int],
    closing: Sequence[datetime],
    limit: int,
    zone_data: str,
    revisit_at: datetime,
    now: datetime,
) -> list[Claimed]:
    """Claim up to `limit` due contacts of the open groups, in the order given."""
    rows = await conn.fetch(
        """
        WITH due AS (
            -- Nothing sorts or gathers here, so the groups are read one after another and
            -- reading stops at the limit: an open window of a million rows costs `limit` rows.
            SELECT c.id, c.attempts, g.closes_at
            FROM unnest($2::int[], $3::timestamptz[]) AS g (id, closes_at)
            CROSS JOIN LATERAL (
                SELECT id, attempts FROM contacts
                WHERE campaign_id = $1 AND calling_group_id = g.id
                    AND state = 'pending' AND not_before <= $4
                ORDER BY not_before LIMIT $5
                FOR UPDATE SKIP LOCKED
            ) AS c
            LIMIT $5
        ), taken AS (
            UPDATE contacts SET state = 'active' FROM due WHERE contacts.id = due.id
        )
        INSERT INTO attempts (
            id, campaign_id, contact_id, claimed_at, window_closes_at, revisit_at, number, state,
            zone_data
        )
        SELECT uuidv7(), $1, id, $4, closes_at, $6, attempts + 1, 'claimed', $7 FROM due
        RETURNING id, campaign_id, contact_id
        """,
        campaign_id,
        list(groups),
        list(closing),
        now,
        limit,
        revisit_at,
        zone_data,
    )
    return [Claimed(**row) for row in rows]


async def live(conn: Connection, *, now: datetime) -> dict[int, Live]:
    """Live attempts by campaign, read from the small index that holds nothing else."""
    rows = await conn.fetch(
        """
        SELECT campaign_id,
            count(*) FILTER (WHERE state = 'claimed') AS claimed,
            count(*) FILTER (WHERE state <> 'claimed') AS dialed,
            count(*) FILTER (WHERE state = 'claimed' AND revisit_at <= $1) AS overdue
        FROM attempts WHERE ended_at IS NULL
        GROUP BY campaign_id
        """,
        now,
    )
    return {row["campaign_id"]: Live(row["claimed"], row["dialed"], row["overdue"]) for row in rows}


async def live_leases(conn: Connection) -> list[tuple[UUID, int, int, int]]:
    """(attempt, campaign, tenant, trunk) of every attempt that holds a permit."""
    rows = await conn.fetch(
        """
        SELECT a.id, a.campaign_id, c.tenant_id, c.trunk_id
        FROM attempts a JOIN campaigns c ON c.id = a.campaign_id
        WHERE a.ended_at IS NULL AND a.state <> 'claimed'
        """
    )
    return [(row["id"], row["campaign_id"], row["tenant_id"], row["trunk_id"]) for row in rows]


async def scopes(conn: Connection, ids: Sequence[UUID]) -> list[tuple[UUID, int, int, int]]:
    """(attempt, campaign, tenant, trunk) of these attempts."""
    rows = await conn.fetch(
        """
        SELECT a.id, a.campaign_id, c.tenant_id, c.trunk_id
        FROM attempts a JOIN campaigns c ON c.id = a.campaign_id
        WHERE a.id = ANY($1)
        """,
        list(ids),
    )
    return [(row["id"], row["campaign_id"], row["tenant_id"], row["trunk_id"]) for row in rows]


async def over(conn: Connection, ids: Sequence[UUID]) -> list[tuple[UUID, int, int, int]]:
    """(attempt, campaign, tenant, trunk) of those that have ended and are never dialed again."""
    rows = await conn.fetch(
        """
        SELECT a.id, a.campaign_id, c.tenant_id, c.trunk_id
        FROM attempts a JOIN campaigns c ON c.id = a.campaign_id
        WHERE a.id = ANY($1) AND a.ended_at IS NOT NULL
        """,
        list(ids),
    )
    return [(row["id"], row["campaign_id"], row["tenant_id"], row["trunk_id"]) for row in rows]


async def republish(
    conn: Connection, *, now: datetime, revisit_at: datetime, limit: int
) -> list[Claimed]:
    """Claimed attempts that nobody dialed in time, to be published again."""
    rows = await conn.fetch(
        """
        UPDATE attempts SET revisit_at = $2 WHERE id IN (
            SELECT id FROM attempts
            WHERE ended_at IS NULL
                AND state = 'claimed' AND revisit_at <= $1
            ORDER BY revisit_at LIMIT $3 FOR UPDATE SKIP LOCKED
        ) RETURNING id, campaign_id, contact_id
        """,
        now,
        revisit_at,
        limit,
    )
    return [Claimed(**row) for row in rows]


async def due(conn: Connection, ids: Sequence[UUID]) -> list[Due]:
    """Those of the attempts that are still claimed, with what the dialer needs to decide."""
    rows = await conn.fetch(
        """
        SELECT a.id, a.campaign_id, c.number, g.zones, a.window_closes_at,
            EXISTS (
                SELECT FROM suppressions s
                WHERE s.tenant_id = m.tenant_id AND s.number = c.number
                    AND s.campaign_id IN (0, m.id) AND s.expires_at > clock_timestamp()
            ) AS suppressed
        FROM attempts a
        JOIN contacts c ON c.id = a.contact_id
        JOIN calling_groups g ON g.id = c.calling_group_id
        JOIN campaigns m ON m.id = a.campaign_id
        WHERE a.id = ANY($1) AND a.state = 'claimed'
        """,
        list(ids),
    )
    return [Due(**{**row, "zones": tuple(row["zones"])}) for row in rows]


async def dial(
    conn: Connection,
    ids: Sequence[UUID],
    numbers: Sequence[str],
    *,
    now: datetime,
    open_until: datetime,
    revisit_at: datetime,
) -> set[UUID]:
    """The compare-and-set before an originate: who may be dialed is decided here and nowhere else.

    It reads the owner's wish and the suppressions in the same statement, so a pause or a
    suppression that is committed stops whatever has not passed this point.
    """
    rows = await conn.fetch(
        """
        UPDATE attempts a SET state = 'dialing', dialing_at = $3, revisit_at = $4
        FROM campaigns c
        -- Not a join with unnest, after which a plan may begin with the campaign's whole index.
        WHERE a.id = ANY ($1::uuid[]) AND a.state = 'claimed' AND a.window_closes_at > $5
            AND c.id = a.campaign_id AND c.state = 'running' AND c.wanted_state = 'running'
            AND NOT EXISTS (
                SELECT FROM suppressions s
                WHERE s.tenant_id = c.tenant_id
                    AND s.number = ($2::text[])[array_position($1::uuid[], a.id)]
                    AND s.campaign_id IN (0, c.id) AND s.expires_at > $3
            )
        RETURNING a.id
        """,
        list(ids),
        list(numbers),
        now,
        revisit_at,
        open_until,
    )
    return {row["id"] for row in rows}


async def hand_back(conn: Connection, ids: Sequence[UUID], times: Sequence[datetime]) -> None:
    """Have claimed attempts published again at their times."""
    await conn.execute(
        """
        UPDATE attempts a SET revisit_at = d.at
        FROM unnest($1::uuid[], $2::timestamptz[]) AS d (id, at)
        WHERE a.id = d.id AND a.state = 'claimed'
        """,
        list(ids),
        list(times),
    )


async def placed(
    conn: Connection,
    ids: Sequence[UUID],
    call_ids: Sequence[str],
    times: Sequence[datetime],
) -> None:
    """The provider took the calls. One that has ended meanwhile stays ended."""
    await conn.execute(
        """
        UPDATE attempts a SET state = 'placed', provider_call_id = d.call_id, placed_at = d.at
        FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) AS d (id, call_id, at)
        WHERE a.id = d.id AND a.state = 'dialing'
        """,
        list(ids),
        list(call_ids),
        list(times),
    )


async def take_silent(
    conn: Connection, *, now: datetime, revisit_at: datetime, limit: int
) -> list[Silent]:
    """Dialed attempts whose provider must be asked; nobody else asks before `revisit_at`."""
    rows = await conn.fetch(
        """
        UPDATE attempts a SET revisit_at = $2 FROM campaigns c
        WHERE c.id = a.campaign_id AND a.id IN (
            SELECT id FROM attempts
            WHERE ended_at IS NULL
                AND state <> 'claimed' AND revisit_at <= $1
            ORDER BY revisit_at LIMIT $3 FOR UPDATE SKIP LOCKED
        ) RETURNING a.id, c.trunk_id, a.state, a.dialing_at
        """,
        now,
        revisit_at,
        limit,
    )
    return [Silent(**{**row, "state": AttemptState(row["state"])}) for row in rows]
