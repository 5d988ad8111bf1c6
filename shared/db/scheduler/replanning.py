"""contacts of edited campaigns: those with a planned time, and their next times under the edit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from shared.db.rows import suppressed_until
from shared.db.types import Connection
from shared.domain.campaigns import CampaignKey
from shared.domain.outcomes import Outcome
from shared.domain.policy.attempt_policy import Again, History
from shared.domain.reasons import Reason
from shared.domain.transitions import ContactBefore
from shared.domain.wait_buckets import WaitBucket, five_minutes_of


class Progress(NamedTuple):
    """The contacts of a campaign up to the number `after` are planned by its newest definition."""

    campaign: CampaignKey
    after: str
    revision: int


class Page(NamedTuple):
    """Contacts of a campaign up to a number; `is_last`: no other follows."""

    until: str
    is_last: bool


class LastAttempt(NamedTuple):
    id: UUID
    outcome: Outcome
    ended_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedContact:
    """A pending contact with a planned time; `last` is None if it was never called, or long ago."""

    id: int
    bucket: WaitBucket
    planned: Again
    before: ContactBefore
    last: LastAttempt | None
    has_several: bool = False


class NextPlan(NamedTuple):
    """The next time of a contact, or the outcome that finishes it."""

    contact_id: int
    then: Again | Outcome


async def campaigns(conn: Connection) -> list[Progress]:
    """The campaigns of all tenants whose edit has not reached all contacts."""
    rows = await conn.fetch(
        """
        SELECT campaign.tenant_id, campaign.id, campaign.replan_after, campaign.revision
        FROM tenants AS tenant JOIN campaigns AS campaign ON campaign.tenant_id = tenant.id
        WHERE campaign.replan_after IS NOT NULL
            AND campaign.state NOT IN ('completed', 'cancelled')
        ORDER BY campaign.tenant_id, campaign.id
        """
    )
    return [Progress(CampaignKey(row[0], row[1]), row[2], row[3]) for row in rows]


async def page(conn: Connection, progress: Progress, *, limit: int) -> Page | None:
    """The next contacts in the order of their numbers, in whatever state; None: there are none."""
    row = await conn.fetchrow(
        """
        SELECT max(number) AS until, count(*) AS contacts FROM (
            SELECT number FROM contacts
            WHERE tenant_id = $1 AND campaign_id = $2 AND number > $3
            ORDER BY number LIMIT $4
        ) AS contact
        """,
        *progress.campaign,
        progress.after,
        limit,
    )
    assert row is not None  # noqa: S101 - an aggregate has a row
    return Page(row["until"], row["contacts"] < limit) if row["contacts"] else None


async def lock_planned(conn: Connection, progress: Progress, *, until: str) -> list[PlannedContact]:
    """Lock the contacts of a page whose time follows from the campaign's definition.

    A callback is the person's own time, and a suppression is not the campaign's.
    """
    rows = await conn.fetch(
        """
        SELECT contact.id, contact.tenant_id, contact.campaign_id, contact.calling_group_id,
            g.zones, contact.waits_for, contact.not_before, contact.expires_at, contact.attempts,
            contact.day, coalesce(contact.attempts_on_day, 0) AS attempts_on_day,
            coalesce(contact.attempts_in_window, 0) AS attempts_in_window,
            contact.window_closes_at, contact.next_number IS NOT NULL AS has_several,
            -- A contact with several numbers goes on from one that is suppressed, in the fold.
            CASE WHEN contact.next_number IS NULL THEN own.until END AS suppressed_until,
            last.id AS last_id, last.outcome AS last_outcome, last.ended_at AS last_ended_at
        FROM contacts AS contact
        JOIN calling_groups AS g ON g.id = contact.calling_group_id
        CROSS JOIN LATERAL suppressed_until($1, $2, contact.number, statement_timestamp())
            AS own
        LEFT JOIN LATERAL (
            SELECT id, outcome, ended_at FROM attempts
            WHERE tenant_id = $1 AND contact_id = contact.id
                AND ended_at IS NOT NULL AND outcome IS NOT NULL
            ORDER BY id DESC LIMIT 1
        ) AS last ON contact.attempts > 0
        WHERE contact.tenant_id = $1 AND contact.campaign_id = $2
            AND contact.number > $3 AND contact.number <= $4 AND contact.state = 'pending'
            AND contact.waits_for IN ('retry', 'day', 'window', 'silence', 'frequency_cap')
        -- In the order of locks (shared/db/locks.py).
        ORDER BY contact.number, contact.id FOR UPDATE OF contact
        """,
        *progress.campaign,
        progress.after,
        until,
    )
    return [_planned(row) for row in rows]


async def plan(conn: Connection, tenant_id: int, plans: Sequence[NextPlan]) -> None:
    times = [each.then if isinstance(each.then, Again) else None for each in plans]
    await conn.execute(
        """
        UPDATE contacts AS contact
        SET state = CASE WHEN next.outcome IS NULL THEN 'pending' ELSE 'finished' END,
            outcome = next.outcome, waits_for = next.waits_for, resumes_at = next.resumes_at,
            not_before = coalesce(next.not_before, contact.not_before)
        FROM unnest($2::bigint[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[])
            AS next (id, outcome, waits_for, not_before, resumes_at)
        WHERE contact.tenant_id = $1 AND contact.id = next.id
        """,
        tenant_id,
        [each.contact_id for each in plans],
        [each.then if isinstance(each.then, Outcome) else None for each in plans],
        [time and time.waits_for for time in times],
        [time and time.not_before for time in times],
        [time and time.resumes_at for time in times],
    )


async def note(conn: Connection, progress: Progress, *, until: str | None) -> None:
    """Note how far the edit has come; None: it has reached all contacts.

    Nothing is noted if the campaign was edited again meanwhile: the page is then planned anew.
    """
    await conn.execute(
        """
        UPDATE campaigns SET replan_after = $5
        WHERE tenant_id = $1 AND id = $2 AND replan_after = $3 AND revision = $4
        """,
        *progress.campaign,
        progress.after,
        progress.revision,
        until,
    )


def _planned(row: asyncpg.Record) -> PlannedContact:
    waits_for = Reason(row["waits_for"])
    last = None
    if row["last_id"] is not None:
        last = LastAttempt(row["last_id"], Outcome(row["last_outcome"]), row["last_ended_at"])
    history = History(
        attempts=row["attempts"],
        day=row["day"],
        attempts_on_day=row["attempts_on_day"],
        window_closes_at=row["window_closes_at"],
        attempts_in_window=row["attempts_in_window"],
    )
    return PlannedContact(
        id=row["id"],
        bucket=WaitBucket(
            row["tenant_id"],
            row["campaign_id"],
            row["calling_group_id"],
            waits_for,
            five_minutes_of(row["not_before"]),
        ),
        planned=Again(not_before=row["not_before"], waits_for=waits_for),
        before=ContactBefore(
            history=history,
            zones=tuple(row["zones"]),
            waits_for=waits_for,
            expires_at=row["expires_at"],
            suppressed_until=suppressed_until(row),
        ),
        last=last,
        has_several=row["has_several"],
    )
