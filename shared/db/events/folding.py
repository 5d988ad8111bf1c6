"""The statements of a fold, one per batch each: read the facts, end attempts, move contacts on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from asyncpg import Record

from shared.db import rows
from shared.db.types import Connection
from shared.domain.attempts import AttemptState
from shared.domain.campaigns import CampaignKey
from shared.domain.contacts import ContactState
from shared.domain.outcomes import Outcome
from shared.domain.reasons import Reason


@dataclass(frozen=True, slots=True)
class FoldFacts:
    """A live attempt, its contact and its campaign, as the fold needs them.

    `window_closes_at` is of the window in which the attempt was claimed, `last_window` of the one
    in which the contact's `attempts_in_window` were. `suppressed_until` is NEVER if the number is
    suppressed for good. `in_person_calls`: the call has a row in person_calls.
    """

    id: UUID
    state: AttemptState
    number: int
    dialing_at: datetime | None
    window_closes_at: datetime
    campaign_id: int
    tenant_id: int
    contact_id: int
    external_id: str | None
    attempts: int
    attempts_on_day: int
    day: date | None
    attempts_in_window: int
    last_window: datetime | None
    expires_at: datetime | None
    waits_for: Reason | None
    zones: tuple[str, ...]
    suppressed_until: datetime | None
    calling_group_id: int
    phone: str
    in_person_calls: bool

    @property
    def campaign(self) -> CampaignKey:
        return CampaignKey(self.tenant_id, self.campaign_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptEnd:
    """The last values of an attempt's row."""

    id: UUID
    from_state: AttemptState | None
    state: AttemptState
    ended_at: datetime
    outcome: Outcome | None
    reason: str | None
    provider_call_id: str | None
    stopped_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactNext:
    """The next values of a contact; `resumes_at`: its `not_before` without the suppression."""

    tenant_id: int
    id: int
    state: ContactState
    not_before: datetime | None
    waits_for: Reason | None
    resumes_at: datetime | None = None
    attempts: int
    attempts_on_day: int
    day: date | None
    attempts_in_window: int
    last_window: datetime | None
    outcome: Outcome | None


async def facts(conn: Connection, ids: Sequence[UUID]) -> dict[UUID, FoldFacts]:
    """The attempts among these that are still live."""
    records = await conn.fetch(
        """
        SELECT a.id, a.state, a.number, a.dialing_at, a.window_closes_at, a.campaign_id,
            a.tenant_id, a.contact_id, c.external_id, c.attempts, c.attempts_on_day, c.day,
            c.attempts_in_window, c.window_closes_at AS last_window, c.expires_at,
            c.waits_for, g.zones, c.calling_group_id, c.number AS phone, a.in_person_calls,
            s.until AS suppressed_until
        FROM attempts a
        JOIN contacts c ON c.tenant_id = a.tenant_id AND c.id = a.contact_id
        JOIN calling_groups g ON g.id = c.calling_group_id
        CROSS JOIN LATERAL suppressed_until(
            a.tenant_id, a.campaign_id, c.number, statement_timestamp()
        ) s
        -- By the state, because `ended_at` would bring in the index of all live attempts.
        WHERE a.id = ANY($1) AND a.state IN ('claimed', 'dialing', 'placed')
        """,
        list(ids),
    )
    return {row["id"]: _facts(row) for row in records}


def _facts(row: Record) -> FoldFacts:
    waits_for = row["waits_for"]
    return FoldFacts(
        **{
            **row,
            "state": AttemptState(row["state"]),
            "waits_for": None if waits_for is None else Reason(waits_for),
            "zones": tuple(row["zones"]),
            "suppressed_until": rows.suppressed_until(row),
        }
    )


async def end(conn: Connection, ends: Sequence[AttemptEnd]) -> set[UUID]:
    """Write the ends; returns the attempts whose state still allowed it.

    A call that ended before the dialer stored `placed` gets its `placed_at` here.
    """
    rows = await conn.fetch(
        """
        UPDATE attempts a
        SET state = d.state, ended_at = d.ended_at, outcome = d.outcome, reason = d.reason,
            revisit_at = NULL, stopped_by = d.stopped_by,
            provider_call_id = coalesce(a.provider_call_id, d.call_id),
            placed_at = CASE WHEN a.placed_at IS NULL AND d.call_id IS NOT NULL
                THEN a.dialing_at ELSE a.placed_at END
        FROM unnest(
            $1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::text[],
            $7::text[], $8::text[]
        ) AS d (id, from_state, state, ended_at, outcome, reason, call_id, stopped_by)
        WHERE a.id = d.id
            AND a.state = ANY (
                CASE WHEN d.from_state IS NULL THEN ARRAY['dialing', 'placed']
                ELSE ARRAY[d.from_state] END
            )
        RETURNING a.id
        """,
        [attempt.id for attempt in ends],
        [attempt.from_state for attempt in ends],
        [attempt.state for attempt in ends],
        [attempt.ended_at for attempt in ends],
        [attempt.outcome for attempt in ends],
        [attempt.reason for attempt in ends],
        [attempt.provider_call_id for attempt in ends],
        [attempt.stopped_by for attempt in ends],
    )
    return {row["id"] for row in rows}


async def move_on(conn: Connection, nexts: Sequence[ContactNext]) -> None:
    await conn.execute(
        """
        UPDATE contacts c
        SET state = d.state, not_before = coalesce(d.not_before, c.not_before),
            waits_for = d.waits_for, resumes_at = d.resumes_at, attempts = d.attempts,
            attempts_on_day = d.attempts_on_day, day = d.day,
            attempts_in_window = d.attempts_in_window, window_closes_at = d.last_window,
            outcome = d.outcome
        FROM unnest(
            $1::bigint[], $2::text[], $3::timestamptz[], $4::text[], $5::smallint[],
            $6::smallint[], $7::date[], $8::smallint[], $9::timestamptz[], $10::text[],
            $11::timestamptz[], $12::integer[]
        ) AS d (
            id, state, not_before, waits_for, attempts, attempts_on_day, day, attempts_in_window,
            last_window, outcome, resumes_at, tenant_id
        )
        WHERE c.tenant_id = d.tenant_id AND c.id = d.id
        """,
        [contact.id for contact in nexts],
        [contact.state for contact in nexts],
        [contact.not_before for contact in nexts],
        [contact.waits_for for contact in nexts],
        [contact.attempts for contact in nexts],
        [contact.attempts_on_day for contact in nexts],
        [contact.day for contact in nexts],
        [contact.attempts_in_window for contact in nexts],
        [contact.last_window for contact in nexts],
        [contact.outcome for contact in nexts],
        [contact.resumes_at for contact in nexts],
        [contact.tenant_id for contact in nexts],
    )
