"""Finds and deletes the rows of a person, who is a number of the tenant. The api calls it."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.db.api import contact_numbers
from shared.db.types import Connection
from shared.kafka.messages.public import CONTACT_EVENTS
from shared.runtime.logs import masked

# The pool's own limit is meant for short statements.
LONG = 600.0
WaitsFor = Literal["import", "call", "message", "event", "edit"]


@dataclass(frozen=True, slots=True)
class Rows:
    """What is known of the person: contacts, also deleted ones, and attempts at the numbers.

    `other_contacts` had one of the numbers during a call, and have another one now.
    """

    numbers: Sequence[str]
    contact_ids: Sequence[int]
    other_contacts: Sequence[int]
    attempt_ids: Sequence[UUID]


async def numbers_of(
    conn: Connection, *, tenant_id: int, external_id: str, limit: int
) -> list[str]:
    """The numbers of the contacts with this external id."""
    rows = await conn.fetch(
        """
        SELECT number FROM contacts WHERE tenant_id = $1 AND external_id = $2
        UNION
        SELECT own.number FROM contacts AS contact
        JOIN contact_numbers AS own ON own.tenant_id = $1 AND own.contact_id = contact.id
        WHERE contact.tenant_id = $1 AND contact.external_id = $2
        ORDER BY number LIMIT $3
        """,
        tenant_id,
        external_id,
        limit,
    )
    return [row["number"] for row in rows]


async def further_numbers(
    conn: Connection, *, tenant_id: int, numbers: Sequence[str], limit: int
) -> list[str]:
    """The other numbers of the contacts with one of these, but for those that others share."""
    rows = await conn.fetch(
        """
        WITH person AS (
            SELECT contact_id AS id FROM contact_numbers
            WHERE tenant_id = $1 AND number = ANY ($2::text[])
        )
        SELECT DISTINCT own.number FROM person
        JOIN contact_numbers AS own ON own.tenant_id = $1 AND own.contact_id = person.id
        WHERE NOT EXISTS (
            SELECT FROM contact_numbers AS shared
            WHERE shared.tenant_id = $1 AND shared.number = own.number
                AND shared.contact_id NOT IN (SELECT id FROM person)
        ) AND NOT EXISTS (
            SELECT FROM campaigns AS campaign
            JOIN contacts AS other ON other.tenant_id = campaign.tenant_id
                AND other.campaign_id = campaign.id AND other.number = own.number
            WHERE campaign.tenant_id = $1 AND other.id NOT IN (SELECT id FROM person)
        )
        ORDER BY own.number LIMIT $3
        """,
        tenant_id,
        numbers,
        limit,
    )
    return [row["number"] for row in rows]


async def pass_over_shared(conn: Connection, *, tenant_id: int, numbers: Sequence[str]) -> bool:
    """Let the contacts with one of these numbers go on to no other, which others share.

    Returns whether any would have. It locks contacts, in their order (shared/db/locks.py).
    """
    rows = await conn.fetch(
        """
        WITH locked AS MATERIALIZED (
            SELECT id FROM contacts WHERE tenant_id = $1 AND state <> 'finished' AND id IN (
                SELECT contact_id FROM contact_numbers
                WHERE tenant_id = $1 AND number = ANY ($2::text[])
            )
            ORDER BY number, id FOR UPDATE
        )
        UPDATE contact_numbers AS own SET is_passed_over = true FROM locked
        WHERE own.tenant_id = $1 AND own.contact_id = locked.id AND own.number <> ALL ($2)
            AND NOT own.is_passed_over
        RETURNING 1
        """,
        tenant_id,
        numbers,
        timeout=LONG,
    )
    return bool(rows)


async def find(conn: Connection, *, tenant_id: int, numbers: Sequence[str]) -> Rows:
    row = await conn.fetchrow(
        """
        WITH called AS (
            SELECT attempt_id, contact_id FROM call_records
            WHERE tenant_id = $1 AND number = ANY ($2::text[])
        ), person AS (
            SELECT contact.id FROM campaigns AS campaign
            JOIN contacts AS contact ON contact.tenant_id = campaign.tenant_id
                AND contact.campaign_id = campaign.id AND contact.number = ANY ($2)
            WHERE campaign.tenant_id = $1
            UNION
            SELECT contact_id FROM contact_numbers
            WHERE tenant_id = $1 AND number = ANY ($2)
            UNION
            SELECT contact_id FROM called WHERE NOT EXISTS (
                SELECT FROM contacts WHERE tenant_id = $1 AND id = called.contact_id
            )
        )
        SELECT ARRAY(SELECT id FROM person ORDER BY id) AS contact_ids,
            ARRAY(SELECT contact_id FROM called EXCEPT SELECT id FROM person) AS other_contacts,
            ARRAY(
                SELECT attempt_id FROM called
                UNION
                SELECT attempt.id FROM person JOIN attempts AS attempt
                    ON attempt.tenant_id = $1 AND attempt.contact_id = person.id
                    AND attempt.ended_at IS NOT NULL
                UNION
                SELECT attempt.id FROM person JOIN attempts AS attempt
                    ON attempt.tenant_id = $1 AND attempt.contact_id = person.id
                    AND attempt.ended_at IS NULL
            ) AS attempt_ids
        """,
        tenant_id,
        numbers,
        timeout=LONG,
    )
    assert row is not None  # noqa: S101 - a SELECT without FROM
    return Rows(numbers, **row)


async def waits_for(
    conn: Connection, rows: Rows, *, tenant_id: int, asked_at: datetime
) -> WaitsFor | None:
    """Locks the rows. None: each contact is finished, and nothing about the person moves.

    `import`: a file that was uploaded before. `call`: an attempt. `message`: a text message.
    `event`: an end to be told. `edit`: contacts that are planned anew.
    """
    await _lock(conn, rows, tenant_id)
    found: WaitsFor | None = await conn.fetchval(
        """
        SELECT CASE
            WHEN EXISTS (
                SELECT FROM operations WHERE tenant_id = $1 AND kind = 'contacts_import'
                    AND state IN ('queued', 'running') AND created_at < $2
            ) THEN 'import'
            WHEN EXISTS (
                SELECT FROM contacts
                WHERE tenant_id = $1 AND id = ANY ($3::bigint[]) AND state <> 'finished'
            ) OR EXISTS (
                SELECT FROM attempts
                WHERE tenant_id = $1 AND id = ANY ($4::uuid[]) AND ended_at IS NULL
            ) THEN 'call'
            WHEN EXISTS (
                SELECT FROM sms_messages
                WHERE tenant_id = $1 AND contact_id = ANY ($3) AND state = 'sending'
            ) THEN 'message'
            WHEN EXISTS (
                SELECT FROM untold_ends WHERE tenant_id = $1 AND contact_id = ANY ($3)
            ) THEN 'event'
            WHEN EXISTS (
                SELECT FROM campaigns WHERE tenant_id = $1 AND replan_after = ANY ($5::text[])
                    AND state NOT IN ('completed', 'cancelled')
            ) THEN 'edit'
        END
        """,
        tenant_id,
        asked_at,
        rows.contact_ids,
        rows.attempt_ids,
        rows.numbers,
        timeout=LONG,
    )
    return found


async def _lock(conn: Connection, rows: Rows, tenant_id: int) -> None:
    """In the order of locks (shared/db/locks.py)."""
    await conn.execute(
        """
        SELECT FROM attempts WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) ORDER BY id FOR UPDATE
        """,
        tenant_id,
        rows.attempt_ids,
    )
    await conn.execute(
        """
        SELECT FROM suppressions WHERE tenant_id = $1 AND number = ANY ($2::text[])
        ORDER BY number, campaign_id FOR UPDATE
        """,
        tenant_id,
        rows.numbers,
    )
    await conn.execute(
        """
        SELECT FROM contacts WHERE tenant_id = $1 AND id = ANY ($2::bigint[])
        ORDER BY number, id FOR UPDATE
        """,
        tenant_id,
        rows.contact_ids,
    )


async def kept_events(conn: Connection, tenant_id: int) -> tuple[int, int]:
    """The positions of the tenant's first and last public event that is kept."""
    row = await conn.fetchrow(
        """
        SELECT coalesce(min(position), 0), coalesce(max(position), 0)
        FROM public_events WHERE tenant_id = $1
        """,
        tenant_id,
    )
    first, last = row or (0, 0)
    return first, last


