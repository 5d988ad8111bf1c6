"""attempts, as the scheduler inserts them for due contacts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.db.types import Connection
from shared.domain.wait_buckets import WaitBucket


@dataclass(frozen=True, slots=True)
class ClaimedAttempt:
    """A claimed attempt, as it is published to the dialers.

    `traceparent` is that of the request that its contact is called for, if it has one.
    """

    tenant_id: int
    id: UUID
    campaign_id: int
    contact_id: int
    traceparent: str | None = None


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


async def claim(
    conn: Connection,
    *,
    tenant_id: int,
    campaign_id: int,
    backup_id: int | None,
    groups: Sequence[ClaimableGroup],
    limit: int,
    tzdata_version: str,
    revisit_at: datetime,
    now: datetime,
) -> tuple[list[ClaimedAttempt], list[WaitBucket]]:
    """Claim up to `limit` due contacts of the open groups, in the order given.

    A contact whose number another live attempt of the tenant holds is passed over, and stays due.
    `backup_id` is the trunk of the attempts, unless it is the first one of the campaign.
    Returns the new attempts, and the bucket that each contact leaves.
    """
    rows = await conn.fetch(
        """
        WITH due AS (
            -- Nothing sorts or gathers here, so the groups are read one after another and
            -- reading stops at the limit: an open window of a million rows costs `limit` rows.
            SELECT contact.id, contact.phone, contact.attempts, open_group.closes_at,
                open_group.rules
            FROM unnest($3::integer[], $4::timestamptz[], $5::text[])
                AS open_group (id, closes_at, rules)
            CROSS JOIN LATERAL (
                SELECT id, phone, attempts FROM contacts
                WHERE tenant_id = $1 AND campaign_id = $2 AND calling_group_id = open_group.id
                    AND state = 'pending' AND not_before <= $6
                    AND (expires_at IS NULL OR expires_at > $6)
                    AND NOT EXISTS (
                        SELECT FROM attempts
                        WHERE tenant_id = $1 AND phone = contacts.phone AND ended_at IS NULL
                        -- Not turned into a join, which reads all live attempts of the tenant.
                        OFFSET 0
                    )
                ORDER BY not_before LIMIT $7
                FOR UPDATE SKIP LOCKED
            ) AS contact
            LIMIT $7
        ), claimed AS (
            INSERT INTO attempts (
                tenant_id, id, campaign_id, contact_id, claimed_at, window_closes_at, revisit_at,
                number, state, tzdata_version, rules, phone, trunk_id
            )
            SELECT
                $1, uuidv7(), $2, id, $6, closes_at, $8, attempts + 1, 'claimed', $9, rules, phone,
                $10
            FROM due
            -- Claims of two campaigns take the numbers that they share in one order.
            ORDER BY phone
            ON CONFLICT (tenant_id, phone) WHERE ended_at IS NULL DO NOTHING
            RETURNING id, contact_id
        )
        -- No other scheduler claims these contacts from the commit on.
        UPDATE contacts SET state = 'active'
        FROM claimed WHERE contacts.tenant_id = $1 AND contacts.id = claimed.contact_id
        RETURNING claimed.id, claimed.contact_id, traceparent, calling_group_id AS group_id,
            coalesce(waits_for, 'new') AS waits_for, five_minutes_of(not_before) AS five_minutes
        """,
        tenant_id,
        campaign_id,
        [group.id for group in groups],
        [group.closes_at for group in groups],
        [group.rules for group in groups],
        now,
        limit,
        revisit_at,
        tzdata_version,
        backup_id,
    )
    claimed = [
        ClaimedAttempt(tenant_id, row["id"], campaign_id, row["contact_id"], row["traceparent"])
        for row in rows
    ]
    return claimed, [
        WaitBucket(tenant_id, campaign_id, row["group_id"], row["waits_for"], row["five_minutes"])
        for row in rows
    ]


async def lock_due(
    conn: Connection,
    *,
    tenant_id: int,
    campaign_id: int,
    groups: Sequence[int],
    callbacks: bool,
    limit: int,
    now: datetime,
) -> list[DueContact]:
    """Lock up to `limit` due contacts, or only due callbacks, so that each can be decided on.

    Contacts whose numbers are held are passed over, as in `claim`.
    """
    rows = await conn.fetch(
        """
        SELECT contact.id, open_group.id AS group_id, contact.phone,
            coalesce(contact.waits_for, 'new') AS waits_for,
            five_minutes_of(contact.not_before) AS five_minutes
        FROM unnest($3::integer[]) AS open_group (id)
        CROSS JOIN LATERAL (
            SELECT id, phone, not_before, waits_for FROM contacts
            WHERE tenant_id = $1 AND campaign_id = $2 AND calling_group_id = open_group.id
                AND state = 'pending' AND not_before <= $4
                AND (expires_at IS NULL OR expires_at > $4)
                AND (NOT $6 OR waits_for = 'callback')
                AND NOT EXISTS (
                    SELECT FROM attempts
                    WHERE tenant_id = $1 AND phone = contacts.phone AND ended_at IS NULL
                    OFFSET 0
                )
            ORDER BY not_before LIMIT $5
            FOR UPDATE SKIP LOCKED
        ) AS contact
        LIMIT $5
        """,
        tenant_id,
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
            number=row["phone"],
            bucket=WaitBucket(
                tenant_id, campaign_id, row["group_id"], row["waits_for"], row["five_minutes"]
            ),
        )
        for row in rows
    ]


async def insert(
    conn: Connection,
    new: Sequence[NewAttempt],
    *,
    tenant_id: int,
    campaign_id: int,
    backup_id: int | None,
    tzdata_version: str,
    revisit_at: datetime,
    now: datetime,
) -> list[ClaimedAttempt]:
    """Claim contacts of a campaign that `lock_due` has locked, for the trunk as in `claim`.

    A number that another claim took meanwhile stays with it, and its contact stays due.
    """
    rows = await conn.fetch(
        """
        WITH claimed AS (
            INSERT INTO attempts (
                tenant_id, id, campaign_id, contact_id, claimed_at, window_closes_at, revisit_at,
                number, state, tzdata_version, rules, phone, trunk_id
            )
            SELECT $1, uuidv7(), $2, contact.id, $6, attempt.closes_at, $7, contact.attempts + 1,
                'claimed', $8, attempt.rules, contact.phone, $9
            FROM unnest($3::bigint[], $4::timestamptz[], $5::text[])
                AS attempt (contact_id, closes_at, rules)
            JOIN contacts AS contact
                ON contact.tenant_id = $1 AND contact.id = attempt.contact_id
            ORDER BY contact.phone
            ON CONFLICT (tenant_id, phone) WHERE ended_at IS NULL DO NOTHING
            RETURNING tenant_id, id, campaign_id, contact_id
        )
        -- No other scheduler claims these contacts from the commit on.
        UPDATE contacts AS contact SET state = 'active'
        FROM claimed WHERE contact.tenant_id = $1 AND contact.id = claimed.contact_id
        RETURNING claimed.tenant_id, claimed.id, claimed.campaign_id, claimed.contact_id,
            contact.traceparent
        """,
        tenant_id,
        campaign_id,
        [attempt.contact_id for attempt in new],
        [attempt.closes_at for attempt in new],
        [attempt.rules for attempt in new],
        now,
        revisit_at,
        tzdata_version,
        backup_id,
    )
    return [ClaimedAttempt(**row) for row in rows]


async def defer(conn: Connection, deferred: Sequence[DeferredContact], *, tenant_id: int) -> None:
    """Let contacts that `lock_due` has locked wait."""
    await conn.execute(
        """
        UPDATE contacts AS contact SET not_before = deferred.until, waits_for = deferred.waits_for
        FROM unnest($2::bigint[], $3::timestamptz[], $4::text[])
            AS deferred (contact_id, until, waits_for)
        WHERE contact.tenant_id = $1 AND contact.id = deferred.contact_id
        """,
        tenant_id,
        [contact.contact_id for contact in deferred],
        [contact.until for contact in deferred],
        [contact.waits_for for contact in deferred],
    )
