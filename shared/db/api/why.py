"""What is known of a contact, an attempt or a campaign when somebody asks why; nothing here writes.

Each question is one statement, so that its facts are of one moment.
"""

from collections import Counter
from datetime import datetime
from uuid import UUID

from shared.db.api.why_scenes import (
    AttemptScene,
    CampaignScene,
    ContactScene,
    InUse,
    campaign_scene,
    contact_scene,
)
from shared.db.person_calls import LOOK_BACK
from shared.db.types import Connection
from shared.db.waiting_counts import BUCKET_SECONDS, WaitBucket
from shared.domain.capacity.scopes import Scope, scopes_of

BUCKETS_AN_HOUR = 3_600 // BUCKET_SECONDS


async def contact(
    conn: Connection, *, tenant_id: int, contact_id: int, now: datetime
) -> ContactScene | None:
    row = await conn.fetchrow(
        """
        SELECT c.id AS contact_id, c.state AS contact_state, c.outcome,
            NULLIF(c.not_before, '-infinity') AS not_before, c.waits_for, c.expires_at,
            c.attempts,
            g.zones, g.source, g.jurisdictions, g.jurisdiction_source,
            m.id, m.tenant_id, m.trunk_id, m.state, m.wanted_state, m.definition::text,
            m.revision, t.rules_revision,
            t.rules::text AS tenant_rules,
            t.max_concurrent AS tenant_concurrent, t.calls_per_second AS tenant_rate,
            k.max_concurrent AS trunk_concurrent, k.calls_per_second AS trunk_rate,
            ARRAY (
                SELECT ROW (b.id, b.tenant_id, b.jurisdiction, b.starts_at,
                    NULLIF(b.ends_at, 'infinity'), b.reason)
                FROM blackouts b
                WHERE b.ends_at > $3 AND b.starts_at < b.ends_at
                    AND (b.tenant_id IS NULL OR b.tenant_id = $1)
            ) AS blackouts,
            s.campaign_id AS list, s.reason AS suppression,
            NULLIF(s.expires_at, 'infinity') AS suppressed_until,
            a.id AS attempt_id, a.state AS attempt_state, a.claimed_at,
            ARRAY (
                SELECT ROW (p.dialing_at, p.subject, p.outcome, p.ended_at)
                FROM person_calls p
                WHERE p.tenant_id = $1 AND p.number = c.number
                    AND (p.dialing_at >= $4 OR p.ended_at >= $4 OR p.ended_at IS NULL)
                ORDER BY p.dialing_at
            ) AS calls
        FROM contacts c
        JOIN campaigns m ON m.id = c.campaign_id
        JOIN tenants t ON t.id = m.tenant_id
        JOIN trunks k ON k.id = m.trunk_id
        JOIN calling_groups g ON g.id = c.calling_group_id
        LEFT JOIN LATERAL (
            SELECT campaign_id, reason, expires_at FROM suppressions
            WHERE tenant_id = $1 AND number = c.number AND campaign_id IN (0, m.id)
                AND expires_at > $3
            ORDER BY expires_at DESC, campaign_id LIMIT 1
        ) s ON true
        LEFT JOIN attempts a ON a.contact_id = c.id AND a.ended_at IS NULL
        WHERE c.id = $2 AND m.tenant_id = $1
        """,
        tenant_id,
        contact_id,
        now,
        now - LOOK_BACK,
    )
    return None if row is None else contact_scene(row)


async def attempt(conn: Connection, *, tenant_id: int, attempt_id: UUID) -> AttemptScene | None:
    row = await conn.fetchrow(
        """
        SELECT a.id, a.campaign_id, a.contact_id, a.number, a.state, a.outcome, a.reason,
            a.stopped_by, a.rules, a.tzdata_version,
            a.window_closes_at, a.claimed_at, a.dialing_at, a.ended_at
        FROM attempts a JOIN campaigns m ON m.id = a.campaign_id
        WHERE a.id = $2 AND m.tenant_id = $1
        """,
        tenant_id,
        attempt_id,
    )
    return None if row is None else AttemptScene(**row)


async def campaign(
    conn: Connection, *, tenant_id: int, campaign_id: int, now: datetime
) -> CampaignScene | None:
    row = await conn.fetchrow(
        """
        SELECT m.id, m.tenant_id, m.trunk_id, m.state, m.wanted_state, m.definition::text,
            m.revision, t.rules_revision,
            t.rules::text AS tenant_rules,
            t.max_concurrent AS tenant_concurrent, t.calls_per_second AS tenant_rate,
            k.max_concurrent AS trunk_concurrent, k.calls_per_second AS trunk_rate,
            ARRAY (
                SELECT ROW (b.id, b.tenant_id, b.jurisdiction, b.starts_at,
                    NULLIF(b.ends_at, 'infinity'), b.reason)
                FROM blackouts b
                WHERE b.ends_at > $3 AND b.starts_at < b.ends_at
                    AND (b.tenant_id IS NULL OR b.tenant_id = $1)
            ) AS blackouts
        FROM campaigns m
        JOIN tenants t ON t.id = m.tenant_id
        JOIN trunks k ON k.id = m.trunk_id
        WHERE m.id = $2 AND m.tenant_id = $1
        """,
        tenant_id,
        campaign_id,
        now,
    )
    return None if row is None else campaign_scene(row)


async def waiting(
    conn: Connection, campaign_id: int, *, now: datetime
) -> list[tuple[WaitBucket, int]]:
    """The waiting contacts by bucket: every five minutes of the next hour, then hour by hour.

    The bucket of an hour carries its first five minutes in which a contact waits.
    """
    rows = await conn.fetch(
        """
        SELECT calling_group_id, waits_for, min(five_minutes) AS five_minutes,
            sum(contacts)::bigint AS contacts
        FROM waiting_contacts
        WHERE campaign_id = $1 AND contacts <> 0
        GROUP BY calling_group_id, waits_for, CASE
            WHEN five_minutes <= five_minutes_of($2) THEN 0
            WHEN five_minutes <= five_minutes_of($2) + $3 THEN five_minutes
            -- Hours since 1970: their numbers are far smaller than those of five minutes.
            ELSE five_minutes / $3 END
        """,
        campaign_id,
        now,
        BUCKETS_AN_HOUR,
    )
    return [
        (
            WaitBucket(campaign_id, row["calling_group_id"], row["waits_for"], row["five_minutes"]),
            row["contacts"],
        )
        for row in rows
    ]


async def in_use(conn: Connection) -> dict[Scope, InUse]:
    """Live attempts by scope, from the small index that holds them and nothing else."""
    rows = await conn.fetch(
        """
        SELECT m.id, m.tenant_id, m.trunk_id,
            count(*) FILTER (WHERE a.state = 'claimed') AS claimed,
            count(*) FILTER (WHERE a.state <> 'claimed') AS dialed
        FROM attempts a JOIN campaigns m ON m.id = a.campaign_id
        WHERE a.ended_at IS NULL
        GROUP BY m.id
        """
    )
    claimed, dialed = Counter[Scope](), Counter[Scope]()
    for row in rows:
        for scope in scopes_of(tenant=row["tenant_id"], trunk=row["trunk_id"], campaign=row["id"]):
            claimed[scope] += row["claimed"]
            dialed[scope] += row["dialed"]
    return {scope: InUse(claimed[scope], dialed[scope]) for scope in claimed}
