"""Queries on text messages for their owner; all only read."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from asyncpg import Record

from shared.db.types import Connection
from shared.domain.sms import SmsState


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsMessage:
    """`step` is the step of the call flow that sends it; None: it follows the outcome."""

    id: UUID
    campaign_id: int
    contact_id: int
    attempt_id: UUID
    step: str | None
    sender: str
    text: str
    state: SmsState
    reason: str | None
    queued_at: datetime
    expires_at: datetime
    sent_at: datetime | None
    ended_at: datetime | None
    provider_message_id: str | None
    price: Decimal | None
    currency: str | None


def _message(record: Record) -> SmsMessage:
    return SmsMessage(**{**record, "state": SmsState(record["state"])})


async def page(
    conn: Connection,
    *,
    tenant_id: int,
    campaign_id: int | None,
    contact_id: int | None,
    before: UUID | None,
    limit: int,
) -> list[SmsMessage]:
    """The messages of a tenant, or of one campaign or contact of it, newest first."""
    records = await conn.fetch(
        """
        SELECT id, campaign_id, contact_id, attempt_id, NULLIF(step, '') AS step, sender, text,
            state, reason, queued_at, expires_at, sent_at, ended_at, provider_message_id, price,
            currency
        FROM sms_messages
        WHERE tenant_id = $1 AND ($2::bigint IS NULL OR campaign_id = $2)
            AND ($3::bigint IS NULL OR contact_id = $3) AND ($4::uuid IS NULL OR id < $4)
        ORDER BY id DESC LIMIT $5
        """,
        tenant_id,
        campaign_id,
        contact_id,
        before,
        limit,
    )
    return [_message(record) for record in records]


async def of_attempt(conn: Connection, *, tenant_id: int, attempt_id: UUID) -> list[SmsMessage]:
    """Oldest first; a call has at most one for each step of its flow, and one for its outcome."""
    records = await conn.fetch(
        """
        SELECT id, campaign_id, contact_id, attempt_id, NULLIF(step, '') AS step, sender, text,
            state, reason, queued_at, expires_at, sent_at, ended_at, provider_message_id, price,
            currency
        FROM sms_messages WHERE tenant_id = $1 AND attempt_id = $2 ORDER BY id
        """,
        tenant_id,
        attempt_id,
    )
    return [_message(record) for record in records]
