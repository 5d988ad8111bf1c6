"""person_calls: the calls of a tenant to a number; caps count them, silences follow them.

Written by the dialer with its compare-and-set, and given their outcomes by events.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from shared.db.types import Connection
from shared.domain.outcomes import Outcome
from shared.domain.policy.frequency import PastCall

# No limit is longer (shared/domain/policy/frequency.py), and clocks may disagree by a little.
LOOK_BACK = timedelta(days=370)


@dataclass(frozen=True, slots=True)
class Person:
    """A number within a tenant."""

    tenant_id: int
    number: str


@dataclass(frozen=True, slots=True)
class NewCall:
    attempt_id: UUID
    person: Person
    subject: str


async def of_persons(
    conn: Connection, persons: Collection[Person], *, now: datetime
) -> dict[Person, list[PastCall]]:
    """Calls to the persons as far back as any limit looks, and those without an end."""
    rows = await conn.fetch(
        """
        SELECT call.tenant_id, call.number, call.dialing_at, call.subject, call.outcome,
            call.ended_at
        FROM unnest($1::integer[], $2::text[]) AS person (tenant_id, number)
        JOIN person_calls AS call
            ON call.tenant_id = person.tenant_id AND call.number = person.number
        WHERE call.dialing_at >= $3 OR call.ended_at >= $3 OR call.ended_at IS NULL
        """,
        [person.tenant_id for person in persons],
        [person.number for person in persons],
        now - LOOK_BACK,
    )
    calls: dict[Person, list[PastCall]] = defaultdict(list)
    for row in rows:
        outcome = None if row["outcome"] is None else Outcome(row["outcome"])
        calls[Person(row["tenant_id"], row["number"])].append(
            PastCall(row["dialing_at"], row["subject"], outcome, row["ended_at"])
        )
    return calls


async def note(conn: Connection, calls: Sequence[NewCall], *, at: datetime) -> None:
    """Insert the calls, in the transaction of their compare-and-set."""
    await conn.execute(
        """
        INSERT INTO person_calls (tenant_id, number, dialing_at, attempt_id, subject)
        SELECT tenant_id, number, $5, attempt_id, subject
        FROM unnest($1::integer[], $2::text[], $3::uuid[], $4::text[])
            AS n (tenant_id, number, attempt_id, subject)
        """,
        [call.person.tenant_id for call in calls],
        [call.person.number for call in calls],
        [call.attempt_id for call in calls],
        [call.subject for call in calls],
        at,
    )


async def end(conn: Connection, ended: Sequence[tuple[UUID, Person, Outcome, datetime]]) -> None:
    """Write the outcomes of calls."""
    await conn.execute(
        """
        UPDATE person_calls AS call SET outcome = ended.outcome, ended_at = ended.ended_at
        FROM unnest($1::uuid[], $2::integer[], $3::text[], $4::text[], $5::timestamptz[])
            AS ended (attempt_id, tenant_id, number, outcome, ended_at)
        WHERE call.tenant_id = ended.tenant_id AND call.number = ended.number
            AND call.attempt_id = ended.attempt_id
        """,
        [attempt_id for attempt_id, _, _, _ in ended],
        [person.tenant_id for _, person, _, _ in ended],
        [person.number for _, person, _, _ in ended],
        [outcome for _, _, outcome, _ in ended],
        [ended_at for _, _, _, ended_at in ended],
    )


async def forget(conn: Connection, dropped: Sequence[tuple[UUID, Person]]) -> None:
    """Delete calls that were surely not placed, so that no limit counts them."""
    await conn.execute(
        """
        DELETE FROM person_calls AS call
        USING unnest($1::uuid[], $2::integer[], $3::text[])
            AS dropped (attempt_id, tenant_id, number)
        WHERE call.tenant_id = dropped.tenant_id AND call.number = dropped.number
            AND call.attempt_id = dropped.attempt_id
        """,
        [attempt_id for attempt_id, _ in dropped],
        [person.tenant_id for _, person in dropped],
        [person.number for _, person in dropped],
    )
