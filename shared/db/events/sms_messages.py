"""sms_messages, as events queues them. The dialer sends them (shared/db/sms_sending.py)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from asyncpg import Record
from uuid_utils.compat import uuid7

from shared.db import public_events, rows
from shared.db.types import Connection
from shared.domain.attempts import CallReference
from shared.domain.call_flows import texts
from shared.domain.call_flows.flow import Variable
from shared.domain.campaigns import CampaignKey
from shared.domain.policy.sms import SmsPolicy
from shared.domain.reasons import Reason
from shared.domain.sms import SmsState
from shared.kafka.messages.public import SmsEnded


class WantedSms(NamedTuple):
    """A message to queue, whose text still has its variables; `step` is '' without one."""

    reference: CallReference
    campaign: CampaignKey
    contact_id: int
    step: str
    text: str
    variables: Mapping[str, Variable]
    campaign_name: str
    policy: SmsPolicy


class _Queued(NamedTuple):
    wanted: WantedSms
    text: str
    state: SmsState
    expires_at: datetime


async def queue(conn: Connection, wanted: Sequence[WantedSms], *, now: datetime) -> list[SmsEnded]:
    """Queue the messages, each with its text as it will be sent; one that was queued before stays.

    A contact without a variable, which an edit may have added since its call, gets no message: it
    is kept as failed. Returns the events of these.
    """
    contacts = await _contacts(conn, {sms.reference: sms.contact_id for sms in wanted})
    queued = [_queued(sms, contacts[sms.reference], now=now) for sms in wanted]
    records = await conn.fetch(
        """
        INSERT INTO sms_messages (
            tenant_id, attempt_id, id, campaign_id, contact_id, step, sender, text, state, reason,
            queued_at, expires_at, next_try_at, ended_at
        )
        SELECT tenant_id, attempt_id, id, campaign_id, contact_id, step, sender, text, state,
            CASE WHEN state = 'failed' THEN $11 END, $12::timestamptz, expires_at,
            CASE WHEN state = 'queued' THEN $12::timestamptz END,
            CASE WHEN state = 'failed' THEN $12::timestamptz END
        FROM unnest(
            $1::integer[], $2::uuid[], $3::uuid[], $4::bigint[], $5::bigint[], $6::text[],
            $7::text[], $8::text[], $9::text[], $10::timestamptz[]
        ) AS wanted (
            tenant_id, attempt_id, id, campaign_id, contact_id, step, sender, text, state,
            expires_at
        )
        -- An insert that meets the key of a row waits for the transaction that changes it, which
        -- may wait for the head of the tenant's events, which this one holds.
        WHERE NOT EXISTS (
            SELECT FROM sms_messages AS queued
            WHERE queued.tenant_id = wanted.tenant_id AND queued.attempt_id = wanted.attempt_id
                AND queued.step = wanted.step
        )
        ON CONFLICT (tenant_id, attempt_id, step) DO NOTHING
        RETURNING tenant_id, id, campaign_id, contact_id, attempt_id, step, state, reason, ended_at,
            price, currency
        """,
        *rows.columns(sms.wanted.reference for sms in queued),
        [uuid7() for _ in queued],
        [sms.wanted.campaign.campaign_id for sms in queued],
        [sms.wanted.contact_id for sms in queued],
        [sms.wanted.step for sms in queued],
        [sms.wanted.policy.sender for sms in queued],
        [sms.text for sms in queued],
        [sms.state for sms in queued],
        [sms.expires_at for sms in queued],
        Reason.MISSING_VARIABLE,
        now,
    )
    return [public_events.sms_ended(row) for row in records if row["ended_at"] is not None]


async def _contacts(
    conn: Connection, called: Mapping[CallReference, int]
) -> dict[CallReference, Record]:
    """The contacts of these calls, each with the number that was dialed."""
    records = await conn.fetch(
        """
        SELECT wanted.tenant_id, wanted.attempt_id,
            coalesce(dialed.number, contact.phone) AS number, contact.external_id,
            contact.attributes::text AS attributes, contact.expires_at
        FROM unnest($1::integer[], $2::uuid[], $3::bigint[])
            AS wanted (tenant_id, attempt_id, contact_id)
        JOIN contacts AS contact
            ON contact.tenant_id = wanted.tenant_id AND contact.id = wanted.contact_id
        LEFT JOIN LATERAL dialed_number(wanted.tenant_id, wanted.attempt_id) AS dialed ON true
        """,
        *rows.columns(called),
        list(called.values()),
    )
    return {CallReference(row["tenant_id"], row["attempt_id"]): row for row in records}


def _queued(sms: WantedSms, contact: Record, *, now: datetime) -> _Queued:
    expires_at = now + sms.policy.valid_for
    if contact["expires_at"] is not None:
        expires_at = min(expires_at, contact["expires_at"])
    known = texts.known_of(
        rows.attributes(contact["attributes"]),
        number=contact["number"],
        external_id=contact["external_id"],
        campaign_name=sms.campaign_name,
    )
    try:
        text = texts.rendered_text(sms.text, texts.with_defaults(sms.variables, known))
    except texts.UnknownVariableError:
        return _Queued(sms, sms.text, SmsState.FAILED, expires_at)
    return _Queued(sms, text, SmsState.QUEUED, expires_at)
