"""The statements of a fold, one per batch each: read the facts, end attempts, move contacts on.

Its values are named tuples: a fold makes three for each report, and a frozen dataclass of as many
fields takes twice the time.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from asyncpg import Record

from shared.db import rows
from shared.db.calling_groups import CallingGroups
from shared.db.types import Connection
from shared.domain.attempts import AttemptState, CallReference
from shared.domain.campaigns import CampaignKey
from shared.domain.contacts import ContactState
from shared.domain.outcomes import Outcome
from shared.domain.policy.contact_numbers import ContactNumber
from shared.domain.reasons import Reason


class FoldFacts(NamedTuple):
    """A live attempt, its contact and its campaign, as the fold needs them.

    `window_closes_at` is of the window in which the attempt was claimed, `last_window` of the one
    in which the contact's `attempts_in_window` were. `suppressed_until` is NEVER if the number is
    suppressed for good. `phone` is the number that is dialed, and `numbers` are all of a contact
    that has several. `in_person_calls`: the call has a row in person_calls.
    `newest_rates` is the id of the newest rate table of any trunk. `reserved` is what the call may
    cost, if it is under a spend ceiling. `traceparent` is that of the request that the contact is
    called for, if it has one.
    """

    tenant_id: int
    id: UUID
    number: int
    dialing_at: datetime | None
    window_closes_at: datetime
    campaign_id: int
    contact_id: int
    external_id: str | None
    attempts: int
    attempts_on_day: int
    day: date | None
    attempts_in_window: int
    last_window: datetime | None
    expires_at: datetime | None
    calling_group_id: int
    trunk_id: int
    phone: str
    in_person_calls: bool
    newest_rates: int | None
    reserved: Decimal | None
    traceparent: str | None
    state: AttemptState
    waits_for: Reason | None
    suppressed_until: datetime | None
    zones: tuple[str, ...]
    numbers: tuple[ContactNumber, ...] = ()

    @property
    def reference(self) -> CallReference:
        return CallReference(self.tenant_id, self.id)

    @property
    def campaign(self) -> CampaignKey:
        return CampaignKey(self.tenant_id, self.campaign_id)


class AttemptEnd(NamedTuple):
    """The last values of an attempt's row."""

    reference: CallReference
    from_state: AttemptState | None
    state: AttemptState
    ended_at: datetime
    outcome: Outcome | None
    reason: str | None
    provider_call_id: str | None
    stopped_by: str | None = None


class ContactNext(NamedTuple):
    """The next values of a contact; `resumes_at`: its `not_before` without the suppression.

    `next_number` and the group of that number are given for a contact that has several.
    """

    tenant_id: int
    id: int
    state: ContactState
    not_before: datetime | None
    waits_for: Reason | None
    resumes_at: datetime | None
    attempts: int
    attempts_on_day: int
    day: date | None
    attempts_in_window: int
    last_window: datetime | None
    outcome: Outcome | None
    next_number: str | None = None
    calling_group_id: int | None = None


class PassedOver(NamedTuple):
    """A number of a contact at which nobody is reached."""

    tenant_id: int
    contact_id: int
    number: str


