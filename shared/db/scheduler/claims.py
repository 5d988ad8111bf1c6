"""attempts, as the scheduler makes them: due contacts are claimed, lost claims published again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.db.types import Connection
from shared.db.waiting_counts import WaitBucket


@dataclass(frozen=True, slots=True)
class ClaimedAttempt:
    """What must be published for a claimed attempt."""

    id: UUID
    campaign_id: int
    contact_id: int


@dataclass(frozen=True, slots=True)
class ClaimableGroup:
    """A group whose contacts may be called, until when, and by which rules."""

    id: int
    closes_at: datetime
    rules: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DueContact:
    """A contact that is due, locked until the transaction ends."""

    id: int
    calling_group_id: int
    number: str
    bucket: WaitBucket


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAttempt:
    contact_id: int
    closes_at: datetime
    rules: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeferredContact:
    """A contact that was due but may not be called before `until`."""

    contact_id: int
    until: datetime
    waits_for: str


@dataclass(frozen=True, slots=True)
class LiveAttempts:
    """Attempts of a campaign that wait to be dialed, and those that hold a permit.

    `overdue` are the claimed ones that nobody has dialed in time.
    """

    claimed: int
    dialed: int
    overdue: int


async def claim(
    conn: Connection,
    *,
    campaign_id: int,
    groups: Sequence[ClaimableGroup],
    limit: int,
    tzdata_version: str,
    revisit_at: datetime,
    now: datetime,
) -> tuple[list[ClaimedAttempt], list[WaitBucket]]:
    """Claim up to `limit` due contacts of the open groups, in the order given.

    Also where each has waited.
    """
    rows = await conn.fetch(
        """
        WITH due AS (
            -- Nothing sorts or gathers here, so the groups are read one after another and
            -- reading stops at the limit: an open window of a million rows costs `limit` rows.
            SELECT c.id, c.attempts, c.not_before, c.waits_for, g.id AS group_id, g.closes_at,
                g.rules
            FROM unnest($2::int[], $3::timestamptz[], $4::text[]) AS g (id, closes_at, rules)
            CROSS JOIN LATERAL (
                SELECT id, attempts, not_before, waits_for FROM contacts
                WHERE campaign_id = $1 AND calling_group_id = g.id
                    AND state = 'pending' AND not_before <= $5
                    AND (expires_at IS NULL OR expires_at > $5)
                ORDER BY not_before LIMIT $6
                FOR UPDATE SKIP LOCKED
            ) AS c
            LIMIT $6
        ), taken AS (
            UPDATE contacts SET state = 'active' FROM due WHERE contacts.id = due.id
        ), claimed AS (
            INSERT INTO attempts (
                id, campaign_id, contact_id, claimed_at, window_closes_at, revisit_at, number,
                state, tzdata_version, rules
            )
            SELECT uuidv7(), $1, id, $5, closes_at, $7, attempts + 1, 'claimed', $8, rules FROM due
            RETURNING id, campaign_id, contact_id
        )
        SELECT c.id, c.campaign_id, c.contact_id, d.group_id,
            coalesce(d.waits_for, 'new') AS waits_for,
            five_minutes_of(d.not_before) AS five_minutes
        FROM claimed c JOIN due d ON d.id = c.contact_id
        """,
        campaign_id,
        [group.id for group in groups],
        [group.closes_at for group in groups],
        [group.rules for group in groups],
        now,
        limit,
        revisit_at,
        tzdata_version,
    )
    claimed = [ClaimedAttempt(row["id"], row["campaign_id"], row["contact_id"]) for row in rows]
    return claimed, [
        WaitBucket(campaign_id, row["group_id"], row["waits_for"], row["five_minutes"])
        for row in rows
    ]


async def lock_due(
    conn: Connection,
    *,
    campaign_id: int,
    groups: Sequence[int],
    callbacks: bool,
    limit: int,
    now: datetime,
) -> list[DueContact]:
    """Up to `limit` due contacts, or only those with a callback, to be decided on one by one."""
    rows = await conn.fetch(
        """
        SELECT c.id, g.id AS group_id, c.number, coalesce(c.waits_for, 'new') AS waits_for,
            five_minutes_of(c.not_before) AS five_minutes
        FROM unnest($2::int[]) AS g (id)
        CROSS JOIN LATERAL (
            SELECT id, number, not_before, waits_for FROM contacts
            WHERE campaign_id = $1 AND calling_group_id = g.id
                AND state = 'pending' AND not_before <= $3
                AND (expires_at IS NULL OR expires_at > $3)
                AND (NOT $5 OR waits_for = 'callback')
            ORDER BY not_before LIMIT $4
            FOR UPDATE SKIP LOCKED
        ) AS c
        LIMIT $4
        """,
        campaign_id,
        list(groups),
        now,
        limit,
        callbacks,
    )
    return [
        DueContact(
            id=row["id"],
            calling_group_id=row["group_id"],
            number=row["number"],
            bucket=WaitBucket(campaign_id, row["group_id"], row["waits_for"], row["five_minutes"]),
        )
        for row in rows
    ]


async def insert(
    conn: Connection,
    new: Sequence[NewAttempt],
    *,
    campaign_id: int,
    tzdata_version: str,
    revisit_at: datetime,
    now: datetime,
) -> list[ClaimedAttempt]:
    """Claim contacts that `lock_due` has locked."""
    rows = await conn.fetch(
        """
        WITH taken AS (
            UPDATE contacts c SET state = 'active'
            FROM unnest($2::bigint[], $3::timestamptz[], $4::text[]) AS n (id, closes_at, rules)
            WHERE c.id = n.id
            RETURNING c.id, c.attempts, n.closes_at, n.rules
        )
        INSERT INTO attempts (
            id, campaign_id, contact_id, claimed_at, window_closes_at, revisit_at, number, state,
            tzdata_version, rules
        )
        SELECT uuidv7(), $1, id, $5, closes_at, $6, attempts + 1, 'claimed', $7, rules FROM taken
        RETURNING id, campaign_id, contact_id
        """,
        campaign_id,
        [each.contact_id for each in new],
        [each.closes_at for each in new],
        [each.rules for each in new],
        now,
        revisit_at,
        tzdata_version,
    )
    return [ClaimedAttempt(**row) for row in rows]


async def defer(conn: Connection, deferred: Sequence[DeferredContact]) -> None:
    """Have contacts that `lock_due` has locked wait."""
    await conn.execute(
        """
        UPDATE contacts c SET not_before = d.until, waits_for = d.waits_for
        FROM unnest($1::bigint[], $2::timestamptz[], $3::text[]) AS d (id, until, waits_for)
        WHERE c.id = d.id
        """,
        [each.contact_id for each in deferred],
        [each.until for each in deferred],
        [each.waits_for for each in deferred],
    )


async def live(conn: Connection, *, now: datetime) -> dict[int, LiveAttempts]:
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
    return {
        row["campaign_id"]: LiveAttempts(row["claimed"], row["dialed"], row["overdue"])
        for row in rows
    }


async def republish(
    conn: Connection, *, now: datetime, revisit_at: datetime, limit: int
) -> list[ClaimedAttempt]:
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
    return [ClaimedAttempt(**row) for row in rows]