async def clear_events(
    conn: Connection,
    rows: Rows,
    *,
    tenant_id: int,
    external_id: str | None,
    after: int,
    until: int,
) -> None:
    """Take the external id and the facts of calls out of the person's events at these positions.

    An event stays, with its deliveries: subscribers learn of each end once, and no position is
    missing.
    """
    await conn.execute(
        """
        UPDATE public_events SET payload = convert_to(
            (convert_from(payload, 'UTF8')::jsonb #- '{data,external_id}' #- '{data,facts}')::text,
            'UTF8'
        )
        WHERE tenant_id = $1 AND position > $2 AND position <= $3 AND topic = $4
            AND CASE
                WHEN key = ANY ($5::text[]) THEN true
                WHEN key = ANY ($6::text[])
                    THEN convert_from(payload, 'UTF8')::jsonb #>> '{data,attempt_id}'
                        = ANY ($7::text[])
                ELSE $8::text IS NOT NULL AND position($9::bytea IN payload) > 0
                    AND convert_from(payload, 'UTF8')::jsonb #>> '{data,external_id}' = $8
            END
        """,
        tenant_id,
        after,
        until,
        CONTACT_EVENTS,
        [str(contact_id) for contact_id in rows.contact_ids],
        [str(contact_id) for contact_id in rows.other_contacts],
        [str(attempt_id) for attempt_id in rows.attempt_ids],
        external_id,
        None if external_id is None else _in_json(external_id),
        timeout=LONG,
    )


