"""Queries of one import: rows go into a staging table, then become contacts in one statement."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson

from shared.db.types import Connection, Session
from shared.domain.wait_buckets import WaitBucket

# The pool's own limit is meant for short statements.
LONG = 3600.0
ROWS_AT_ONCE = 5000
STAGED = (
    "line",
    "group_number",
    "has_place",
    "number",
    "external_id",
    "attributes",
    "expires_at",
    "others",
)
# PostgreSQL's text format.
BACKSLASH = "\\"
NULL = "\\N"
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Unimported:
    """A valid row that became no contact to call: its number is suppressed for good, or a duplicate
    of `first_line`, or without one of a contact that was there before.
    """

    line: int
    is_suppressed: bool
    first_line: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedContacts:
    """The number of new contacts, of excluded ones among them, and the buckets of the others."""

    inserted: int
    excluded: int
    waiting: list[tuple[WaitBucket, int]]


async def open_staging(conn: Connection) -> None:
    """Create a table that only this transaction sees and that ends with it."""
    await conn.execute(
        """
        CREATE TEMPORARY TABLE import_rows (
            line bigint PRIMARY KEY,
            group_number integer NOT NULL,
            has_place boolean NOT NULL,
            number text NOT NULL,
            external_id text,
            attributes jsonb,
            expires_at timestamptz,
            others jsonb
        ) ON COMMIT DROP
        """
    )


@dataclass(frozen=True, slots=True)
class StagedPart:
    """Lines of `staged_line`, and that of the file from which the last of them comes.

    `has_several`: a contact among them has several numbers.
    """

    rows: bytes
    last_line: int
    has_several: bool = False


async def stage(conn: Connection, rows: bytes) -> None:
    """`rows` are lines of `staged_line`."""

    async def whole() -> AsyncIterator[bytes]:
        yield rows

    await conn.copy_to_table(
        "import_rows",
        source=whole(),
        columns=STAGED,
        timeout=LONG,
    )


def staged_line(
    line: int,
    group: int,
    number: str,
    *,
    has_place: bool,
    external_id: str | None,
    attributes: str | None,
    expires_at: datetime | None,
    others: Sequence[tuple[str, int]] = (),
) -> str:
    """One line for `stage`; `others` are further numbers, each with that of its group.

    Neither a number nor JSON text has a control character in it.
    """
    return (
        f"{line}\t{group}\t{'t' if has_place else 'f'}\t{number}"
        f"\t{external_id.translate(_ESCAPES) if external_id else NULL}"
        f"\t{attributes.replace(BACKSLASH, BACKSLASH * 2) if attributes else NULL}"
        f"\t{expires_at.isoformat() if expires_at else NULL}"
        f"\t{orjson.dumps(others).decode() if others else NULL}\n"
    )


async def merge(
    conn: Connection, *, tenant_id: int, campaign_id: int, group_ids: Sequence[int], after: int
) -> MergedContacts:
    """Insert one contact per number, from its first row, of the rows behind line `after`.

    `group_ids` are by group, from 1.
    """
    records = await conn.fetch(
        """
        WITH inserted AS (
            INSERT INTO contacts (
                tenant_id, campaign_id, calling_group_id, state, outcome, not_before, waits_for,
                number, external_id, attributes, expires_at, next_number
            )
            SELECT $1, $2, ($3::integer[])[r.group_number],
                   CASE WHEN s.until = 'infinity' THEN 'finished' ELSE 'pending' END,
                   CASE WHEN s.until = 'infinity' THEN 'excluded' END,
                   CASE WHEN s.until < 'infinity' THEN s.until ELSE '-infinity' END,
                   CASE WHEN s.until < 'infinity' THEN 'suppression' END,
                   r.number, r.external_id, r.attributes, r.expires_at,
                   CASE WHEN r.others IS NOT NULL THEN r.number END
            FROM import_rows r
            -- A contact with several numbers goes on from one that is suppressed, in the fold.
            CROSS JOIN LATERAL (
                SELECT CASE WHEN r.others IS NULL THEN own.until END AS until
                FROM suppressed_until($1, $2, r.number, statement_timestamp()) AS own
            ) AS s
            WHERE r.line > $4
            ORDER BY r.line
            ON CONFLICT (tenant_id, campaign_id, number, repeat) DO NOTHING
            RETURNING id, state, calling_group_id, waits_for, not_before
        ), ended AS (
            INSERT INTO untold_ends (tenant_id, campaign_id, contact_id, reason)
            SELECT $1, $2, id, 'suppression' FROM inserted WHERE state = 'finished'
        )
        SELECT state, calling_group_id, coalesce(waits_for, 'new') AS waits_for,
            five_minutes_of(not_before) AS five_minutes, count(*) AS contacts
        FROM inserted GROUP BY 1, 2, 3, 4
        """,
        tenant_id,
        campaign_id,
        group_ids,
        after,
        timeout=LONG,
    )
    waiting = [
        (
            WaitBucket(
                tenant_id,
                campaign_id,
                record["calling_group_id"],
                record["waits_for"],
                record["five_minutes"],
            ),
            record["contacts"],
        )
        for record in records
        if record["state"] == "pending"
    ]
    inserted = sum(record["contacts"] for record in records)
    excluded = inserted - sum(count for _, count in waiting)
    return MergedContacts(inserted=inserted, excluded=excluded, waiting=waiting)


async def update(
    conn: Connection, *, tenant_id: int, campaign_id: int, group_ids: Sequence[int]
) -> list[tuple[WaitBucket, int]]:
    """Give each contact that has further rows what these say, in their order; after `merge`.

    What a row leaves empty stays as it is. Returns how the buckets of waiting contacts change.
    """
    records = await conn.fetch(
        """
        WITH given AS (
            SELECT r.number, count(DISTINCT r.line) AS rows,
                (array_agg(r.group_number ORDER BY r.line DESC) FILTER (WHERE r.has_place))[1]
                    AS group_number,
                (array_agg(r.external_id ORDER BY r.line DESC)
                    FILTER (WHERE r.external_id IS NOT NULL))[1] AS external_id,
                (array_agg(r.others ORDER BY r.line DESC) FILTER (WHERE r.others IS NOT NULL))[1]
                    AS others,
                (array_agg(r.expires_at ORDER BY r.line DESC)
                    FILTER (WHERE r.expires_at IS NOT NULL))[1] AS expires_at,
                jsonb_object_agg(own.key, own.value ORDER BY r.line)
                    FILTER (WHERE own.key IS NOT NULL) AS attributes
            FROM import_rows r LEFT JOIN LATERAL jsonb_each(r.attributes) AS own ON true
            GROUP BY r.number
        ), locked AS MATERIALIZED (
            SELECT c.id, c.number, c.phone, c.calling_group_id AS group_before,
                ($3::integer[])[given.group_number] AS group_given,
                coalesce(
                    ($3::integer[])[given.group_number], first.calling_group_id, c.calling_group_id
                ) AS group_of_first,
                given.others, given.external_id, given.expires_at, given.attributes
            FROM given JOIN contacts c
                ON c.tenant_id = $1 AND c.campaign_id = $2 AND c.number = given.number
                AND c.repeat = 0
            LEFT JOIN contact_numbers AS first ON c.next_number IS NOT NULL
                AND first.tenant_id = $1 AND first.contact_id = c.id AND first.position = 1
            WHERE given.rows > 1 OR c.xmin <> pg_current_xact_id()::xid
            ORDER BY c.number FOR UPDATE OF c
        ), turns AS (
            -- A number keeps its turn; else it is that of the first one that is not passed over.
            SELECT DISTINCT ON (locked.id) locked.id, own.number, own.calling_group_id
            FROM locked CROSS JOIN LATERAL (
                SELECT locked.number, locked.group_of_first AS calling_group_id, 0 AS place
                UNION ALL
                SELECT further.own ->> 0, ($3::integer[])[(further.own ->> 1)::integer], place
                FROM jsonb_array_elements(locked.others) WITH ORDINALITY AS further (own, place)
            ) AS own
            LEFT JOIN contact_numbers AS known ON known.tenant_id = $1
                AND known.contact_id = locked.id AND known.number = own.number
            WHERE locked.others IS NOT NULL
            ORDER BY locked.id, coalesce(known.is_passed_over, false),
                own.number <> locked.phone, own.place
        ), placed AS (
            UPDATE contact_numbers AS first SET calling_group_id = locked.group_given FROM locked
            WHERE first.tenant_id = $1 AND first.contact_id = locked.id AND first.position = 1
                AND locked.group_given IS NOT NULL
        ), updated AS (
            UPDATE contacts AS contact SET
                -- A row with one number is of the first.
                calling_group_id = CASE WHEN turns.id IS NOT NULL THEN turns.calling_group_id
                    WHEN contact.phone = contact.number THEN locked.group_of_first
                    ELSE contact.calling_group_id END,
                next_number = coalesce(turns.number, contact.next_number),
                external_id = coalesce(locked.external_id, contact.external_id),
                expires_at = coalesce(locked.expires_at, contact.expires_at),
                attributes = CASE WHEN locked.attributes IS NULL THEN contact.attributes
                    ELSE coalesce(contact.attributes, '{}') || locked.attributes END
            FROM locked LEFT JOIN turns ON turns.id = locked.id
            WHERE contact.tenant_id = $1 AND contact.id = locked.id
            RETURNING contact.state, locked.group_before, contact.calling_group_id,
                contact.waits_for, contact.not_before
        )
        SELECT group_before, calling_group_id, coalesce(waits_for, 'new') AS waits_for,
            five_minutes_of(not_before) AS five_minutes, count(*) AS contacts
        FROM updated
        WHERE state = 'pending' AND group_before <> calling_group_id
        GROUP BY 1, 2, 3, 4
        """,
        tenant_id,
        campaign_id,
        group_ids,
        timeout=LONG,
    )
    return [
        (
            WaitBucket(
                tenant_id, campaign_id, record[group], record["waits_for"], record["five_minutes"]
            ),
            sign * record["contacts"],
        )
        for record in records
        for group, sign in (("group_before", -1), ("calling_group_id", 1))
    ]


async def set_numbers(
    conn: Connection,
    *,
    tenant_id: int,
    campaign_id: int,
    group_ids: Sequence[int],
    replace: bool,
) -> None:
    """Store the numbers of contacts with several: of new ones as their first rows say.

    With `replace`, after `update`, the last row that has several numbers is right for each contact;
    a number that stays and is passed over still is.
    """
    await conn.execute(
        """
        WITH given AS (
            SELECT DISTINCT ON (number) number, others FROM import_rows
            WHERE others IS NOT NULL OR NOT $4
            ORDER BY number, CASE WHEN $4 THEN -line ELSE line END
        ), contact AS MATERIALIZED (
            SELECT c.id, c.number, c.calling_group_id, given.others
            FROM given JOIN contacts AS c ON c.tenant_id = $1 AND c.campaign_id = $2
                AND c.number = given.number AND c.repeat = 0
            WHERE given.others IS NOT NULL AND c.xmin = pg_current_xact_id()::xid
        ), gone AS (
            DELETE FROM contact_numbers AS own USING contact
            WHERE $4 AND own.tenant_id = $1 AND own.contact_id = contact.id
            RETURNING own.contact_id, own.position, own.number, own.calling_group_id,
                own.is_passed_over
        ), before AS (
            -- All are deleted before any is inserted, because they are grouped.
            SELECT contact_id AS id, array_agg(number) FILTER (WHERE is_passed_over) AS passed_over,
                min(calling_group_id) FILTER (WHERE position = 1) AS group_of_first
            FROM gone GROUP BY contact_id
        ), own AS MATERIALIZED (
            SELECT contact.id, contact.number, contact.others, before.passed_over,
                coalesce(before.group_of_first, contact.calling_group_id) AS calling_group_id
            FROM contact LEFT JOIN before ON before.id = contact.id
        )
        INSERT INTO contact_numbers (
            tenant_id, contact_id, position, number, calling_group_id, is_passed_over
        )
        SELECT $1, id, 1, number, calling_group_id, number = ANY (coalesce(passed_over, '{}'))
        FROM own
        UNION ALL
        SELECT $1, own.id, 1 + further.place, further.own ->> 0,
            ($3::integer[])[(further.own ->> 1)::integer],
            further.own ->> 0 = ANY (coalesce(own.passed_over, '{}'))
        FROM own CROSS JOIN LATERAL jsonb_array_elements(own.others)
            WITH ORDINALITY AS further (own, place)
        """,
        tenant_id,
        campaign_id,
        group_ids,
        replace,
        timeout=LONG,
    )


async def waiting_for_suppressions(
    conn: Connection, *, tenant_id: int, campaign_id: int
) -> list[str]:
    """The first numbers of contacts that wait for the end of one and were given several numbers."""
    records = await conn.fetch(
        """
        SELECT DISTINCT c.number
        FROM import_rows AS r JOIN contacts AS c ON c.tenant_id = $1 AND c.campaign_id = $2
            AND c.number = r.number AND c.repeat = 0
        WHERE r.others IS NOT NULL AND c.state = 'pending' AND c.waits_for = 'suppression'
        """,
        tenant_id,
        campaign_id,
        timeout=LONG,
    )
    return [record["number"] for record in records]


async def unimported(
    conn: Session, *, tenant_id: int, campaign_id: int
) -> AsyncGenerator[list[Unimported], None]:
    """Yields the staged rows that `merge` made no contact to call of, in order, some at a time.

    It belongs to the transaction of the merge, whose contacts it tells by their xmin.
    """
    cursor = await conn.cursor(
        """
        WITH staged AS (
            SELECT line, number, min(line) OVER (PARTITION BY number) AS first_line
            FROM import_rows
        )
        SELECT s.line,
            s.line = s.first_line AND c.xmin = pg_current_xact_id()::xid AS is_suppressed,
            NULLIF(s.first_line, s.line) AS first_line
        FROM staged s
        JOIN contacts c ON c.tenant_id = $1 AND c.campaign_id = $2 AND c.number = s.number
            AND c.repeat = 0
        WHERE s.line > s.first_line OR c.xmin <> pg_current_xact_id()::xid OR c.state = 'finished'
        ORDER BY s.line
        """,
        tenant_id,
        campaign_id,
        timeout=LONG,
    )
    while rows := await cursor.fetch(ROWS_AT_ONCE, timeout=LONG):
        yield [Unimported(**row) for row in rows]
