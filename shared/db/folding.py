"""The reads and writes of one fold: attempts end, contacts move on, in a few statements a batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from shared.db.types import Connection
from shared.domain.attempts import AttemptState
from shared.domain.contacts import ContactState
from shared.domain.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class Facts:
    """A live attempt, its contact and its campaign, as the fold needs them."""

    id: UUID
    state: AttemptState
    number: int
    dialing_at: datetime | None
    campaign_id: int
    tenant_id: int
    contact_id: int
    external_id: str | None
    attempts: int
    attempts_on_day: int
    day: date | None
    zones: tuple[str, ...]
    suppressed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How an attempt's row ends."""

    id: UUID
    from_state: AttemptState | None
    state: AttemptState
    ended_at: datetime
    outcome: Outcome | None
    reason: str | None
    provider_call_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """What becomes of a contact."""

    id: int
    state: ContactState
    not_before: datetime | None
    attempts: int
    attempts_on_day: int
    day: date | None
    outcome: Outcome | None


async def facts(conn: Connection, ids: Sequence[UUID]) -> dict[UUID, Facts]:
    """The attempts among these that are still live."""
    rows = await conn.fetch(
        """
        SELECT a.id, a.state, a.number, a.dialing_at, a.campaign_id, m.tenant_id, a.contact_id,
            c.external_id, c.attempts, c.attempts_on_day, c.day, g.zones,
            s.number IS NOT NULL AS suppressed
        FROM attempts a
        JOIN contacts c ON c.id = a.contact_id
        JOIN calling_groups g ON g.id = c.calling_group_id
        JOIN campaigns m ON m.id = a.campaign_id
        LEFT JOIN suppressions s ON s.tenant_id = m.tenant_id AND s.number = c.number
        -- By the state, because `ended_at` would bring in the index of all live attempts.
        WHERE a.id = ANY($1) AND a.state IN ('claimed', 'dialing', 'placed')
        """,
        list(ids),
    )
    return {
        row["id"]: Facts(
            **{**row, "state": AttemptState(row["state"]), "zones": tuple(row["zones"])}
        )
        for row in rows
    }


async def end(conn: Connection, ends: Sequence[End]) -> set[UUID]:
    """Write the ends; the attempts that were still in a state from which they could.

    A call that ended before the dialer could note that it was placed is noted as placed here.
    """
    rows = await conn.fetch(
        """
        UPDATE attempts a
        SET state = d.state, ended_at = d.ended_at, outcome = d.outcome, reason = d.reason,
            revisit_at = NULL,
            provider_call_id = coalesce(a.provider_call_id, d.call_id),
            placed_at = CASE WHEN a.placed_at IS NULL AND d.call_id IS NOT NULL
                THEN a.dialing_at ELSE a.placed_at END
        FROM unnest(
            $1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::text[],
            $7::text[]
        ) AS d (id, from_state, state, ended_at, outcome, reason, call_id)
        WHERE a.id = d.id
            AND a.state = ANY (
                CASE WHEN d.from_state IS NULL THEN ARRAY['dialing', 'placed']
                ELSE ARRAY[d.from_state] END
            )
        RETURNING a.id
        """,
        [each.id for each in ends],
        [each.from_state for each in ends],
        [each.state for each in ends],
        [each.ended_at for each in ends],
        [each.outcome for each in ends],
        [each.reason for each in ends],
        [each.provider_call_id for each in ends],
    )
    return {row["id"] for row in rows}


async def move_on(conn: Connection, nexts: Sequence[Next]) -> None:
    await conn.execute(
        """
        UPDATE contacts c
        SET state = d.state, not_before = coalesce(d.not_before, c.not_before),
            attempts = d.attempts, attempts_on_day = d.attempts_on_day, day = d.day,
            outcome = d.outcome
        FROM unnest(
            $1::bigint[], $2::text[], $3::timestamptz[], $4::smallint[], $5::smallint[],
            $6::date[], $7::text[]
        ) AS d (id, state, not_before, attempts, attempts_on_day, day, outcome)
        WHERE c.id = d.id
        """,
        [each.id for each in nexts],
        [each.state for each in nexts],
        [each.not_before for each in nexts],
        [each.attempts for each in nexts],
        [each.attempts_on_day for each in nexts],
        [each.day for each in nexts],
        [each.outcome for each in nexts],
    )
