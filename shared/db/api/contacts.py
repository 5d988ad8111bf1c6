"""Queries on contacts for the api, which inserts them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.db.api import contact_numbers
from shared.db.types import Connection
from shared.domain.campaigns import CampaignKey
from shared.domain.wait_buckets import WaitBucket


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """`attributes` is JSON text; `not_before` is None until a first wait is set.

    `numbers` are those after the first, in order. The places are those of `next_number`, which is
    called next, or was called last.
    """

    id: int
    campaign_id: int
    number: str
    external_id: str | None
    attributes: str | None
    zones: Sequence[str]
    zone_source: str
    jurisdictions: Sequence[str]
    jurisdiction_source: str
    state: str
    outcome: str | None
    attempts: int
    not_before: datetime | None
    waits_for: str | None
    expires_at: datetime | None
    next_number: str
    numbers: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewContact:
    """`traceparent` and `requested_at` are those of the request, if the contact is one call.

    `others` are further numbers, each with its calling group.
    """

    number: str
    calling_group_id: int
    external_id: str | None
    attributes: str | None
    expires_at: datetime | None
    traceparent: str | None = None
    requested_at: datetime | None = None
    others: Sequence[tuple[str, int]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InsertedContact:
    """A new contact, with the bucket in which it waits unless it is finished."""

    id: int
    number: str
    state: str
    bucket: WaitBucket | None


async def insert(
    conn: Connection,
    rows: Sequence[NewContact],
    *,
    tenant_id: int,
    campaign_id: int,
    again: bool = False,
) -> list[InsertedContact]:
    """Insert contacts; returns the new ones. A number that is suppressed for good is finished.

    `again`: a number that the campaign has had is a new contact, too.
    """
    records = await conn.fetch(
        """
        WITH inserted AS (
            INSERT INTO contacts (
                tenant_id, campaign_id, calling_group_id, state, outcome, not_before, waits_for,
                number, repeat, external_id, attributes, expires_at, traceparent, requested_at,
                next_number
            )
            SELECT $1, $2, r.calling_group_id,
                   CASE WHEN s.until = 'infinity' THEN 'finished' ELSE 'pending' END,
                   CASE WHEN s.until = 'infinity' THEN 'excluded' END,
                   CASE WHEN s.until < 'infinity' THEN s.until ELSE '-infinity' END,
                   CASE WHEN s.until < 'infinity' THEN 'suppression' END,
                   r.number,
                   CASE WHEN $8 THEN (
                       -- With the most that it can be, the contact is not inserted.
                       SELECT least(coalesce(max(repeat) + 1, 0), 32767) FROM contacts
                       WHERE tenant_id = $1 AND campaign_id = $2 AND number = r.number
                   ) ELSE 0 END,
                   r.external_id, r.attributes, r.expires_at, r.traceparent, r.requested_at,
                   CASE WHEN r.has_others THEN r.number END
            FROM unnest(
                $3::text[], $4::integer[], $5::text[], $6::jsonb[], $7::timestamptz[], $9::text[],
                $10::timestamptz[], $11::boolean[]
            ) WITH ORDINALITY AS r (
                number, calling_group_id, external_id, attributes, expires_at, traceparent,
                requested_at, has_others, position
            )
            -- A contact with several numbers goes on from one that is suppressed, in the fold.
            CROSS JOIN LATERAL (
                SELECT CASE WHEN NOT r.has_others THEN own.until END AS until
                FROM suppressed_until($1, $2, r.number, statement_timestamp()) AS own
            ) AS s
            -- Before the ids are given (shared/db/api/added.py).
            CROSS JOIN pg_current_xact_id()
            ORDER BY r.position
            ON CONFLICT (tenant_id, campaign_id, number, repeat) DO NOTHING
            RETURNING id, number, state, calling_group_id, waits_for, not_before
        ), ended AS (
            INSERT INTO untold_ends (tenant_id, campaign_id, contact_id, reason)
            SELECT $1, $2, id, 'suppression' FROM inserted WHERE state = 'finished'
        )
        SELECT id, number, state, calling_group_id, coalesce(waits_for, 'new') AS waits_for,
            five_minutes_of(not_before) AS five_minutes
        FROM inserted
        """,
        tenant_id,
        campaign_id,
        [row.number for row in rows],
        [row.calling_group_id for row in rows],
        [row.external_id for row in rows],
        [row.attributes for row in rows],
        [row.expires_at for row in rows],
        again,
        [row.traceparent for row in rows],
        [row.requested_at for row in rows],
        [bool(row.others) for row in rows],
    )
    # The first row of a number is its contact.
    first = {row.number: row for row in reversed(rows)}
    numbers = {
        record["id"]: [(row.number, row.calling_group_id), *row.others]
        for record in records
        if (row := first[record["number"]]).others
    }
    if numbers:
        await contact_numbers.insert(conn, numbers, tenant_id=tenant_id)
    return [
        InsertedContact(
            id=record["id"],
            number=record["number"],
            state=record["state"],
            bucket=None
            if record["state"] == "finished"
            else WaitBucket(
                tenant_id,
                campaign_id,
                record["calling_group_id"],
                record["waits_for"],
                record["five_minutes"],
            ),
        )
        for record in records
    ]


async def any_in(conn: Connection, campaign: CampaignKey) -> bool:
    exists: bool = await conn.fetchval(
        "SELECT EXISTS (SELECT FROM contacts WHERE tenant_id = $1 AND campaign_id = $2)",
        *campaign,
    )
    return exists


async def get(conn: Connection, *, tenant_id: int, contact_id: int) -> Contact | None:
    record = await conn.fetchrow(
        """
        SELECT contact.id, contact.campaign_id, contact.number, contact.external_id,
            contact.attributes, g.zones, g.source AS zone_source, g.jurisdictions,
            g.jurisdiction_source, contact.state, contact.outcome, contact.attempts,
            NULLIF(contact.not_before, '-infinity') AS not_before, contact.waits_for,
            contact.expires_at, contact.phone AS next_number,
            ARRAY(
                SELECT number FROM contact_numbers
                WHERE contact.next_number IS NOT NULL AND tenant_id = contact.tenant_id
                    AND contact_id = contact.id AND position > 1
                ORDER BY position
            ) AS numbers
        FROM contacts AS contact
        JOIN calling_groups g ON g.id = contact.calling_group_id
        WHERE contact.tenant_id = $1 AND contact.id = $2
        """,
        tenant_id,
        contact_id,
    )
    return Contact(**record) if record else None


async def page(
    conn: Connection,
    campaign: CampaignKey,
    *,
    state: str | None,
    after: tuple[str, int] | None,
    limit: int,
) -> list[Contact]:
    """A page of contacts in order of their numbers, by an existing index.

    `after` is the number and the id of the last one of the page before.
    """
    records = await conn.fetch(
        """
        SELECT contact.id, contact.campaign_id, contact.number, contact.external_id,
            contact.attributes, g.zones, g.source AS zone_source, g.jurisdictions,
            g.jurisdiction_source, contact.state, contact.outcome, contact.attempts,
            NULLIF(contact.not_before, '-infinity') AS not_before, contact.waits_for,
            contact.expires_at, contact.phone AS next_number,
            ARRAY(
                SELECT number FROM contact_numbers
                WHERE contact.next_number IS NOT NULL AND tenant_id = contact.tenant_id
                    AND contact_id = contact.id AND position > 1
                ORDER BY position
            ) AS numbers
        FROM contacts AS contact
        JOIN calling_groups g ON g.id = contact.calling_group_id
        WHERE contact.tenant_id = $1 AND contact.campaign_id = $2
          -- Behind a policy no index takes a condition with COALESCE.
          AND contact.number >= $4 AND (contact.number > $4 OR contact.id > $5)
          AND ($3::text IS NULL OR contact.state = $3)
        ORDER BY contact.number, contact.id
        LIMIT $6
        """,
        *campaign,
        state,
        *(after or ("", 0)),
        limit,
    )
    return [Contact(**record) for record in records]
