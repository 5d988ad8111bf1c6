"""blackouts: spans without calls. The api writes those of its tenants, the command line any.

A black-out is ended and never deleted, so that the record shows why no call was made. After its
commit it raises the revisions of the campaigns, for calls that were judged before; the scheduler
raises them for one whose maker died before it did.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.db import revisions
from shared.db.types import Connection
from shared.domain.calendar.intervals import NEVER
from shared.domain.policy.blackouts import Blackout

# Longer than its maker needs from the commit to the raise, unless it died.
RAISED_WITHIN = timedelta(seconds=1)
# A reader also gets the black-outs that begin soon, so that its answer stays right for a while.
AHEAD = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A black-out. Without `ends_at` it lasts until it is ended."""

    id: int
    tenant_id: int | None
    jurisdiction: str | None
    starts_at: datetime
    ends_at: datetime | None
    reason: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The end of a black-out; `was_over` if it had passed before the command."""

    at: datetime
    was_over: bool


async def in_force(conn: Connection, *, tenant_ids: Collection[int]) -> list[Blackout]:
    """Black-outs now or within the next day, of any of the tenants or of the installation."""
    rows = await conn.fetch(
        """
        SELECT id, tenant_id, jurisdiction, starts_at, NULLIF(ends_at, 'infinity') AS ends_at,
            reason
        FROM blackouts
        WHERE ends_at > clock_timestamp() AND starts_at < ends_at
            AND starts_at < clock_timestamp() + $2::interval
            AND (tenant_id IS NULL OR tenant_id = ANY ($1::integer[]))
        """,
        list(tenant_ids),
        AHEAD,
    )
    return [Blackout(**{**row, "ends_at": row["ends_at"] or NEVER}) for row in rows]


async def insert(
    conn: Connection,
    *,
    tenant_id: int | None,
    jurisdiction: str | None,
    starts_at: datetime | None,
    ends_at: datetime | None,
    reason: str,
) -> Record:
    """A start in the past is stored as now, so that the record never claims an earlier stop."""
    (record,) = await conn.fetch(
        """
        INSERT INTO blackouts (tenant_id, jurisdiction, starts_at, ends_at, reason, is_raised)
        VALUES (
            $1, $2, greatest($3, clock_timestamp()), coalesce($4::timestamptz, 'infinity'), $5,
            false
        )
        RETURNING id, tenant_id, jurisdiction, starts_at, NULLIF(ends_at, 'infinity') AS ends_at,
            reason, created_at
        """,
        tenant_id,
        jurisdiction,
        starts_at,
        ends_at,
        reason,
    )
    return Record(**record)


async def raise_revisions(conn: Connection, blackout: Record) -> None:
    """Let claimed attempts be rechecked; in a transaction after that of the black-out itself.

    An emergency stop must not wait for the lock of a campaign.
    """
    await revisions.bump_revision(conn, tenant_id=blackout.tenant_id)
    await conn.execute("UPDATE blackouts SET is_raised = true WHERE id = $1", blackout.id)


async def unraised(conn: Connection) -> list[Record]:
    """Black-outs of all tenants whose maker did not come to raise the revisions."""
    records = await conn.fetch(
        """
        SELECT id, tenant_id, jurisdiction, starts_at, NULLIF(ends_at, 'infinity') AS ends_at,
            reason, created_at
        FROM blackouts
        WHERE NOT is_raised AND created_at < clock_timestamp() - $1::interval
        ORDER BY id
        """,
        RAISED_WITHIN,
    )
    return [Record(**record) for record in records]


async def page(
    conn: Connection, *, tenant_id: int | None, before: int | None, limit: int
) -> list[Record]:
    """The tenant's and the installation's black-outs, the newest first; without a tenant, all."""
    records = await conn.fetch(
        """
        SELECT id, tenant_id, jurisdiction, starts_at, NULLIF(ends_at, 'infinity') AS ends_at,
            reason, created_at
        FROM blackouts
        WHERE ($1::integer IS NULL OR tenant_id IS NULL OR tenant_id = $1)
            AND ($2::bigint IS NULL OR id < $2)
        ORDER BY id DESC
        LIMIT $3
        """,
        tenant_id,
        before,
        limit,
    )
    return [Record(**record) for record in records]


async def end(conn: Connection, blackout_id: int, *, tenant_id: int | None) -> Ended | None:
    """End a black-out now, or cancel one that has not begun; None if there is no such black-out.

    With a tenant, only one of that tenant. One that has ended does not change.
    """
    ended = await conn.fetchrow(
        """
        UPDATE blackouts SET ends_at = least(ends_at, greatest(starts_at, clock_timestamp()))
        WHERE id = $1 AND ($2::integer IS NULL OR tenant_id = $2)
        RETURNING ends_at AS at, ends_at < statement_timestamp() AS was_over
        """,
        blackout_id,
        tenant_id,
    )
    return Ended(**ended) if ended else None
