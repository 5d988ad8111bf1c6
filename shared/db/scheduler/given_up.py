"""contacts that wait, as the scheduler sees them: callbacks that are due, contacts given up.

A contact with several numbers is given up only when no hour is left for any of them.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from shared.db.calling_groups import Group
from shared.db.rows import calling_group, columns
from shared.db.types import Connection
from shared.domain.campaigns import CampaignKey
from shared.domain.outcomes import Outcome
from shared.domain.reasons import Reason
from shared.domain.wait_buckets import WaitBucket


@dataclass(frozen=True, slots=True)
class GivenUpContact:
    """A contact that ended without a call: its campaign, its outcome, the bucket it left."""

    campaign: CampaignKey
    outcome: Outcome
    bucket: WaitBucket


async def callbacks_due(
    conn: Connection, campaigns: Collection[CampaignKey], *, now: datetime
) -> set[int]:
    """The ids of the campaigns in which a callback is due now."""
    rows = await conn.fetch(
        """
        SELECT campaign.id AS campaign_id
        FROM unnest($1::integer[], $2::bigint[]) AS campaign (tenant_id, id)
        WHERE EXISTS (
            SELECT FROM contacts
            WHERE tenant_id = campaign.tenant_id AND campaign_id = campaign.id
                AND state = 'pending' AND waits_for = 'callback' AND not_before <= $3
        )
        """,
        *columns(campaigns),
        now,
    )
    return {row["campaign_id"] for row in rows}


async def give_up(
    conn: Connection,
    campaign: CampaignKey,
    group_ids: Sequence[int],
    *,
    outcome: Outcome,
    reason: Reason,
    limit: int,
) -> list[GivenUpContact]:
    """Finish up to `limit` pending contacts of these groups that are not called any more."""
    rows = await conn.fetch(
        """
        WITH chosen AS MATERIALIZED (
            SELECT contact.id FROM unnest($3::integer[]) AS of_group (id)
            CROSS JOIN LATERAL (
                SELECT id FROM contacts
                WHERE tenant_id = $1 AND campaign_id = $2 AND calling_group_id = of_group.id
                    AND state = 'pending'
                LIMIT $6 FOR UPDATE SKIP LOCKED
            ) AS contact
            LIMIT $6
        ), finished AS (
            UPDATE contacts AS contact SET state = 'finished', outcome = $4
            FROM chosen WHERE contact.tenant_id = $1 AND contact.id = chosen.id
            RETURNING contact.id, tenant_id, campaign_id, calling_group_id, waits_for, not_before,
                outcome
        ), ended AS (
            INSERT INTO untold_ends (tenant_id, campaign_id, contact_id, reason)
            SELECT tenant_id, campaign_id, id, $5 FROM finished
        )
        SELECT tenant_id, campaign_id, calling_group_id, coalesce(waits_for, 'new') AS waits_for,
            five_minutes_of(not_before) AS five_minutes, outcome
        FROM finished
        """,
        *campaign,
        group_ids,
        outcome,
        reason,
        limit,
    )
    return [_given_up(row) for row in rows]


async def has_several(conn: Connection, campaign: CampaignKey) -> bool:
    """Whether a pending contact of the campaign has several numbers."""
    found: bool = await conn.fetchval(
        """
        SELECT EXISTS (
            SELECT FROM contacts
            WHERE tenant_id = $1 AND campaign_id = $2 AND state = 'pending'
                AND next_number IS NOT NULL
        )
        """,
        *campaign,
    )
    return found


async def further_groups(
    conn: Connection, campaign: CampaignKey, group_ids: Sequence[int]
) -> list[Group]:
    """The groups of further numbers of the pending contacts of these groups."""
    rows = await conn.fetch(
        """
        SELECT DISTINCT g.id, g.zones, g.source, g.jurisdictions, g.jurisdiction_source,
            g.number_zones
        FROM contacts AS contact
        JOIN contact_numbers AS own ON own.tenant_id = $1 AND own.contact_id = contact.id
            AND NOT own.is_passed_over AND own.calling_group_id <> ALL ($3::integer[])
        JOIN calling_groups AS g ON g.id = own.calling_group_id
        WHERE contact.tenant_id = $1 AND contact.campaign_id = $2 AND contact.state = 'pending'
            AND contact.next_number IS NOT NULL AND contact.calling_group_id = ANY ($3)
        """,
        *campaign,
        group_ids,
    )
    return [Group(row["id"], calling_group(row)) for row in rows]


async def go_on(
    conn: Connection,
    campaign: CampaignKey,
    group_ids: Sequence[int],
    to_group_ids: Sequence[int],
    *,
    limit: int,
) -> list[tuple[WaitBucket, WaitBucket]]:
    """Let pending contacts of groups that are over go on to numbers in others.

    To numbers that are not suppressed: from one that is, the fold leads back. Returns the bucket
    that each contact leaves, and the one to which it comes.
    """
    rows = await conn.fetch(
        """
        WITH chosen AS MATERIALIZED (
            SELECT waiting.id, waiting.calling_group_id, turn.number, turn.group_id
            FROM contacts AS waiting CROSS JOIN LATERAL (
                SELECT own.number, own.calling_group_id AS group_id FROM contact_numbers AS own
                LEFT JOIN contact_numbers AS current ON current.tenant_id = $1
                    AND current.contact_id = waiting.id AND current.number = waiting.phone
                CROSS JOIN LATERAL suppressed_until($1, $2, own.number, statement_timestamp()) AS s
                WHERE own.tenant_id = $1 AND own.contact_id = waiting.id
                    AND NOT own.is_passed_over
                    AND own.calling_group_id = ANY ($4::integer[]) AND s.until IS NULL
                ORDER BY own.position < current.position, own.position LIMIT 1
            ) AS turn
            WHERE waiting.tenant_id = $1 AND waiting.campaign_id = $2
                AND waiting.state = 'pending' AND waiting.next_number IS NOT NULL
                AND waiting.calling_group_id = ANY ($3::integer[])
            LIMIT $5 FOR UPDATE OF waiting SKIP LOCKED
        )
        UPDATE contacts AS contact
        SET next_number = chosen.number, calling_group_id = chosen.group_id
        FROM chosen WHERE contact.tenant_id = $1 AND contact.id = chosen.id
        RETURNING chosen.calling_group_id AS group_before, contact.calling_group_id,
            coalesce(contact.waits_for, 'new') AS waits_for,
            five_minutes_of(contact.not_before) AS five_minutes
        """,
        *campaign,
        group_ids,
        to_group_ids,
        limit,
    )
    return [
        (
            WaitBucket(*campaign, row["group_before"], row["waits_for"], row["five_minutes"]),
            WaitBucket(*campaign, row["calling_group_id"], row["waits_for"], row["five_minutes"]),
        )
        for row in rows
    ]


async def expire(
    conn: Connection, *, tenant_id: int, now: datetime, limit: int
) -> list[GivenUpContact]:
    """Finish up to `limit` pending contacts of a tenant that have expired."""
    rows = await conn.fetch(
        """
        WITH chosen AS MATERIALIZED (
            SELECT id FROM contacts
            WHERE tenant_id = $1 AND state = 'pending' AND expires_at <= $2
            ORDER BY expires_at LIMIT $3 FOR UPDATE SKIP LOCKED
        ), finished AS (
            UPDATE contacts AS contact SET state = 'finished', outcome = 'out_of_time'
            FROM chosen WHERE contact.tenant_id = $1 AND contact.id = chosen.id
            RETURNING contact.id, tenant_id, campaign_id, calling_group_id, waits_for, not_before,
                outcome
        ), ended AS (
            INSERT INTO untold_ends (tenant_id, campaign_id, contact_id, reason)
            SELECT tenant_id, campaign_id, id, 'expiry' FROM finished
        )
        SELECT tenant_id, campaign_id, calling_group_id, coalesce(waits_for, 'new') AS waits_for,
            five_minutes_of(not_before) AS five_minutes, outcome
        FROM finished
        """,
        tenant_id,
        now,
        limit,
    )
    return [_given_up(row) for row in rows]


def _given_up(row: asyncpg.Record) -> GivenUpContact:
    campaign = CampaignKey(row["tenant_id"], row["campaign_id"])
    bucket = WaitBucket(*campaign, row["calling_group_id"], row["waits_for"], row["five_minutes"])
    return GivenUpContact(campaign, Outcome(row["outcome"]), bucket)
