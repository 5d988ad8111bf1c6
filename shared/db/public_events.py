"""public_events, event_heads and the insert into webhook_deliveries: each public event, once.

The scheduler and events add events in the transaction of the fact. An event is numbered within its
tenant and kept for a while; each endpoint that wants it gets a delivery.
"""

from collections.abc import Sequence

from shared.db.types import Connection
from shared.kafka.messages.public import PublicEvent


async def add(conn: Connection, events: Sequence[PublicEvent]) -> None:
    """The last statement of a transaction: it locks the heads of the tenants until the commit.

    So the positions of a tenant are gapless and in commit order, and a reader that goes on behind
    the last position it saw never misses an event. A sequence cannot do that: a smaller number may
    be committed later. Order per key is commit order as well.
    """
    if not events:
        return
    await conn.execute(
        """
        WITH event AS (
            SELECT * FROM unnest(
                $1::integer[], $2::bigint[], $3::uuid[], $4::text[], $5::text[], $6::text[],
                $7::bytea[]
            ) WITH ORDINALITY
                AS event (tenant_id, campaign_id, id, type, topic, key, payload, number)
        ), head AS (
            -- Reserves the positions, in the order of locks (shared/db/locks.py).
            INSERT INTO event_heads (tenant_id, last)
            SELECT tenant_id, count(*) FROM event GROUP BY tenant_id ORDER BY tenant_id
            ON CONFLICT (tenant_id) DO UPDATE SET last = event_heads.last + excluded.last
            RETURNING tenant_id, last
        ), kept AS (
            INSERT INTO public_events (tenant_id, position, id, type, topic, key, payload)
            SELECT tenant_id,
                head.last + 1
                    - row_number() OVER (PARTITION BY tenant_id ORDER BY event.number DESC),
                event.id, event.type, event.topic, event.key, event.payload
            FROM event JOIN head USING (tenant_id)
            RETURNING tenant_id, position, at, id
        )
        INSERT INTO webhook_deliveries (tenant_id, endpoint_id, position, event_id, event_at)
        SELECT kept.tenant_id, endpoint.id, kept.position, kept.id, kept.at
        FROM kept
        JOIN event ON event.id = kept.id
        JOIN webhook_endpoints AS endpoint
            ON endpoint.tenant_id = kept.tenant_id
            AND endpoint.campaign_id = ANY (ARRAY[0, event.campaign_id])
            AND event.type = ANY (endpoint.event_types)
        WHERE endpoint.disabled_at IS NULL
        ORDER BY endpoint.tenant_id, endpoint.id
        -- Makes `webhooks.disable` wait, so that it ends these as well.
        FOR SHARE OF endpoint
        """,
        [event.data.tenant_id for event in events],
        [event.data.campaign_id for event in events],
        [event.id for event in events],
        [event.type for event in events],
        [event.topic for event in events],
        [event.partitionkey for event in events],
        [event.encoded() for event in events],
    )
