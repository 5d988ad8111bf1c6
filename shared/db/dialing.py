"""attempts: one row per planned call, which is its own outbox entry.

Inserted as `claimed` by the scheduler (claims.py); `dialing` and `placed` by the dialer; ended by
events (folding.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from asyncpg import Record

from shared.db.rows import calling_group
from shared.db.types import Connection
from shared.domain.attempts import AttemptState
from shared.domain.places.calling_groups import CallingGroup


@dataclass(frozen=True, slots=True)
class DueAttempt:
    """A claimed attempt as the dialer meets it."""

    id: UUID
    campaign_id: int
    attempt_number: int
    number: str
    group_id: int
    group: CallingGroup
    window_closes_at: datetime
    expires_at: datetime | None
    suppressed: bool


@dataclass(frozen=True, slots=True)
class UnreportedAttempt:
    """A dialed attempt that nobody has reported on for a while."""

    tenant_id: int
    id: UUID
    trunk_id: int
    state: AttemptState
    dialing_at: datetime


async def live_leases(conn: Connection) -> list[tuple[UUID, int, int, int]]:
    """(attempt, campaign, tenant, trunk) of every attempt that holds a permit."""
    rows = await conn.fetch(
        """
        SELECT a.id, a.campaign_id, c.tenant_id, c.trunk_id
        FROM attempts a JOIN campaigns c ON c.tenant_id = a.tenant_id AND c.id = a.campaign_id
        WHERE a.ended_at IS NULL AND a.state <> 'claimed'
        """
    )
    return [(row["id"], row["campaign_id"], row["tenant_id"], row["trunk_id"]) for row in rows]


async def leases_of(conn: Connection, ids: Sequence[UUID]) -> list[tuple[UUID, int, int, int]]:
    """(attempt, campaign, tenant, trunk) of these attempts."""
    rows = await conn.fetch(
        """
        SELECT a.id, a.campaign_id, c.tenant_id, c.trunk_id
        FROM attempts a JOIN campaigns c ON c.tenant_id = a.tenant_id AND c.id = a.campaign_id
        WHERE a.id = ANY($1)
        """,
        list(ids),
    )
    return [(row["id"], row["campaign_id"], row["tenant_id"], row["trunk_id"]) for row in rows]


async def ended(conn: Connection, ids: Sequence[UUID]) -> list[tuple[UUID, int, int, int]]:
    """(attempt, campaign, tenant, trunk) of those that have ended and are never dialed again."""
    rows = await conn.fetch(
        """
        SELECT a.id, a.campaign_id, c.tenant_id, c.trunk_id
        FROM attempts a JOIN campaigns c ON c.tenant_id = a.tenant_id AND c.id = a.campaign_id
        WHERE a.id = ANY($1) AND a.ended_at IS NOT NULL
        """,
        list(ids),
    )
    return [(row["id"], row["campaign_id"], row["tenant_id"], row["trunk_id"]) for row in rows]


async def due(conn: Connection, ids: Sequence[UUID]) -> list[DueAttempt]:
    """Those of the attempts that are still claimed, with what the dialer needs to decide."""
    rows = await conn.fetch(
        """
        SELECT a.id, a.campaign_id, a.number AS attempt_number, c.number, a.window_closes_at,
            c.expires_at,
            g.id AS group_id, g.zones, g.source, g.jurisdictions, g.jurisdiction_source,
            EXISTS (
                SELECT FROM suppressions s
                WHERE s.tenant_id = a.tenant_id AND s.number = c.number
                    AND s.campaign_id IN (0, a.campaign_id) AND s.expires_at > clock_timestamp()
            ) AS suppressed
        FROM attempts a
        JOIN contacts c ON c.tenant_id = a.tenant_id AND c.id = a.contact_id
        JOIN calling_groups g ON g.id = c.calling_group_id
        WHERE a.id = ANY($1) AND a.state = 'claimed'
        """,
        list(ids),
    )
    groups: dict[int, CallingGroup] = {}
    return [_due(row, groups) for row in rows]


def _due(row: Record, groups: dict[int, CallingGroup]) -> DueAttempt:
    """Attempts of one group share it, and are told apart by its id at less cost."""
    group = groups.get(row["group_id"])
    if group is None:
        group = groups[row["group_id"]] = calling_group(row)
    return DueAttempt(
        row["id"],
        row["campaign_id"],
        row["attempt_number"],
        row["number"],
        row["group_id"],
        group,
        row["window_closes_at"],
        row["expires_at"],
        row["suppressed"],
    )


async def dial(
    conn: Connection,
    ids: Sequence[UUID],
    numbers: Sequence[str],
    revisions: Sequence[int],
    *,
    in_person_calls: bool = False,
    now: datetime,
    open_until: datetime,
    revisit_at: datetime,
) -> set[UUID]:
    """The compare-and-set before an originate: who may be dialed is decided here and nowhere else.

    It reads the owner's wish and the suppressions in the same statement, so a pause or a
    suppression that is committed stops whatever has not passed this point. So does whatever has
    raised the campaign's revision since the attempt was judged by the one that is given.
    `in_person_calls` says that the same transaction notes the calls in person_calls.
    """
    rows = await conn.fetch(
        """
        UPDATE attempts a
        SET state = 'dialing', dialing_at = $3, revisit_at = $4, in_person_calls = $6
        FROM campaigns c
        -- Not a join with unnest, after which a plan may begin with the campaign's whole index.
        WHERE a.id = ANY ($1::uuid[]) AND a.state = 'claimed' AND a.window_closes_at > $5
            AND c.tenant_id = a.tenant_id AND c.id = a.campaign_id
            AND c.state = 'running' AND c.wanted_state = 'running'
            AND c.revision = ($7::integer[])[array_position($1::uuid[], a.id)]
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
        in_person_calls,
        list(revisions),
    )
    return {row["id"] for row in rows}


async def hand_back(conn: Connection, ids: Sequence[UUID], times: Sequence[datetime]) -> None:
    """Let claimed attempts be published again at their times."""
    # Two dialers may hand back the same attempts: in one order, so that none deadlock.
    ordered = sorted(zip(ids, times, strict=True))
    await conn.execute(
        """
        UPDATE attempts a SET revisit_at = d.at
        FROM unnest($1::uuid[], $2::timestamptz[]) AS d (id, at)
        WHERE a.id = d.id AND a.state = 'claimed'
        """,
        [id_ for id_, _ in ordered],
        [at for _, at in ordered],
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


async def claim_unreported(
    conn: Connection, *, now: datetime, revisit_at: datetime, limit: int
) -> list[UnreportedAttempt]:
    """Dialed attempts whose provider must be asked; nobody else asks before `revisit_at`."""
    rows = await conn.fetch(
        """
        UPDATE attempts a SET revisit_at = $2 FROM campaigns c
        WHERE c.tenant_id = a.tenant_id AND c.id = a.campaign_id AND a.id IN (
            SELECT id FROM attempts
            WHERE ended_at IS NULL
                AND state <> 'claimed' AND revisit_at <= $1
            ORDER BY revisit_at LIMIT $3 FOR UPDATE SKIP LOCKED
        ) RETURNING c.tenant_id, a.id, c.trunk_id, a.state, a.dialing_at
        """,
        now,
        revisit_at,
        limit,
    )
    return [UnreportedAttempt(**{**row, "state": AttemptState(row["state"])}) for row in rows]
