"""call_records by the time of their calls, as lists with numbered pages; all only read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from asyncpg import Record

from shared.db import rows
from shared.db.api.call_records import CLOCKS_DIFFER, LONGEST_CLAIM
from shared.db.types import Connection
from shared.domain.attempts import first_id
from shared.domain.calls import CallFacts
from shared.domain.outcomes import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedCall:
    """A call that has ended; `trunk` is the name of its trunk."""

    attempt_id: UUID
    caller_id: str | None
    number: str
    trunk: str
    dialing_at: datetime
    outcome: Outcome
    facts: CallFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Calls that began from `since` on and before `until`; None wants all.

    `caller_id_part` and `number_part` are digits that the numbers contain.
    """

    since: datetime
    until: datetime
    outcomes: Sequence[Outcome] | None = None
    caller_id_part: str | None = None
    number_part: str | None = None
    trunk: str | None = None
    attempt_id: UUID | None = None


async def page(
    conn: Connection,
    *,
    tenant_id: int,
    wanted: Wanted,
    before: UUID | None = None,
    skipped: int = 0,
    limit: int,
) -> list[DatedCall]:
    """The newest first: those before another one, or behind so many.

    The caller's transaction begins with `plan_by_values`.
    """
    records = await conn.fetch(
        """
        SELECT record.attempt_id, record.caller_id, record.number, record.dialing_at,
            record.outcome, record.facts, trunk.name AS trunk
        FROM call_records AS record LEFT JOIN trunks AS trunk ON trunk.id = record.trunk_id
        WHERE record.tenant_id = $1 AND record.ended_at IS NOT NULL
            AND record.dialing_at >= $2 AND record.dialing_at < $3
            AND record.attempt_id >= $4 AND record.attempt_id < $5
            AND ($6::text[] IS NULL OR record.outcome = ANY ($6))
            AND ($7::text IS NULL OR strpos(record.caller_id, $7) > 0)
            AND ($8::text IS NULL OR strpos(record.number, $8) > 0)
            AND ($9::text IS NULL OR trunk.name = $9)
            AND ($10::uuid IS NULL OR record.attempt_id = $10)
            AND ($11::uuid IS NULL OR record.attempt_id < $11)
        ORDER BY record.attempt_id DESC LIMIT $12 OFFSET $13
        """,
        tenant_id,
        *_values(wanted),
        before,
        limit,
        skipped,
    )
    return list(map(_call, records))


async def count(conn: Connection, *, tenant_id: int, wanted: Wanted) -> int:
    """How many calls there are; the caller's transaction begins with `plan_by_values`."""
    number: int = await conn.fetchval(
        """
        SELECT count(*)
        FROM call_records AS record LEFT JOIN trunks AS trunk ON trunk.id = record.trunk_id
        WHERE record.tenant_id = $1 AND record.ended_at IS NOT NULL
            AND record.dialing_at >= $2 AND record.dialing_at < $3
            AND record.attempt_id >= $4 AND record.attempt_id < $5
            AND ($6::text[] IS NULL OR record.outcome = ANY ($6))
            AND ($7::text IS NULL OR strpos(record.caller_id, $7) > 0)
            AND ($8::text IS NULL OR strpos(record.number, $8) > 0)
            AND ($9::text IS NULL OR trunk.name = $9)
            AND ($10::uuid IS NULL OR record.attempt_id = $10)
        """,
        tenant_id,
        *_values(wanted),
    )
    return number


async def get(conn: Connection, *, tenant_id: int, attempt_id: UUID) -> DatedCall | None:
    record = await conn.fetchrow(
        """
        SELECT record.attempt_id, record.caller_id, record.number, record.dialing_at,
            record.outcome, record.facts, trunk.name AS trunk
        FROM call_records AS record LEFT JOIN trunks AS trunk ON trunk.id = record.trunk_id
        WHERE record.tenant_id = $1 AND record.attempt_id = $2 AND record.ended_at IS NOT NULL
        """,
        tenant_id,
        attempt_id,
    )
    return None if record is None else _call(record)


def _values(wanted: Wanted) -> tuple[object, ...]:
    return (
        wanted.since,
        wanted.until,
        first_id(wanted.since - LONGEST_CLAIM),
        first_id(wanted.until + CLOCKS_DIFFER),
        None if wanted.outcomes is None else list(wanted.outcomes),
        wanted.caller_id_part,
        wanted.number_part,
        wanted.trunk,
        wanted.attempt_id,
    )


def _call(row: Record) -> DatedCall:
    return DatedCall(
        attempt_id=row["attempt_id"],
        caller_id=row["caller_id"],
        number=row["number"],
        trunk=row["trunk"] or "",
        dialing_at=row["dialing_at"],
        outcome=Outcome(row["outcome"]),
        facts=rows.call_facts(row),
    )
