"""public_events, event_heads and the insert into webhook_deliveries: each public event, once.

The api, the scheduler, the dialer and events add events in the transaction of the fact. An event is
numbered within its tenant and kept for a while; each endpoint that wants it gets a delivery.
"""

from collections import Counter
from collections.abc import Sequence

from asyncpg import Record

from shared.db.types import Connection
from shared.domain.sms import SmsState
from shared.kafka.messages.facts import PriceData
from shared.kafka.messages.public import PublicEvent, SmsEnded, SmsEndedData


async def add(conn: Connection, events: Sequence[PublicEvent]) -> None:
    """The last statement of a transaction: it locks the heads of the tenants until the commit.

    So the positions of a tenant are gapless and in commit order, and a reader that goes on behind
    the last position it saw never misses an event. A sequence cannot do that: a smaller number may
    be committed later. Order per key is commit order as well.
    """
    if not events:
        return
    counts = sorted(Counter(event.data.tenant_id for event in events).items())
    await conn.execute(
        """
        WITH head AS (
            -- Reserves the positions, in the order of locks (shared/db/locks.py).
            INSERT INTO event_heads (tenant_id, last)
            SELECT tenant_id, events FROM unnest($1::integer[], $2::bigint[])
                AS batch (tenant_id, events)
            ON CONFLICT (tenant_id) DO UPDATE SET last = event_heads.last + excluded.last
            RETURNING tenant_id, last, clock_timestamp() AS at
        ), event AS (
            SELECT tenant_id, head.last - behind AS position, head.at, campaign_id, id, type, topic,
                key, payload
            FROM unnest(
                $3::integer[], $4::integer[], $5::bigint[], $6::uuid[], $7::text[], $8::text[],
                $9::text[], $10::bytea[]
            ) AS batch (tenant_id, behind, campaign_id, id, type, topic, key, payload)
            JOIN head USING (tenant_id)
        ), kept AS (
            INSERT INTO public_events (tenant_id, position, at, id, type, topic, key, payload)
            SELECT tenant_id, position, at, id, type, topic, key, payload FROM event
        )
        INSERT INTO webhook_deliveries (tenant_id, endpoint_id, position, event_id, event_at)
        SELECT event.tenant_id, endpoint.id, event.position, event.id, event.at
        FROM event
        JOIN webhook_endpoints AS endpoint
            ON endpoint.tenant_id = event.tenant_id
            AND endpoint.campaign_id = ANY (ARRAY[0, event.campaign_id])
            AND event.type = ANY (endpoint.event_types)
        WHERE endpoint.disabled_at IS NULL
        ORDER BY endpoint.tenant_id, endpoint.id
        -- Makes `webhooks.disable` wait, so that it ends these as well.
        FOR SHARE OF endpoint
        """,
        [tenant_id for tenant_id, _ in counts],
        [count for _, count in counts],
        [event.data.tenant_id for event in events],
        _behind(events),
        [event.data.campaign_id for event in events],
        [event.id for event in events],
        [event.type for event in events],
        [event.topic for event in events],
        [event.partitionkey for event in events],
        [event.encoded() for event in events],
    )


def _behind(events: Sequence[PublicEvent]) -> list[int]:
    """How many events of the same tenant follow each."""
    seen: Counter[int] = Counter()
    behind = []
    for event in reversed(events):
        behind.append(seen[event.data.tenant_id])
        seen[event.data.tenant_id] += 1
    return behind[::-1]


def sms_ended(row: Record) -> SmsEnded:
    """The event of a row of sms_messages that has ended."""
    price = None
    if row["price"] is not None:
        price = PriceData(amount=row["price"], currency=row["currency"])
    data = SmsEndedData(
        tenant_id=row["tenant_id"],
        campaign_id=row["campaign_id"],
        contact_id=row["contact_id"],
        attempt_id=row["attempt_id"],
        message_id=row["id"],
        step=row["step"] or None,
        state=SmsState(row["state"]),
        reason=row["reason"],
        ended_at=row["ended_at"],
        price=price,
    )
    return SmsEnded.of(data, at=row["ended_at"])
