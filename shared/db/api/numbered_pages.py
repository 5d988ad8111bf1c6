"""Pages by their numbers, for clients that name a page and want to know how many rows there are.

Each reads and counts all rows of its filter; lists with cursors do not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import asyncpg

from shared.db.api.call_records import CallRecord, record_of
from shared.db.api.campaigns import Campaign, campaign_of
from shared.db.types import Connection
from shared.domain.campaigns import CampaignKey
from shared.domain.outcomes import Outcome


class PageNumber(NamedTuple):
    """From 1 on."""

    page: int
    per_page: int

    @property
    def place(self) -> tuple[int, int]:
        """The limit and the offset of its rows."""
        return self.per_page, (self.page - 1) * self.per_page


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberedCampaign:
    """A campaign with the id of the agent that it names."""

    campaign: Campaign
    agent_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberedCall:
    """A call with the id of its campaign's agent, and the contact's attributes as JSON."""

    record: CallRecord
    agent_id: int | None
    attributes: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingCallback:
    """A contact that was called and will be again, or that asked for it.

    `last_outcome` is that of its last attempt; `attributes` is JSON.
    """

    contact_id: int
    number: str
    attributes: str | None
    attempts: int
    at: datetime
    waits_for: str | None
    last_outcome: Outcome | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberedCallFilter:
    """The calls that are wanted; None wants all. They began at `since` or later, before `until`."""

    campaign_id: int | None = None
    agent_id: int | None = None
    outcomes: Sequence[Outcome] | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def values(self) -> tuple[object, ...]:
        outcomes = None if self.outcomes is None else list(self.outcomes)
        return self.campaign_id, self.agent_id, outcomes, self.since, self.until


async def campaigns(
    conn: Connection,
    *,
    tenant_id: int,
    state: str | None,
    wanted_state: str | None,
    agent_id: int | None,
    page: PageNumber,
) -> tuple[list[NumberedCampaign], int]:
    """Newest first. `wanted_state` is that of campaigns that are not completed."""
    wanted = tenant_id, state, wanted_state, agent_id
    total: int = await conn.fetchval(
        """
        SELECT count(*) FROM campaigns
        WHERE tenant_id = $1 AND ($2::text IS NULL OR state = $2)
            AND ($3::text IS NULL
                OR wanted_state = $3 AND state <> 'completed')
            AND ($4::bigint IS NULL OR agent_id = $4)
        """,
        *wanted,
    )
    records = await conn.fetch(
        """
        SELECT id, name, state, wanted_state, created_at, started_at, ended_at, definition,
            call_flow_version, agent_id
        FROM campaigns
        WHERE tenant_id = $1 AND ($2::text IS NULL OR state = $2)
            AND ($3::text IS NULL
                OR wanted_state = $3 AND state <> 'completed')
            AND ($4::bigint IS NULL OR agent_id = $4)
        ORDER BY id DESC LIMIT $5 OFFSET $6
        """,
        *wanted,
        *page.place,
    )
    return [_campaign(record) for record in records], total


async def campaign(conn: Connection, campaign: CampaignKey) -> NumberedCampaign | None:
    record = await conn.fetchrow(
        """
        SELECT id, name, state, wanted_state, created_at, started_at, ended_at, definition,
            call_flow_version, agent_id
        FROM campaigns WHERE tenant_id = $1 AND id = $2
        """,
        *campaign,
    )
    return None if record is None else _campaign(record)


async def calls(
    conn: Connection, *, tenant_id: int, wanted: NumberedCallFilter, page: PageNumber
) -> tuple[list[NumberedCall], int]:
    """Calls that have ended, the last one first.

    The caller's transaction begins with `call_records.plan_by_values`.
    """
    total: int = await conn.fetchval(
        """
        SELECT count(*) FROM call_records AS call
        WHERE call.tenant_id = $1 AND call.position > 0
            AND ($2::bigint IS NULL OR call.campaign_id = $2)
            AND ($3::bigint IS NULL OR call.campaign_id IN (
                SELECT id FROM campaigns WHERE tenant_id = $1 AND agent_id = $3
            ))
            AND ($4::text[] IS NULL OR call.outcome = ANY ($4))
            AND ($5::timestamptz IS NULL OR call.dialing_at >= $5)
            AND ($6::timestamptz IS NULL OR call.dialing_at < $6)
        """,
        tenant_id,
        *wanted.values,
    )
    records = await conn.fetch(
        """
        SELECT call.attempt_id, call.position, call.version, call.campaign_id, call.contact_id,
            call.trunk_id, call.number, call.caller_id, call.attempt_number, call.dialing_at,
            call.ended_at, call.outcome, call.provider_call_id, call.facts,
            campaign.agent_id, contact.attributes
        FROM call_records AS call
        JOIN campaigns AS campaign
            ON campaign.tenant_id = $1 AND campaign.id = call.campaign_id
        LEFT JOIN contacts AS contact
            ON contact.tenant_id = $1 AND contact.id = call.contact_id
        WHERE call.tenant_id = $1 AND call.position > 0
            AND ($2::bigint IS NULL OR call.campaign_id = $2)
            AND ($3::bigint IS NULL OR call.campaign_id IN (
                SELECT id FROM campaigns WHERE tenant_id = $1 AND agent_id = $3
            ))
            AND ($4::text[] IS NULL OR call.outcome = ANY ($4))
            AND ($5::timestamptz IS NULL OR call.dialing_at >= $5)
            AND ($6::timestamptz IS NULL OR call.dialing_at < $6)
        ORDER BY call.position DESC LIMIT $7 OFFSET $8
        """,
        tenant_id,
        *wanted.values,
        *page.place,
    )
    return [_call(record) for record in records], total


async def call(conn: Connection, *, tenant_id: int, record: CallRecord) -> NumberedCall:
    """What a page has of a call beside its record."""
    row = await conn.fetchrow(
        """
        SELECT campaign.agent_id, contact.attributes
        FROM campaigns AS campaign
        LEFT JOIN contacts AS contact ON contact.tenant_id = $1 AND contact.id = $3
        WHERE campaign.tenant_id = $1 AND campaign.id = $2
        """,
        tenant_id,
        record.campaign_id,
        record.contact_id,
    )
    agent_id, attributes = (None, None) if row is None else (row["agent_id"], row["attributes"])
    return NumberedCall(record=record, agent_id=agent_id, attributes=attributes)


async def callbacks(
    conn: Connection, campaign: CampaignKey, page: PageNumber
) -> list[PendingCallback]:
    """The earliest first. Contacts that have no time yet are not read, by the index of due ones."""
    records = await conn.fetch(
        """
        WITH waiting AS (
            SELECT contact.* FROM campaign_groups AS own
            CROSS JOIN LATERAL (
                SELECT id, phone AS number, attributes, attempts, not_before, waits_for
                FROM contacts
                WHERE tenant_id = $1 AND calling_group_id = own.calling_group_id
                    AND campaign_id = $2 AND state = 'pending' AND not_before > '-infinity'
                    AND (attempts > 0 OR waits_for = 'callback')
            ) AS contact
            WHERE own.tenant_id = $1 AND own.campaign_id = $2
            ORDER BY contact.not_before, contact.id LIMIT $3 OFFSET $4
        )
        SELECT waiting.id AS contact_id, waiting.number, waiting.attributes, waiting.attempts,
            waiting.not_before AS at, waiting.waits_for, (
                SELECT outcome FROM attempts
                WHERE tenant_id = $1 AND contact_id = waiting.id AND ended_at IS NOT NULL
                    AND outcome IS NOT NULL
                ORDER BY id DESC LIMIT 1
            ) AS last_outcome
        FROM waiting ORDER BY waiting.not_before, waiting.id
        """,
        *campaign,
        *page.place,
    )
    return [_callback(record) for record in records]


async def count_callbacks(conn: Connection, campaign: CampaignKey) -> int:
    count: int = await conn.fetchval(
        """
        SELECT count(*) FROM campaign_groups AS own
        CROSS JOIN LATERAL (
            SELECT FROM contacts
            WHERE tenant_id = $1 AND calling_group_id = own.calling_group_id
                AND campaign_id = $2 AND state = 'pending' AND not_before > '-infinity'
                AND (attempts > 0 OR waits_for = 'callback')
        ) AS contact
        WHERE own.tenant_id = $1 AND own.campaign_id = $2
        """,
        *campaign,
    )
    return count


def _campaign(record: asyncpg.Record) -> NumberedCampaign:
    values = dict(record)
    agent_id = values.pop("agent_id")
    return NumberedCampaign(campaign=campaign_of(values), agent_id=agent_id)


def _call(record: asyncpg.Record) -> NumberedCall:
    return NumberedCall(
        record=record_of(record), agent_id=record["agent_id"], attributes=record["attributes"]
    )


def _callback(record: asyncpg.Record) -> PendingCallback:
    values = dict(record)
    outcome = values.pop("last_outcome")
    return PendingCallback(**values, last_outcome=None if outcome is None else Outcome(outcome))
