"""Queries on the times of one contact: its callback and its expiry."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from shared.db import rows
from shared.db.types import Connection
from shared.definitions.campaign import CampaignDefinition
from shared.domain.policy.attempt_policy import AttemptPolicy, History
from shared.domain.wait_buckets import NEW, WaitBucket, five_minutes_of


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedContact:
    """A contact with the facts that decide its time. Without `not_before` it is due at once.

    `suppressed_until` is NEVER, if it is for good. `resumes_at` is the time of the contact before a
    suppression or a callback.
    """

    tenant_id: int
    id: int
    campaign_id: int
    calling_group_id: int
    zones: Sequence[str]
    policy: AttemptPolicy
    state: str
    outcome: str | None
    waits_for: str | None
    not_before: datetime | None
    resumes_at: datetime | None
    expires_at: datetime | None
    attempts: int
    day: date | None
    attempts_on_day: int
    attempts_in_window: int
    window_closes_at: datetime | None
    ended_at: datetime | None
    suppressed_until: datetime | None

    @property
    def bucket(self) -> WaitBucket:
        waits_for = self.waits_for or NEW
        return WaitBucket(
            self.tenant_id,
            self.campaign_id,
            self.calling_group_id,
            waits_for,
            five_minutes_of(self.not_before),
        )

    @property
    def history(self) -> History:
        return History(
            attempts=self.attempts,
            day=self.day,
            attempts_on_day=self.attempts_on_day,
            window_closes_at=self.window_closes_at,
            attempts_in_window=self.attempts_in_window,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """A pending contact that is called before others from `at` on."""

    contact_id: int
    campaign_id: int
    number: str
    external_id: str | None
    at: datetime
    zones: Sequence[str]


async def callbacks(
    conn: Connection,
    *,
    tenant_id: int,
    campaign_id: int | None,
    since: datetime | None,
    until: datetime | None,
    after: tuple[datetime, int] | None,
    limit: int,
) -> list[Callback]:
    """A page of them, the earliest first; they alone are in the index contacts_callbacks."""
    at, contact_id = after or (None, None)
    records = await conn.fetch(
        """
        SELECT contact.id AS contact_id, contact.campaign_id, contact.phone AS number,
            contact.external_id,
            contact.not_before AS at, g.zones
        FROM contacts AS contact JOIN calling_groups g ON g.id = contact.calling_group_id
        WHERE contact.tenant_id = $1 AND contact.state = 'pending'
            AND contact.waits_for = 'callback'
            AND ($2::bigint IS NULL OR contact.campaign_id = $2)
            AND ($3::timestamptz IS NULL OR contact.not_before >= $3)
            AND ($4::timestamptz IS NULL OR contact.not_before < $4)
            AND ($5::timestamptz IS NULL OR (contact.not_before, contact.id) > ($5, $6::bigint))
        ORDER BY contact.not_before, contact.id LIMIT $7
        """,
        tenant_id,
        campaign_id,
        since,
        until,
        at,
        contact_id,
        limit,
    )
    return [Callback(**record) for record in records]


async def lock(conn: Connection, *, tenant_id: int, contact_id: int) -> int | None:
    """Lock a contact until the transaction ends; returns its campaign."""
    campaign_id: int | None = await conn.fetchval(
        """
        SELECT campaign_id FROM contacts WHERE tenant_id = $1 AND id = $2 FOR UPDATE
        """,
        tenant_id,
        contact_id,
    )
    return campaign_id


async def get(conn: Connection, *, tenant_id: int, contact_id: int) -> TimedContact:
    """Read after `lock`: a suppression may have been committed while it waited."""
    row = await conn.fetchrow(
        """
        SELECT contact.tenant_id, contact.id, contact.campaign_id, contact.calling_group_id,
            g.zones, campaign.definition::text, contact.state, contact.outcome, contact.waits_for,
            NULLIF(contact.not_before, '-infinity') AS not_before,
            contact.resumes_at, contact.expires_at, contact.attempts, contact.day,
            coalesce(contact.attempts_on_day, 0) AS attempts_on_day,
            coalesce(contact.attempts_in_window, 0) AS attempts_in_window, contact.window_closes_at,
            last_attempt.ended_at,
            -- A contact with several numbers goes on from one that is suppressed, in the fold.
            CASE WHEN contact.next_number IS NULL THEN suppressed.until END AS suppressed_until
        FROM contacts AS contact
        JOIN campaigns AS campaign
            ON campaign.tenant_id = contact.tenant_id AND campaign.id = contact.campaign_id
        JOIN calling_groups g ON g.id = contact.calling_group_id
        CROSS JOIN LATERAL suppressed_until(
            contact.tenant_id, contact.campaign_id, contact.phone, statement_timestamp()
        ) AS suppressed
        CROSS JOIN LATERAL (
            SELECT max(ended_at) AS ended_at FROM attempts
            WHERE tenant_id = contact.tenant_id AND contact_id = contact.id
                AND ended_at IS NOT NULL AND state IN ('ended', 'unknown')
        ) AS last_attempt
        WHERE contact.tenant_id = $1 AND contact.id = $2
        """,
        tenant_id,
        contact_id,
    )
    assert row is not None  # noqa: S101 - it is locked
    values = dict(row) | {"suppressed_until": rows.suppressed_until(row)}
    definition = CampaignDefinition.stored(values.pop("definition"))
    return TimedContact(**values, policy=definition.attempts.policy())


async def move(
    conn: Connection,
    *,
    tenant_id: int,
    contact_id: int,
    not_before: datetime,
    waits_for: str | None,
    resumes_at: datetime | None,
) -> None:
    await conn.execute(
        """
        UPDATE contacts SET not_before = $3, waits_for = $4, resumes_at = $5
        WHERE tenant_id = $1 AND id = $2
        """,
        tenant_id,
        contact_id,
        not_before,
        waits_for,
        resumes_at,
    )


async def expire_at(
    conn: Connection, *, tenant_id: int, contact_id: int, expires_at: datetime | None
) -> None:
    """Set the expiry; None: the contact does not expire."""
    await conn.execute(
        "UPDATE contacts SET expires_at = $3 WHERE tenant_id = $1 AND id = $2",
        tenant_id,
        contact_id,
        expires_at,
    )