async def facts(
    conn: Connection, references: Collection[CallReference], groups: CallingGroups
) -> dict[CallReference, FoldFacts]:
    """The attempts among these that are still live."""
    records = await conn.fetch(
        """
        -- In the order of FoldFacts, which is made of them one by one.
        SELECT attempt.tenant_id, attempt.id, attempt.number, attempt.dialing_at,
            attempt.window_closes_at, attempt.campaign_id, attempt.contact_id,
            contact.external_id, contact.attempts,
            coalesce(contact.attempts_on_day, 0) AS attempts_on_day, contact.day,
            coalesce(contact.attempts_in_window, 0) AS attempts_in_window,
            contact.window_closes_at AS last_window, contact.expires_at, contact.calling_group_id,
            coalesce(attempt.trunk_id, campaign.trunk_id) AS trunk_id,
            coalesce(attempt.phone, contact.phone) AS phone,
            attempt.in_person_calls, (SELECT max(id) FROM rate_tables) AS newest_rates,
            attempt.reserved, contact.traceparent, attempt.state, contact.waits_for,
            suppression.until AS suppressed_until, contact.next_number
        FROM unnest($1::integer[], $2::uuid[]) AS reference (tenant_id, id)
        -- OFFSET 0 keeps the references outside, so each is a look-up by primary key. By the state,
        -- because `ended_at` would bring in the index of all live attempts.
        CROSS JOIN LATERAL (
            SELECT tenant_id, id, state, number, dialing_at, window_closes_at, campaign_id,
                contact_id, in_person_calls, trunk_id, reserved, phone
            FROM attempts
            WHERE tenant_id = reference.tenant_id AND id = reference.id
                AND state IN ('claimed', 'dialing', 'placed')
            OFFSET 0
        ) AS attempt
        JOIN contacts AS contact
            ON contact.tenant_id = attempt.tenant_id AND contact.id = attempt.contact_id
        JOIN campaigns AS campaign
            ON campaign.tenant_id = attempt.tenant_id AND campaign.id = attempt.campaign_id
        CROSS JOIN LATERAL suppressed_until(
            attempt.tenant_id, attempt.campaign_id, coalesce(attempt.phone, contact.phone),
            statement_timestamp()
        ) AS suppression
        """,
        *rows.columns(references),
    )
    known = await groups.of(conn, {row["calling_group_id"] for row in records})
    found = [_facts(row, known[row["calling_group_id"]].calling.zones) for row in records]
    several = {
        (row["tenant_id"], row["campaign_id"], row["contact_id"])
        for row in records
        if row["next_number"] is not None
    }
    if several:
        numbers = await _numbers(conn, several, groups)
        found = [each._replace(numbers=tuple(numbers.get(each.contact_id, ()))) for each in found]
    return {each.reference: each for each in found}


async def _numbers(
    conn: Connection, contacts: Collection[tuple[int, int, int]], groups: CallingGroups
) -> dict[int, list[ContactNumber]]:
    """The numbers of each contact, by its id, in order. A contact is with tenant and campaign."""
    records = await conn.fetch(
        """
        SELECT own.contact_id, own.number, own.calling_group_id, own.is_passed_over,
            suppression.until AS suppressed_until
        FROM unnest($1::integer[], $2::bigint[], $3::bigint[]) AS contact (
            tenant_id, campaign_id, id
        )
        JOIN contact_numbers AS own
            ON own.tenant_id = contact.tenant_id AND own.contact_id = contact.id
        CROSS JOIN LATERAL suppressed_until(
            contact.tenant_id, contact.campaign_id, own.number, statement_timestamp()
        ) AS suppression
        ORDER BY own.contact_id, own.position
        """,
        [tenant_id for tenant_id, _, _ in contacts],
        [campaign_id for _, campaign_id, _ in contacts],
        [contact_id for _, _, contact_id in contacts],
    )
    known = await groups.of(conn, {row["calling_group_id"] for row in records})
    numbers = defaultdict[int, list[ContactNumber]](list)
    for row in records:
        numbers[row["contact_id"]].append(
            ContactNumber(
                row["number"],
                row["calling_group_id"],
                known[row["calling_group_id"]].calling.zones,
                rows.suppressed_until(row),
                row["is_passed_over"],
            )
        )
    return numbers


def _facts(row: Record, zones: tuple[str, ...]) -> FoldFacts:
    *values, state, waits_for, _, _ = row
    reason = None if waits_for is None else Reason(waits_for)
    return FoldFacts._make(
        (*values, AttemptState(state), reason, rows.suppressed_until(row), zones, ())
    )


