"""Queries on the records of calls for their owner; all only read."""

from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from uuid import UUID

from asyncpg import Record

from shared.db import rows
from shared.db.types import Connection
from shared.domain.attempts import first_id
from shared.domain.call_records import KeptReport
from shared.domain.calls import CallFacts
from shared.domain.outcomes import Outcome

# A claim that waits so long for its call is no longer called. The months before it are not read.
LONGEST_CLAIM = timedelta(days=31)
# The clocks of the database, which makes the ids, and of the dialer may differ by some seconds.
CLOCKS_DIFFER = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """A call; without a position and an outcome it is still up. Only `get` reads the reports."""

    attempt_id: UUID
    position: int | None
    version: int
    campaign_id: int
    contact_id: int
    trunk_id: int
    number: str
    caller_id: str | None
    attempt_number: int
    dialing_at: datetime
    ended_at: datetime | None
    outcome: Outcome | None
    provider_call_id: str | None
    facts: CallFacts
    reports: tuple[KeptReport, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFilter:
    """The calls that are wanted; None wants all. They began at `since` or later, before `until`."""

    campaign_id: int | None = None
    contact_id: int | None = None
    number: str | None = None
    caller_id: str | None = None
    trunk_id: int | None = None
    outcome: Outcome | None = None
    since: datetime | None = None
    until: datetime | None = None


# The columns whose values are those of the record.
_COLUMNS = tuple(
    field.name for field in fields(CallRecord) if field.name not in {"outcome", "facts", "reports"}
)


async def get(conn: Connection, *, tenant_id: int, attempt_id: UUID) -> CallRecord | None:
    row = await conn.fetchrow(
        """
        SELECT attempt_id, position, version, campaign_id, contact_id, trunk_id, number,
            caller_id, attempt_number, dialing_at, ended_at, outcome, provider_call_id, facts,
            reports
        FROM call_records WHERE tenant_id = $1 AND attempt_id = $2
        """,
        tenant_id,
        attempt_id,
    )
    return None if row is None else replace(record_of(row), reports=rows.call_reports(row))


async def page(
    conn: Connection, *, tenant_id: int, wanted: CallFilter, after: int, limit: int
) -> list[CallRecord]:
    """The calls behind a position, in the order in which they ended or were corrected last.

    The caller's transaction begins with `plan_by_values`.
    """
    records = await conn.fetch(
        """
        SELECT attempt_id, position, version, campaign_id, contact_id, trunk_id, number,
            caller_id, attempt_number, dialing_at, ended_at, outcome, provider_call_id, facts
        FROM call_records
        WHERE tenant_id = $1 AND position > $2
            AND ($3::bigint IS NULL OR campaign_id = $3)
            AND ($4::bigint IS NULL OR contact_id = $4 AND number = ANY (ARRAY(
                SELECT contact.number FROM contacts AS contact
                WHERE contact.tenant_id = $1 AND contact.id = $4
                UNION ALL
                SELECT own.number FROM contact_numbers AS own
                WHERE own.tenant_id = $1 AND own.contact_id = $4 AND own.position > 1
            )))
            AND ($5::text IS NULL OR number = $5)
            AND ($6::bigint IS NULL OR trunk_id = $6)
            AND ($7::text IS NULL OR outcome = $7)
            AND ($8::timestamptz IS NULL OR dialing_at >= $8)
            AND ($9::timestamptz IS NULL OR dialing_at < $9)
            AND ($10::uuid IS NULL OR attempt_id >= $10)
            AND ($11::uuid IS NULL OR attempt_id < $11)
            AND ($12::text IS NULL OR caller_id = $12)
        ORDER BY position
        LIMIT $13
        """,
        tenant_id,
        after,
        wanted.campaign_id,
        wanted.contact_id,
        wanted.number,
        wanted.trunk_id,
        wanted.outcome,
        wanted.since,
        wanted.until,
        wanted.since and first_id(wanted.since - LONGEST_CLAIM),
        wanted.until and first_id(wanted.until + CLOCKS_DIFFER),
        wanted.caller_id,
        limit,
    )
    return [record_of(record) for record in records]


async def plan_by_values(conn: Connection) -> None:
    """Plan the statements of this transaction by their values: each filter has its own index."""
    await conn.execute("SET LOCAL plan_cache_mode = force_custom_plan")


def record_of(row: Record) -> CallRecord:
    values = {name: row[name] for name in _COLUMNS}
    outcome = None if row["outcome"] is None else Outcome(row["outcome"])
    return CallRecord(**values, outcome=outcome, facts=rows.call_facts(row))
