"""Queries on the calls of events, for webhooks whose bodies say more than the event. Events reads.

A public event has no phone number, so a body with one is made when it is posted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from asyncpg import Record

from shared.db import rows
from shared.db.types import Connection
from shared.domain.calls import CallFacts
from shared.domain.outcomes import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedRecord:
    """What is recorded of a call that has ended."""

    attempt_id: UUID
    caller_id: str | None
    number: str
    trunk: str
    dialing_at: datetime
    ended_at: datetime
    outcome: Outcome
    facts: CallFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class EventCall:
    """The contact of an event as it is now, and the call that the event tells of, if it had one.

    `requested_at` is that of a single call; `outcome` is the contact's, once it is finished;
    `attributes` is JSON.
    """

    contact_id: int
    campaign_caller_id: str | None
    number: str
    requested_at: datetime | None
    outcome: Outcome | None
    attributes: str | None
    record: EndedRecord | None


async def of(
    conn: Connection, events: Sequence[tuple[int, int, UUID | None]]
) -> list[EventCall | None]:
    """For each tenant, contact and attempt; None: the contact is not kept."""
    records = await conn.fetch(
        """
        SELECT event.place, contact.id AS contact_id, contact.requested_at,
            -- Of several numbers the one that was dialed: the contact may have gone on since.
            CASE WHEN contact.next_number IS NULL OR record.number IS NULL THEN contact.phone
                ELSE record.number END AS number,
            contact.outcome AS contact_outcome, contact.attributes,
            campaign.caller_id AS campaign_caller_id,
            record.attempt_id, record.caller_id, record.dialing_at, record.ended_at,
            record.outcome, record.facts, trunk.name AS trunk
        FROM unnest($1::integer[], $2::bigint[], $3::uuid[]) WITH ORDINALITY
            AS event (tenant_id, contact_id, attempt_id, place)
        JOIN contacts AS contact
            ON contact.tenant_id = event.tenant_id AND contact.id = event.contact_id
        JOIN campaigns AS campaign
            ON campaign.tenant_id = contact.tenant_id AND campaign.id = contact.campaign_id
        LEFT JOIN call_records AS record
            ON record.tenant_id = event.tenant_id AND record.attempt_id = event.attempt_id
            AND record.ended_at IS NOT NULL
        LEFT JOIN trunks AS trunk ON trunk.id = record.trunk_id
        """,
        [tenant_id for tenant_id, _, _ in events],
        [contact_id for _, contact_id, _ in events],
        [attempt_id for _, _, attempt_id in events],
    )
    found = {record["place"] - 1: _call(record) for record in records}
    return [found.get(place) for place in range(len(events))]


def _call(row: Record) -> EventCall:
    record = None
    if row["attempt_id"] is not None:
        record = EndedRecord(
            attempt_id=row["attempt_id"],
            caller_id=row["caller_id"] or row["campaign_caller_id"],
            number=row["number"],
            trunk=row["trunk"] or "",
            dialing_at=row["dialing_at"],
            ended_at=row["ended_at"],
            outcome=Outcome(row["outcome"]),
            facts=rows.call_facts(row),
        )
    outcome = row["contact_outcome"]
    return EventCall(
        contact_id=row["contact_id"],
        campaign_caller_id=row["campaign_caller_id"],
        number=row["number"],
        requested_at=row["requested_at"],
        outcome=None if outcome is None else Outcome(outcome),
        attributes=row["attributes"],
        record=record,
    )
