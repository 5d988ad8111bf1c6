"""attempts: one row per planned call, which is its own outbox entry.

Inserted as `claimed` by the scheduler (claims.py); `dialing` and `placed` by the dialer; ended by
events (folding.py).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from asyncpg import Record

from shared.db.calling_groups import CallingGroups
from shared.db.rows import attributes, columns, sparse
from shared.db.types import Connection
from shared.definitions.call_flow import CallFlowDefinition
from shared.domain.attempts import AttemptState, CallReference
from shared.domain.call_flows import texts
from shared.domain.call_flows.flow import CallFlow
from shared.domain.capacity.scopes import Hierarchy, scopes_of
from shared.domain.places.calling_groups import CallingGroup


class DueAttempt(NamedTuple):
    """A claimed attempt with the facts that decide on it.

    `holds_number` is False for an attempt that was claimed before attempts held their numbers, and
    if the number that is called next is no more such one of its contact, in its calling group: an
    import that overlapped a fold took it away. The attempt is dropped, and the fold goes on.
    `backup_id` is its trunk, unless it goes by the first one of its campaign.
    `external_id` and `attributes` (JSON) are read only for campaigns that need them.
    `traceparent` is that of the request that the contact is called for, if it has one.
    """

    reference: CallReference
    campaign_id: int
    attempt_number: int
    number: str
    group_id: int
    group: CallingGroup
    window_closes_at: datetime
    expires_at: datetime | None
    suppressed: bool
    holds_number: bool
    backup_id: int | None
    external_id: str | None
    attributes: str | None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class UnreportedAttempt:
    """A dialed attempt without a report for a while; `call_id` is the provider's, once known.

    `number` is None for an attempt that was dialed before attempts held their numbers.
    """

    reference: CallReference
    trunk_id: int
    state: AttemptState
    dialing_at: datetime
    call_id: str | None
    number: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedFlow:
    """A call flow with its variables, and the values that the contact brings for them."""

    flow: CallFlow
    known: Mapping[str, str]


async def live_leases(conn: Connection) -> dict[CallReference, Hierarchy]:
    """The attempts of all tenants that hold a permit, with the scopes of their leases."""
    rows = await conn.fetch(
        """
        SELECT attempt.tenant_id, attempt.id, attempt.campaign_id,
            coalesce(attempt.trunk_id, campaign.trunk_id) AS trunk_id
        FROM tenants AS tenant
        -- OFFSET 0 keeps the tenants outside, so each is an equality on attempts_live.
        CROSS JOIN LATERAL (
            SELECT tenant_id, id, campaign_id, trunk_id FROM attempts
            WHERE tenant_id = tenant.id AND ended_at IS NULL AND state <> 'claimed' OFFSET 0
        ) AS attempt
        JOIN campaigns AS campaign
            ON campaign.tenant_id = attempt.tenant_id AND campaign.id = attempt.campaign_id
        """
    )
    return _leases(rows)


async def leases_of(
    conn: Connection, references: Collection[CallReference]
) -> dict[CallReference, Hierarchy]:
    """The scopes of the leases of these attempts."""
    return await _leases_of(conn, references, ended=False)


async def ended(
    conn: Connection, references: Collection[CallReference]
) -> dict[CallReference, Hierarchy]:
    """The attempts among these that have ended, with the scopes of their leases.

    None of them is ever dialed again.
    """
    return await _leases_of(conn, references, ended=True)


async def _leases_of(
    conn: Connection, references: Collection[CallReference], *, ended: bool
) -> dict[CallReference, Hierarchy]:
    rows = await conn.fetch(
        """
        SELECT attempt.tenant_id, attempt.id, attempt.campaign_id,
            coalesce(attempt.trunk_id, campaign.trunk_id) AS trunk_id
        FROM unnest($1::integer[], $2::uuid[]) AS reference (tenant_id, id)
        -- OFFSET 0 keeps the references outside, so each is a look-up by primary key.
        CROSS JOIN LATERAL (
            SELECT tenant_id, id, campaign_id, trunk_id, state FROM attempts
            WHERE tenant_id = reference.tenant_id AND id = reference.id OFFSET 0
        ) AS attempt
        JOIN campaigns AS campaign
            ON campaign.tenant_id = attempt.tenant_id AND campaign.id = attempt.campaign_id
        WHERE NOT $3 OR attempt.state IN ('ended', 'unknown', 'dropped')
        """,
        *columns(references),
        ended,
    )
    return _leases(rows)


def _leases(rows: Sequence[Record]) -> dict[CallReference, Hierarchy]:
    return {
        CallReference(row["tenant_id"], row["id"]): scopes_of(
            tenant=row["tenant_id"], trunk=row["trunk_id"], campaign=row["campaign_id"]
        )
        for row in rows
    }


async def due(
    conn: Connection,
    references: Collection[CallReference],
    groups: CallingGroups,
    *,
    with_attributes: Collection[int] = (),
) -> list[DueAttempt]:
    """The attempts among these that are still claimed, with the facts that decide on them.

    `with_attributes` are the campaigns for whose contacts more than the number is read.
    """
    rows = await conn.fetch(
        """
        SELECT attempt.tenant_id, attempt.id, attempt.campaign_id,
            attempt.number AS attempt_number, contact.phone AS number, attempt.window_closes_at,
            contact.expires_at, contact.calling_group_id AS group_id,
            EXISTS (
                SELECT FROM suppressions
                WHERE tenant_id = attempt.tenant_id AND number = contact.phone
                    AND campaign_id IN (0, attempt.campaign_id) AND expires_at > clock_timestamp()
            ) AS suppressed,
            CASE WHEN attempt.phone IS DISTINCT FROM contact.phone THEN false
                WHEN contact.next_number IS NULL THEN true
                ELSE EXISTS (
                    SELECT FROM contact_numbers
                    WHERE tenant_id = attempt.tenant_id AND contact_id = attempt.contact_id
                        AND number = contact.next_number AND NOT is_passed_over
                        AND calling_group_id = contact.calling_group_id
                    -- Not turned into a read of all numbers.
                    OFFSET 0
                ) END AS holds_number,
            attempt.trunk_id AS backup_id,
            CASE WHEN attempt.campaign_id = ANY ($3::bigint[])
                THEN contact.external_id END AS external_id,
            CASE WHEN attempt.campaign_id = ANY ($3::bigint[])
                THEN contact.attributes::text END AS attributes,
            contact.traceparent
        FROM unnest($1::integer[], $2::uuid[]) AS reference (tenant_id, id)
        -- OFFSET 0 keeps the references outside, so each is a look-up by primary key.
        CROSS JOIN LATERAL (
            SELECT tenant_id, id, campaign_id, contact_id, number, window_closes_at, phone,
                trunk_id
            FROM attempts
            WHERE tenant_id = reference.tenant_id AND id = reference.id AND state = 'claimed'
            OFFSET 0
        ) AS attempt
        JOIN contacts AS contact
            ON contact.tenant_id = attempt.tenant_id AND contact.id = attempt.contact_id
        """,
        *columns(references),
        list(with_attributes),
    )
    known = await groups.of(conn, {row["group_id"] for row in rows})
    return [_due(row, known[row["group_id"]].calling) for row in rows]


def _due(row: Record, group: CallingGroup) -> DueAttempt:
    return DueAttempt(
        CallReference(row["tenant_id"], row["id"]),
        row["campaign_id"],
        row["attempt_number"],
        row["number"],
        row["group_id"],
        group,
        row["window_closes_at"],
        row["expires_at"],
        row["suppressed"],
        row["holds_number"],
        row["backup_id"],
        row["external_id"],
        row["attributes"],
        row["traceparent"],
    )


async def dial(
    conn: Connection,
    references: Sequence[CallReference],
    numbers: Sequence[str],
    revisions: Sequence[int],
    caller_ids: Sequence[str | None],
    *,
    reserves: Sequence[Decimal | None] | None = None,
    in_person_calls: bool = False,
    now: datetime,
    open_until: datetime,
    revisit_at: datetime,
) -> set[CallReference]:
    """The compare-and-set before an originate: only here is it decided which attempts are dialed.

    The same statement reads the state that the owner wants and the suppressions, so a pause or a
    suppression that is committed stops each attempt that has not passed here. So does a change
    that raised the campaign's revision since the attempt was judged by the given one. An attempt
    wins only with the number that it holds, which no other live attempt of the tenant does.
    `caller_ids` are the numbers that the calls show, where the campaign names any.
    `reserves` are what the calls may cost, if any is under a spend ceiling. `in_person_calls` says
    that the same transaction notes the calls in person_calls.
    """
    tenant_ids, ids = columns(references)
    rows = await conn.fetch(
        """
        UPDATE attempts AS attempt
        SET state = 'dialing', dialing_at = $4, revisit_at = $5, in_person_calls = $7,
            caller_id = wanted.caller_id, reserved = wanted.reserved
        FROM (
            SELECT tenant_id, id, number, revision, caller_id, reserved, 'claimed' AS from_state
            FROM unnest(
                $1::integer[], $2::uuid[], $3::text[], $8::integer[], $9::text[], $10::numeric[]
            ) AS input (tenant_id, id, number, revision, caller_id, reserved)
            -- OFFSET hides the state from the planner, so that a plan begins with these attempts.
            OFFSET 0
        ) AS wanted
        WHERE attempt.tenant_id = wanted.tenant_id AND attempt.id = wanted.id
            AND attempt.state = wanted.from_state AND attempt.window_closes_at > $6
            AND attempt.phone = wanted.number
            AND EXISTS (
                SELECT FROM campaigns
                WHERE tenant_id = attempt.tenant_id AND id = attempt.campaign_id
                    AND state = 'running' AND wanted_state = 'running'
                    AND revision = wanted.revision
                -- Not turned into a join, which may begin with all attempts of a campaign.
                OFFSET 0
            )
            AND NOT EXISTS (
                SELECT FROM suppressions
                WHERE tenant_id = attempt.tenant_id AND number = wanted.number
                    AND campaign_id IN (0, attempt.campaign_id) AND expires_at > $4
                OFFSET 0
            )
        RETURNING attempt.tenant_id, attempt.id AS attempt_id
        """,
        tenant_ids,
        ids,
        list(numbers),
        now,
        revisit_at,
        open_until,
        in_person_calls,
        list(revisions),
        sparse(list(caller_ids)),
        reserves,
    )
    return {CallReference(**row) for row in rows}


async def hand_back(
    conn: Connection, references: Sequence[CallReference], times: Sequence[datetime]
) -> None:
    """Let claimed attempts be published again at their times."""
    # Two dialers may hand back the same attempts, so each sorts them.
    ordered = sorted(zip(references, times, strict=True))
    await conn.execute(
        """
        UPDATE attempts AS attempt SET revisit_at = handed_back.at
        FROM unnest($1::integer[], $2::uuid[], $3::timestamptz[]) AS handed_back (tenant_id, id, at)
        WHERE attempt.tenant_id = handed_back.tenant_id AND attempt.id = handed_back.id
            AND attempt.state = 'claimed'
        """,
        *columns([reference for reference, _ in ordered]),
        [at for _, at in ordered],
    )


async def placed(
    conn: Connection,
    references: Sequence[CallReference],
    call_ids: Sequence[str],
    times: Sequence[datetime],
) -> None:
    """Note that the provider took the calls; an attempt that has ended meanwhile stays ended."""
    # A compare-and-set of another dialer also locks the rows that it loses, so each sorts them.
    ordered = sorted(zip(references, call_ids, times, strict=True))
    await conn.execute(
        """
        UPDATE attempts AS attempt
        SET state = 'placed', provider_call_id = call.call_id, placed_at = call.at
        FROM (
            SELECT tenant_id, id, call_id, at, 'dialing' AS from_state
            FROM unnest($1::integer[], $2::uuid[], $3::text[], $4::timestamptz[])
                AS input (tenant_id, id, call_id, at)
            -- Few attempts are `dialing` at once. OFFSET hides the state from the planner, so that
            -- a plan begins with the calls and not with a search for such attempts.
            OFFSET 0
        ) AS call
        WHERE attempt.tenant_id = call.tenant_id AND attempt.id = call.id
            AND attempt.state = call.from_state
        """,
        *columns([reference for reference, _, _ in ordered]),
        [call_id for _, call_id, _ in ordered],
        [at for _, _, at in ordered],
    )


async def played_flow(conn: Connection, reference: CallReference) -> PlayedFlow | None:
    """The tenant's flow that a call plays; None if it plays none, or there is no such attempt."""
    row = await conn.fetchrow(
        """
        SELECT terms.call_flow, terms.definition::jsonb ->> 'name' AS campaign_name,
            coalesce(attempt.phone, dialed.number, contact.phone) AS number, contact.external_id,
            contact.attributes::text AS attributes
        FROM attempts AS attempt
        JOIN contacts AS contact
            ON contact.tenant_id = attempt.tenant_id AND contact.id = attempt.contact_id
        LEFT JOIN LATERAL dialed_number(attempt.tenant_id, attempt.id) AS dialed
            ON attempt.phone IS NULL
        JOIN campaign_terms AS terms
            ON terms.tenant_id = attempt.tenant_id AND terms.id = attempt.campaign_id
        WHERE attempt.tenant_id = $1 AND attempt.id = $2 AND terms.call_flow IS NOT NULL
        """,
        *reference,
    )
    if row is None:
        return None
    return PlayedFlow(
        flow=CallFlowDefinition.stored(row["call_flow"]).call_flow(),
        known=texts.known_of(
            attributes(row["attributes"]),
            number=row["number"],
            external_id=row["external_id"],
            campaign_name=row["campaign_name"],
        ),
    )


