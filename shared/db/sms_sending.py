"""sms_messages, as a dialer sends them: takes what is due, marks, keeps answers and reports.

Events queues the messages (shared/db/events/sms_messages.py).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from typing import NamedTuple

from asyncpg import Record

from shared.db import public_events
from shared.db.policies import Policies
from shared.db.rows import calling_group, columns, revision, suppressed_until
from shared.db.types import Connection
from shared.definitions.policy import CampaignPolicy
from shared.domain.campaigns import CampaignKey, WantedState
from shared.domain.places.calling_groups import CallingGroup
from shared.domain.sms import ENDED, SmsReference, SmsState
from shared.kafka.messages.public import SmsEnded


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DueSms:
    """A queued message with the facts that decide on it.

    `trunk_id` is that of its sender; None: the tenant has no active sender of this name.
    `group` is that of `number`, without a zone if the contact has this number no more.
    """

    reference: SmsReference
    campaign: CampaignKey
    policy: CampaignPolicy
    wanted_state: WantedState
    group: CallingGroup
    number: str
    sender: str
    trunk_id: int | None
    text: str
    tries: int
    expires_at: datetime
    suppressed_until: datetime | None

    @property
    def this_try(self) -> int:
        """The number of the try that begins when the message is marked."""
        return min(self.tries + 1, TRIES_MOST)


class SmsMove(NamedTuple):
    """The next state of a message, from an answer or a report.

    `next_try_at` only for a message that is queued again. `trunk_id` is the trunk that reports,
    `this_try` the try that is answered.
    """

    reference: SmsReference
    state: SmsState
    at: datetime
    reason: str | None = None
    next_try_at: datetime | None = None
    provider_message_id: str | None = None
    price: Decimal | None = None
    currency: str | None = None
    trunk_id: int | None = None
    this_try: int = 0


# Of a number of which nothing is known, so that no hour allows a message to it.
NO_PLACE = CallingGroup(zones=(), source="unknown", jurisdictions=(), jurisdiction_source="unknown")
# That of a smallint.
TRIES_MOST = 32_767
# In the order of locks (shared/db/locks.py).
_BY_REFERENCE = attrgetter("reference")


async def take_due(
    conn: Connection,
    policies: Policies,
    tenant_id: int,
    *,
    now: datetime,
    leased_until: datetime,
    limit: int,
) -> tuple[list[DueSms], datetime]:
    """Due messages, which no other dialer takes until `leased_until`; and PostgreSQL's clock.

    Campaigns take turns, each with its oldest first: many messages of one delay no other.
    """
    rows = await conn.fetch(
        """
        WITH RECURSIVE campaign AS (
            SELECT min(campaign_id) AS id FROM sms_messages
            WHERE tenant_id = $1 AND state = 'queued'
            UNION ALL
            SELECT (
                SELECT min(campaign_id) FROM sms_messages
                WHERE tenant_id = $1 AND state = 'queued' AND campaign_id > campaign.id
            ) FROM campaign WHERE campaign.id IS NOT NULL
        ), turns AS (
            SELECT oldest.id
            FROM campaign CROSS JOIN LATERAL (
                SELECT id, next_try_at, row_number() OVER (ORDER BY next_try_at) AS turn
                FROM sms_messages
                WHERE tenant_id = $1 AND campaign_id = campaign.id AND state = 'queued'
                    AND next_try_at <= $2
                ORDER BY next_try_at LIMIT $4
            ) AS oldest
            ORDER BY oldest.turn, oldest.next_try_at LIMIT $4
        ), due AS (
            SELECT id FROM sms_messages
            WHERE tenant_id = $1 AND id = ANY (ARRAY(SELECT id FROM turns))
                AND state = 'queued' AND next_try_at <= $2
            FOR UPDATE SKIP LOCKED
        ), taken AS (
            UPDATE sms_messages AS message SET next_try_at = $3
            FROM due WHERE message.tenant_id = $1 AND message.id = due.id
            RETURNING message.tenant_id, message.id, message.campaign_id, message.contact_id,
                message.attempt_id, message.sender, message.text, message.tries, message.expires_at
        )
        SELECT taken.tenant_id, taken.id AS message_id, taken.campaign_id, taken.sender, taken.text,
            taken.tries, taken.expires_at, coalesce(dialed.number, contact.phone) AS number,
            known.trunk_id, g.zones, g.source, g.jurisdictions, g.jurisdiction_source,
            g.number_zones, campaign.revision, campaign.rules_revision, campaign.wanted_state,
            suppression.until AS suppressed_until, clock_timestamp() AS at
        FROM taken
        JOIN contacts AS contact
            ON contact.tenant_id = taken.tenant_id AND contact.id = taken.contact_id
        LEFT JOIN LATERAL dialed_number(taken.tenant_id, taken.attempt_id) AS dialed ON true
        -- None of a number that the contact has no more: the hours of another say nothing of it.
        LEFT JOIN calling_groups AS g ON g.id =
            CASE WHEN dialed.number IS NULL OR dialed.number = contact.phone
                THEN contact.calling_group_id ELSE dialed.calling_group_id END
        JOIN campaign_terms AS campaign
            ON campaign.tenant_id = taken.tenant_id AND campaign.id = taken.campaign_id
        LEFT JOIN sms_senders AS known
            ON known.tenant_id = taken.tenant_id AND known.sender = taken.sender
            AND known.state = 'active'
        CROSS JOIN LATERAL suppressed_until(
            taken.tenant_id, taken.campaign_id, coalesce(dialed.number, contact.phone),
            statement_timestamp()
        ) AS suppression
        """,
        tenant_id,
        now,
        leased_until,
        limit,
    )
    if not rows:
        return [], now
    known = await policies.of(conn, {_campaign(row): revision(row) for row in rows})
    return [_due(row, known[_campaign(row)]) for row in rows], rows[0]["at"]


def _campaign(row: Record) -> CampaignKey:
    return CampaignKey(row["tenant_id"], row["campaign_id"])


def _due(row: Record, policy: CampaignPolicy) -> DueSms:
    return DueSms(
        reference=SmsReference(row["tenant_id"], row["message_id"]),
        campaign=_campaign(row),
        policy=policy,
        wanted_state=WantedState(row["wanted_state"]),
        group=NO_PLACE if row["zones"] is None else calling_group(row),
        number=row["number"],
        sender=row["sender"],
        trunk_id=row["trunk_id"],
        text=row["text"],
        tries=row["tries"],
        expires_at=row["expires_at"],
        suppressed_until=suppressed_until(row),
    )


async def mark_sending(
    conn: Connection,
    messages: Sequence[DueSms],
    *,
    now: datetime,
    leased_until: datetime,
    given_up_at: datetime,
) -> set[SmsReference]:
    """The compare-and-set before a message is sent: only here is it decided which are sent.

    It wins only while the lease of `take_due` holds, also if no other dialer took the message
    meanwhile: what was judged before may have changed. A pause, a suppression, an inactive sender,
    or a change of the campaign since the message was judged that is committed stops the message.
    A sender keeps when it first sent: from then on it cannot be deleted.
    """
    messages = sorted(messages, key=_BY_REFERENCE)
    rows = await conn.fetch(
        """
        WITH marked AS (
            UPDATE sms_messages AS message
            SET state = 'sending', sending_at = $7, next_try_at = $9, trunk_id = wanted.trunk_id,
                tries = wanted.this_try, reason = NULL
            FROM unnest(
                $1::integer[], $2::uuid[], $3::bigint[], $4::integer[], $5::text[], $6::text[],
                $10::smallint[]
            ) AS wanted (tenant_id, id, trunk_id, revision, number, sender, this_try)
            WHERE message.tenant_id = wanted.tenant_id AND message.id = wanted.id
                AND message.state = 'queued' AND message.next_try_at = $8 AND $7 < $8
                AND EXISTS (
                    SELECT FROM campaigns
                    WHERE tenant_id = message.tenant_id AND id = message.campaign_id
                        AND wanted_state = 'running' AND revision = wanted.revision
                )
                AND NOT EXISTS (
                    SELECT FROM suppressions
                    WHERE tenant_id = message.tenant_id AND number = wanted.number
                        AND campaign_id IN (0, message.campaign_id) AND expires_at > $7
                )
                AND EXISTS (
                    SELECT FROM sms_senders
                    WHERE tenant_id = message.tenant_id AND sender = wanted.sender
                        AND state = 'active' AND trunk_id = wanted.trunk_id
                )
            RETURNING message.tenant_id, message.id AS message_id, message.sender
        ), fresh AS (
            SELECT tenant_id, id FROM sms_senders
            WHERE (tenant_id, sender) IN (SELECT tenant_id, sender FROM marked)
                AND first_sent_at IS NULL
            -- In the order of locks (shared/db/locks.py).
            ORDER BY tenant_id, id FOR NO KEY UPDATE
        ), used AS (
            UPDATE sms_senders AS known SET first_sent_at = $7
            FROM fresh WHERE known.tenant_id = fresh.tenant_id AND known.id = fresh.id
        )
        SELECT tenant_id, message_id FROM marked
        """,
        *columns(sms.reference for sms in messages),
        [sms.trunk_id for sms in messages],
        [sms.policy.revision.campaign for sms in messages],
        [sms.number for sms in messages],
        [sms.sender for sms in messages],
        now,
        leased_until,
        given_up_at,
        [sms.this_try for sms in messages],
    )
    return {SmsReference(**row) for row in rows}


async def put_off(
    conn: Connection, waits: Sequence[SmsMove], *, leased_until: datetime
) -> list[SmsEnded]:
    """Let messages that were taken wait, or end them as failed before they were sent."""
    waits = sorted(waits, key=_BY_REFERENCE)
    rows = await conn.fetch(
        """
        UPDATE sms_messages AS message
        SET state = next.state, reason = next.reason, next_try_at = next.next_try_at,
            ended_at = CASE WHEN next.state = 'failed' THEN next.at END
        FROM unnest(
            $1::integer[], $2::uuid[], $3::text[], $4::timestamptz[], $5::text[], $6::timestamptz[]
        ) AS next (tenant_id, id, state, at, reason, next_try_at)
        WHERE message.tenant_id = next.tenant_id AND message.id = next.id
            AND message.state = 'queued' AND message.next_try_at = $7
        RETURNING message.tenant_id, message.id, message.campaign_id, message.contact_id,
            message.attempt_id, message.step, message.state, message.reason, message.ended_at,
            message.price, message.currency
        """,
        *columns(move.reference for move in waits),
        [move.state for move in waits],
        [move.at for move in waits],
        [move.reason for move in waits],
        [move.next_try_at for move in waits],
        leased_until,
    )
    return await _tell(conn, rows)


async def answered(conn: Connection, moves: Sequence[SmsMove]) -> list[SmsEnded]:
    """Keep the answers to the requests; a report that came before the answer stands.

    An answer may be kept twice, if the reply to the first commit is lost. It moves only the try
    that it answers: a later one may be under way, and would be sent again.
    """
    moves = sorted(moves, key=_BY_REFERENCE)
    rows = await conn.fetch(
        """
        UPDATE sms_messages AS message
        SET state = next.state, reason = next.reason, next_try_at = next.next_try_at,
            sent_at = CASE WHEN next.state = 'sent' THEN next.at END,
            ended_at = CASE WHEN next.state IN ('failed', 'unknown') THEN next.at END,
            sending_at = CASE WHEN next.state <> 'queued' THEN message.sending_at END,
            provider_message_id = next.provider_message_id
        FROM unnest(
            $1::integer[], $2::uuid[], $3::text[], $4::timestamptz[], $5::text[],
            $6::timestamptz[], $7::text[], $8::smallint[]
        ) AS next (tenant_id, id, state, at, reason, next_try_at, provider_message_id, this_try)
        WHERE message.tenant_id = next.tenant_id AND message.id = next.id
            AND message.state = 'sending' AND message.tries = next.this_try
        RETURNING message.tenant_id, message.id, message.campaign_id, message.contact_id,
            message.attempt_id, message.step, message.state, message.reason, message.ended_at,
            message.price, message.currency
        """,
        *columns(move.reference for move in moves),
        [move.state for move in moves],
        [move.at for move in moves],
        [move.reason for move in moves],
        [move.next_try_at for move in moves],
        [move.provider_message_id for move in moves],
        [move.this_try for move in moves],
    )
    return await _tell(conn, rows)


async def reported(conn: Connection, moves: Sequence[SmsMove]) -> list[SmsEnded]:
    """Keep the reports of a trunk, one for each message.

    The first end stands. One of a message that another trunk sent changes nothing.
    """
    moves = sorted(moves, key=_BY_REFERENCE)
    rows = await conn.fetch(
        """
        UPDATE sms_messages AS message
        SET state = next.state, reason = next.reason, next_try_at = NULL,
            sent_at = coalesce(message.sent_at, CASE WHEN next.state <> 'failed' THEN next.at END),
            ended_at = CASE WHEN next.state <> 'sent' THEN next.at END,
            provider_message_id = coalesce(message.provider_message_id, next.provider_message_id),
            price = coalesce(next.price, message.price),
            currency = coalesce(next.currency, message.currency)
        FROM unnest(
            $1::integer[], $2::uuid[], $3::text[], $4::timestamptz[], $5::text[], $6::text[],
            $7::numeric[], $8::text[], $9::bigint[]
        ) AS next (
            tenant_id, id, state, at, reason, provider_message_id, price, currency, trunk_id
        )
        WHERE message.tenant_id = next.tenant_id AND message.id = next.id
            AND message.trunk_id = next.trunk_id
            AND (
                message.state IN ('sending', 'unknown')
                OR message.state = 'sent' AND next.state <> 'sent'
            )
        RETURNING message.tenant_id, message.id, message.campaign_id, message.contact_id,
            message.attempt_id, message.step, message.state, message.reason, message.ended_at,
            message.price, message.currency
        """,
        *columns(move.reference for move in moves),
        [move.state for move in moves],
        [move.at for move in moves],
        [move.reason for move in moves],
        [move.provider_message_id for move in moves],
        [move.price for move in moves],
        [move.currency for move in moves],
        [move.trunk_id for move in moves],
    )
    return await _tell(conn, rows)


async def give_up(
    conn: Connection, tenant_id: int, *, now: datetime, reason: str
) -> list[SmsEnded]:
    """The messages whose dialer has died before it kept an answer: they may have been sent.

    Not by a clock that is ahead of PostgreSQL's: their dialers may be alive.
    """
    rows = await conn.fetch(
        """
        UPDATE sms_messages AS message
        SET state = 'unknown', reason = $3, next_try_at = NULL, ended_at = $2
        WHERE message.tenant_id = $1 AND message.id IN (
            SELECT id FROM sms_messages
            WHERE tenant_id = $1 AND state = 'sending'
                AND next_try_at <= least($2, statement_timestamp())
            FOR UPDATE SKIP LOCKED
        )
        RETURNING message.tenant_id, message.id, message.campaign_id, message.contact_id,
            message.attempt_id, message.step, message.state, message.reason, message.ended_at,
            message.price, message.currency
        """,
        tenant_id,
        now,
        reason,
    )
    return await _tell(conn, rows)


async def suppress(conn: Connection, references: Collection[SmsReference]) -> None:
    """Suppress the numbers of people whose carrier knows that they want no messages."""
    await conn.execute(
        """
        INSERT INTO suppressions (tenant_id, number, reason)
        SELECT DISTINCT message.tenant_id, coalesce(dialed.number, contact.phone), 'opt_out'
        FROM unnest($1::integer[], $2::uuid[]) AS reference (tenant_id, id)
        JOIN sms_messages AS message
            ON message.tenant_id = reference.tenant_id AND message.id = reference.id
        JOIN contacts AS contact
            ON contact.tenant_id = message.tenant_id AND contact.id = message.contact_id
        LEFT JOIN LATERAL dialed_number(message.tenant_id, message.attempt_id) AS dialed ON true
        -- In the order of locks (shared/db/locks.py).
        ORDER BY 1, 2
        ON CONFLICT (tenant_id, number, campaign_id) DO UPDATE
            SET reason = excluded.reason, expires_at = 'infinity'
        """,
        *columns(references),
    )


async def suppress_reply(conn: Connection, *, trunk_id: int, sender: str, number: str) -> None:
    """Suppress a number in all campaigns of the tenants that send by this sender of the trunk."""
    await conn.execute(
        """
        INSERT INTO suppressions (tenant_id, number, reason)
        SELECT tenant.id, $3, 'opt_out' FROM tenants AS tenant
        WHERE EXISTS (
            SELECT FROM sms_senders
            WHERE tenant_id = tenant.id AND sender = $2 AND trunk_id = $1
        )
        -- In the order of locks (shared/db/locks.py).
        ORDER BY 1
        ON CONFLICT (tenant_id, number, campaign_id) DO UPDATE
            SET reason = excluded.reason, expires_at = 'infinity'
        """,
        trunk_id,
        sender,
        number,
    )


async def _tell(conn: Connection, rows: Sequence[Record]) -> list[SmsEnded]:
    """Add the public events of messages that have ended, and return them."""
    events = [public_events.sms_ended(row) for row in rows if SmsState(row["state"]) in ENDED]
    await public_events.add(conn, events)
    return events