async def end(conn: Connection, ends: Sequence[AttemptEnd]) -> dict[CallReference, str | None]:
    """End the attempts that are still in a state from which they may.

    Returns which, with the provider's ids of their calls.
    They let go of their numbers, so that another campaign may call these.
    A call that ended before the dialer stored `placed` gets its `placed_at` here.
    """
    records = await conn.fetch(
        """
        UPDATE attempts AS attempt
        SET state = ending.state, ended_at = ending.ended_at, outcome = ending.outcome,
            reason = ending.reason, revisit_at = NULL, stopped_by = ending.stopped_by, phone = NULL,
            provider_call_id = coalesce(attempt.provider_call_id, ending.call_id),
            placed_at = CASE WHEN attempt.placed_at IS NULL AND ending.call_id IS NOT NULL
                THEN attempt.dialing_at ELSE attempt.placed_at END
        FROM (
            SELECT tenant_id, id, from_state, state, ended_at, outcome, reason, call_id, stopped_by
            FROM unnest(
                $1::integer[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::text[],
                $7::text[], $8::text[], $9::text[]
            ) AS input (
                tenant_id, id, from_state, state, ended_at, outcome, reason, call_id, stopped_by
            )
            -- In the order of locks (shared/db/locks.py).
            ORDER BY tenant_id, id
        ) AS ending
        WHERE attempt.tenant_id = ending.tenant_id AND attempt.id = ending.id
            AND attempt.state = ANY (
                CASE WHEN ending.from_state IS NULL THEN ARRAY['dialing', 'placed']
                ELSE ARRAY[ending.from_state] END
            )
        RETURNING attempt.tenant_id, attempt.id, attempt.provider_call_id
        """,
        *rows.columns(end.reference for end in ends),
        rows.sparse([end.from_state for end in ends]),
        [end.state for end in ends],
        [end.ended_at for end in ends],
        [end.outcome for end in ends],
        rows.sparse([end.reason for end in ends]),
        [end.provider_call_id for end in ends],
        rows.sparse([end.stopped_by for end in ends]),
    )
    return {CallReference(row["tenant_id"], row["id"]): row["provider_call_id"] for row in records}


async def move_on(conn: Connection, nexts: Sequence[ContactNext]) -> None:
    """Give each contact its next state; no `not_before` leaves it as it is."""
    await conn.execute(
        """
        UPDATE contacts AS contact
        SET state = next.state, not_before = coalesce(next.not_before, contact.not_before),
            waits_for = next.waits_for, resumes_at = next.resumes_at, attempts = next.attempts,
            attempts_on_day = next.attempts_on_day, day = next.day,
            attempts_in_window = next.attempts_in_window, window_closes_at = next.last_window,
            outcome = next.outcome,
            next_number = coalesce(next.next_number, contact.next_number),
            calling_group_id = coalesce(next.calling_group_id, contact.calling_group_id)
        FROM unnest(
            $1::integer[], $2::bigint[], $3::text[], $4::timestamptz[], $5::text[],
            $6::timestamptz[], $7::smallint[], $8::smallint[], $9::date[], $10::smallint[],
            $11::timestamptz[], $12::text[], $13::text[], $14::integer[]
        ) AS next (
            tenant_id, id, state, not_before, waits_for, resumes_at, attempts, attempts_on_day,
            day, attempts_in_window, last_window, outcome, next_number, calling_group_id
        )
        WHERE contact.tenant_id = next.tenant_id AND contact.id = next.id
        """,
        [contact.tenant_id for contact in nexts],
        [contact.id for contact in nexts],
        [contact.state for contact in nexts],
        rows.sparse([contact.not_before for contact in nexts]),
        rows.sparse([contact.waits_for for contact in nexts]),
        rows.sparse([contact.resumes_at for contact in nexts]),
        [contact.attempts for contact in nexts],
        [contact.attempts_on_day for contact in nexts],
        rows.sparse([contact.day for contact in nexts]),
        [contact.attempts_in_window for contact in nexts],
        [contact.last_window for contact in nexts],
        rows.sparse([contact.outcome for contact in nexts]),
        rows.sparse([contact.next_number for contact in nexts]),
        rows.sparse([contact.calling_group_id for contact in nexts]),
    )


async def pass_over(conn: Connection, numbers: Sequence[PassedOver]) -> None:
    """The contacts, which are locked, are never called at these numbers again."""
    await conn.execute(
        """
        UPDATE contact_numbers AS own SET is_passed_over = true
        FROM unnest($1::integer[], $2::bigint[], $3::text[])
            AS passed_over (tenant_id, contact_id, number)
        WHERE own.tenant_id = passed_over.tenant_id AND own.contact_id = passed_over.contact_id
            AND own.number = passed_over.number
        """,
        [own.tenant_id for own in numbers],
        [own.contact_id for own in numbers],
        [own.number for own in numbers],
    )