async def is_of_trunk(conn: Connection, reference: CallReference, trunk_id: int) -> bool:
    """Whether the attempt exists and goes by this trunk."""
    answer: bool = await conn.fetchval(
        """
        SELECT EXISTS (
            SELECT FROM attempts AS attempt
            JOIN campaigns AS campaign
                ON campaign.tenant_id = attempt.tenant_id AND campaign.id = attempt.campaign_id
            WHERE attempt.tenant_id = $1 AND attempt.id = $2
                AND coalesce(attempt.trunk_id, campaign.trunk_id) = $3
        )
        """,
        *reference,
        trunk_id,
    )
    return answer


async def claim_unreported(
    conn: Connection, tenant_id: int, *, now: datetime, revisit_at: datetime, limit: int
) -> list[UnreportedAttempt]:
    """Dialed attempts of a tenant whose provider must be asked; no other dialer asks meanwhile."""
    rows = await conn.fetch(
        """
        UPDATE attempts AS attempt SET revisit_at = $3 FROM campaigns AS campaign
        WHERE attempt.tenant_id = $1 AND attempt.id IN (
            SELECT id FROM attempts
            WHERE tenant_id = $1 AND ended_at IS NULL
                AND state <> 'claimed' AND revisit_at <= $2
            ORDER BY revisit_at LIMIT $4 FOR UPDATE SKIP LOCKED
        ) AND campaign.tenant_id = $1 AND campaign.id = attempt.campaign_id
        RETURNING attempt.id, coalesce(attempt.trunk_id, campaign.trunk_id) AS trunk_id,
            attempt.state, attempt.dialing_at, attempt.provider_call_id, attempt.phone
        """,
        tenant_id,
        now,
        revisit_at,
        limit,
    )
    return [
        UnreportedAttempt(
            CallReference(tenant_id, row["id"]),
            row["trunk_id"],
            AttemptState(row["state"]),
            row["dialing_at"],
            row["provider_call_id"],
            row["phone"],
        )
        for row in rows
    ]