async def delete(
    conn: Connection,
    rows: Rows,
    *,
    tenant_id: int,
    external_id: str | None,
    keep_suppression: bool,
) -> dict[str, int]:
    """Delete the rows of a person of whom nothing moves; returns how many of each kind.

    Counters and spend keep their figures.
    """
    by_contact, by_number = (tenant_id, rows.contact_ids), (tenant_id, rows.numbers)
    by_attempt = tenant_id, rows.attempt_ids
    attempts = await conn.execute(
        "DELETE FROM attempts WHERE tenant_id = $1 AND id = ANY ($2::uuid[])", *by_attempt
    )
    await conn.execute(
        """
        DELETE FROM suppressions WHERE tenant_id = $1 AND number = ANY ($2::text[])
            AND (campaign_id <> 0 OR NOT $3)
        """,
        *by_number,
        keep_suppression,
    )
    contacts = await conn.execute(
        "DELETE FROM contacts WHERE tenant_id = $1 AND id = ANY ($2::bigint[])", *by_contact
    )
    await contact_numbers.delete(conn, tenant_id=tenant_id, contact_ids=rows.contact_ids)
    await _forget_plans(conn, tenant_id, rows.numbers)
    await conn.execute(
        "DELETE FROM person_calls WHERE tenant_id = $1 AND number = ANY ($2::text[])", *by_number
    )
    messages = await conn.execute(
        """
        DELETE FROM sms_messages WHERE tenant_id = $1
            AND (contact_id = ANY ($2::bigint[]) OR attempt_id = ANY ($3::uuid[]))
        """,
        *by_contact,
        rows.attempt_ids,
    )
    # Under the row of the tenant (shared/db/locks.py).
    await conn.execute("SELECT FROM event_heads WHERE tenant_id = $1 FOR UPDATE", tenant_id)
    calls = await conn.execute(
        "DELETE FROM call_records WHERE tenant_id = $1 AND attempt_id = ANY ($2::uuid[])",
        *by_attempt,
    )
    masked_numbers = [masked(number) for number in rows.numbers]
    await conn.execute("SELECT clear_audited($1, $2)", rows.contact_ids, masked_numbers)
    await _forget_answers(conn, tenant_id, _names(rows, external_id))
    deleted = {"contacts": contacts, "attempts": attempts, "calls": calls, "messages": messages}
    return {name: int(status.rpartition(" ")[2]) for name, status in deleted.items()}


async def _forget_plans(conn: Connection, tenant_id: int, numbers: Sequence[str]) -> None:
    """Campaigns that ended while an edit was at the person; one that is reopened begins anew."""
    await conn.execute(
        """
        WITH locked AS MATERIALIZED (
            SELECT id FROM campaigns WHERE tenant_id = $1 AND replan_after = ANY ($2::text[])
                AND state IN ('completed', 'cancelled')
            -- In the order of locks (shared/db/locks.py).
            ORDER BY id FOR NO KEY UPDATE
        )
        UPDATE campaigns AS campaign SET replan_after = '' FROM locked
        WHERE campaign.tenant_id = $1 AND campaign.id = locked.id
        """,
        tenant_id,
        numbers,
    )


def _names(rows: Rows, external_id: str | None) -> list[bytes]:
    """Bytes in an answer that may be about the person."""
    ids = [f'"id":{contact_id}' for contact_id in rows.contact_ids]
    named = [name.encode() for name in (*rows.numbers, *ids)]
    return named if external_id is None else [*named, _in_json(external_id)]


def _in_json(text: str) -> bytes:
    """The bytes of the text within JSON, where some characters are escaped."""
    return json.dumps(text, ensure_ascii=False)[1:-1].encode()


async def _forget_answers(conn: Connection, tenant_id: int, names: Collection[bytes]) -> None:
    """Drop kept answers that name the person; their requests are still not carried out twice."""
    await conn.execute(
        """
        UPDATE idempotency_keys SET body = NULL
        WHERE tenant_id = $1 AND body IS NOT NULL AND EXISTS (
            SELECT FROM unnest($2::bytea[]) AS name WHERE position(name IN body) > 0
        )
        """,
        tenant_id,
        list(names),
        timeout=LONG,
    )
