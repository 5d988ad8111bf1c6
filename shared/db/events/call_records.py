"""call_records: a row per call, added at its end and corrected by what comes later. Events writes.

Its functions are for a transaction that holds the tenants' rows of event_heads, which
`reserve` locks: two transactions never write records of one tenant at the same time, and positions
are in commit order. So a reader that goes on behind the last position it saw misses no record.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import count
from typing import NamedTuple

from shared.db import rows
from shared.db.types import Connection
from shared.domain.attempts import CallReference
from shared.domain.call_records import KeptReport
from shared.domain.calls import CallFacts, CallState
from shared.domain.campaigns import CampaignKey
from shared.domain.outcomes import Outcome
from shared.domain.spend import Reserve, charged


class EndedRecord(NamedTuple):
    """A call that has just ended, with the facts that its end told."""

    reference: CallReference
    position: int
    campaign_id: int
    trunk_id: int
    number: str
    dialing_at: datetime
    ended_at: datetime
    outcome: Outcome
    provider_call_id: str | None
    facts: CallFacts
    reserve: Reserve | None = None

    @property
    def charged(self) -> Reserve | None:
        """What the call counts with under its spend ceilings, if it has any."""
        return self.reserve and charged(self.facts, self.outcome, self.reserve)

    @property
    def report(self) -> KeptReport:
        return KeptReport(
            state=CallState.ENDED, at=self.ended_at, outcome=self.outcome, facts=self.facts.told
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecord:
    """A record as it is; without an outcome its call is up."""

    campaign_id: int
    contact_id: int
    trunk_id: int
    number: str
    dialing_at: datetime
    outcome: Outcome | None
    facts: CallFacts
    charged: Reserve | None
    reports: tuple[KeptReport, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectedRecord:
    """The next reports and facts of a record, and its next position unless it keeps the old one.

    With `end` its call has ended by now; `is_correction` counts as one after the end.
    `new_stages` are the steps of its call flow that were not known before.
    """

    reference: CallReference
    campaign_id: int
    contact_id: int
    reports: tuple[KeptReport, ...]
    facts: CallFacts
    new_stages: tuple[str, ...] = ()
    position: int | None = None
    end: EndedRecord | None = None
    charged: Reserve | None = None
    is_correction: bool = False

    @property
    def campaign(self) -> CampaignKey:
        return CampaignKey(self.reference.tenant_id, self.campaign_id)


async def reserve(conn: Connection, counts: Mapping[int, int]) -> dict[int, Iterator[int]]:
    """The next positions of each tenant, as many as are asked for; its row stays locked."""
    tenants = sorted(counts.items())
    records = await conn.fetch(
        """
        -- In the order of locks (shared/db/locks.py).
        INSERT INTO event_heads (tenant_id, last, last_call)
        SELECT tenant_id, 0, calls FROM unnest($1::integer[], $2::bigint[])
            AS batch (tenant_id, calls)
        -- A report may name a tenant that does not exist.
        WHERE EXISTS (SELECT FROM tenants WHERE id = batch.tenant_id)
        ORDER BY tenant_id
        ON CONFLICT (tenant_id) DO UPDATE SET last_call = event_heads.last_call + excluded.last_call
        RETURNING tenant_id, last_call
        """,
        [tenant_id for tenant_id, _ in tenants],
        [calls for _, calls in tenants],
    )
    return {
        row["tenant_id"]: count(row["last_call"] - counts[row["tenant_id"]] + 1) for row in records
    }


async def add(conn: Connection, ended: Sequence[EndedRecord]) -> set[CallReference]:
    """Add the records; return those that were added. A call that was told of before has its own.

    Most of a record stands in the attempt, which has ended in the same transaction.
    """
    records = await conn.fetch(
        """
        INSERT INTO call_records (
            tenant_id, attempt_id, position, campaign_id, contact_id, trunk_id, attempt_number,
            number, dialing_at, ended_at, outcome, provider_call_id, facts, caller_id, charged,
            charged_currency
        )
        SELECT attempt.tenant_id, attempt.id, ended.position, attempt.campaign_id,
            attempt.contact_id, ended.trunk_id, attempt.number, ended.number,
            coalesce(attempt.dialing_at, attempt.ended_at), attempt.ended_at, attempt.outcome,
            attempt.provider_call_id, coalesce(ended.facts::jsonb, '{}'), attempt.caller_id,
            ended.charged, ended.currency
        FROM unnest(
            $1::integer[], $2::uuid[], $3::bigint[], $4::bigint[], $5::text[], $6::text[],
            $7::numeric[], $8::text[]
        ) AS ended (tenant_id, id, position, trunk_id, number, facts, charged, currency)
        -- OFFSET 0 keeps the calls outside, so each is a look-up by primary key.
        CROSS JOIN LATERAL (
            SELECT tenant_id, id, campaign_id, contact_id, number, dialing_at, ended_at, outcome,
                provider_call_id, caller_id
            FROM attempts
            WHERE tenant_id = ended.tenant_id AND id = ended.id AND ended_at IS NOT NULL
            OFFSET 0
        ) AS attempt
        -- No other transaction adds one meanwhile.
        WHERE NOT EXISTS (
            SELECT FROM call_records AS record
            WHERE record.tenant_id = attempt.tenant_id AND record.attempt_id = attempt.id
            OFFSET 0
        )
        RETURNING tenant_id, attempt_id
        """,
        *rows.columns(record.reference for record in ended),
        [record.position for record in ended],
        [record.trunk_id for record in ended],
        [record.number for record in ended],
        rows.sparse([_json(record.facts) if record.facts else None for record in ended]),
        *_charged([record.charged for record in ended]),
    )
    return {CallReference(**row) for row in records}


async def begin(conn: Connection, references: Collection[CallReference]) -> None:
    """Add a record for each of these calls that is up and has none."""
    await conn.execute(
        """
        INSERT INTO call_records (
            tenant_id, attempt_id, campaign_id, contact_id, trunk_id, attempt_number, number,
            dialing_at, provider_call_id, caller_id, reports
        )
        SELECT attempt.tenant_id, attempt.id, attempt.campaign_id, attempt.contact_id,
            coalesce(attempt.trunk_id, campaign.trunk_id), attempt.number,
            coalesce(attempt.phone, contact.phone),
            attempt.dialing_at, attempt.provider_call_id, attempt.caller_id, '[]'
        FROM unnest($1::integer[], $2::uuid[]) AS reference (tenant_id, id)
        -- OFFSET 0 keeps the references outside, so each is a look-up by primary key.
        CROSS JOIN LATERAL (
            SELECT tenant_id, id, campaign_id, contact_id, trunk_id, number, dialing_at,
                provider_call_id, caller_id, phone
            FROM attempts
            WHERE tenant_id = reference.tenant_id AND id = reference.id
                AND state IN ('dialing', 'placed')
            OFFSET 0
        ) AS attempt
        JOIN campaigns AS campaign
            ON campaign.tenant_id = attempt.tenant_id AND campaign.id = attempt.campaign_id
        JOIN contacts AS contact
            ON contact.tenant_id = attempt.tenant_id AND contact.id = attempt.contact_id
        ON CONFLICT DO NOTHING
        """,
        *rows.columns(references),
    )


async def find(
    conn: Connection, references: Collection[CallReference]
) -> dict[CallReference, StoredRecord]:
    """The records of these calls."""
    records = await conn.fetch(
        """
        SELECT record.tenant_id, record.attempt_id, record.campaign_id, record.contact_id,
            record.trunk_id, record.number, record.dialing_at, record.ended_at, record.outcome,
            record.facts, record.charged, record.charged_currency, record.reports
        FROM unnest($1::integer[], $2::uuid[]) AS reference (tenant_id, attempt_id)
        JOIN call_records AS record
            ON record.tenant_id = reference.tenant_id AND record.attempt_id = reference.attempt_id
        """,
        *rows.columns(references),
    )
    return {
        CallReference(row["tenant_id"], row["attempt_id"]): StoredRecord(
            campaign_id=row["campaign_id"],
            contact_id=row["contact_id"],
            trunk_id=row["trunk_id"],
            number=row["number"],
            dialing_at=row["dialing_at"],
            outcome=None if row["outcome"] is None else Outcome(row["outcome"]),
            facts=rows.call_facts(row),
            charged=None
            if row["charged"] is None
            else Reserve(row["charged"], row["charged_currency"]),
            reports=rows.call_reports(row),
        )
        for row in records
    }


async def correct(conn: Connection, corrected: Sequence[CorrectedRecord]) -> None:
    ends = [record.end for record in corrected]
    await conn.execute(
        """
        UPDATE call_records AS record
        SET facts = next.facts::jsonb, reports = next.reports::jsonb,
            version = least(record.version + next.corrections, 32767),
            position = coalesce(next.position, record.position),
            ended_at = coalesce(next.ended_at, record.ended_at),
            outcome = coalesce(next.outcome, record.outcome),
            provider_call_id = coalesce(next.provider_call_id, record.provider_call_id),
            charged = coalesce(next.charged, record.charged),
            charged_currency = coalesce(next.currency, record.charged_currency)
        FROM unnest(
            $1::integer[], $2::uuid[], $3::text[], $4::text[], $5::integer[], $6::bigint[],
            $7::timestamptz[], $8::text[], $9::text[], $10::numeric[], $11::text[]
        ) AS next (
            tenant_id, attempt_id, facts, reports, corrections, position, ended_at, outcome,
            provider_call_id, charged, currency
        )
        WHERE record.tenant_id = next.tenant_id AND record.attempt_id = next.attempt_id
        """,
        *rows.columns(record.reference for record in corrected),
        [_json(record.facts) for record in corrected],
        [
            rows.REPORTS.dump_json(record.reports, exclude_defaults=True).decode()
            for record in corrected
        ],
        [int(record.is_correction) for record in corrected],
        [record.position for record in corrected],
        [end and end.ended_at for end in ends],
        [end and end.outcome for end in ends],
        [end and end.provider_call_id for end in ends],
        *_charged([record.charged for record in corrected]),
    )


def _charged(
    amounts: Sequence[Reserve | None],
) -> tuple[list[Decimal | None] | None, list[str | None] | None]:
    """As two columns."""
    return (
        rows.sparse([own and own.amount for own in amounts]),
        rows.sparse([own and own.currency for own in amounts]),
    )


def _json(facts: CallFacts) -> str:
    return rows.FACTS.dump_json(facts, exclude_defaults=True).decode()
