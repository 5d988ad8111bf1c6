"""public_events, event_heads: every public event, numbered per tenant; they are kept for a while.

The scheduler and events add them in the transaction of the fact.
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
                $1::integer[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::bytea[]
            ) WITH ORDINALITY AS event (tenant_id, id, type, topic, key, payload, number)
        ), head AS (
            -- Reserves the positions; in one order for all writers, so that none deadlock.
            INSERT INTO event_heads (tenant_id, last)
            SELECT tenant_id, count(*) FROM event GROUP BY tenant_id ORDER BY tenant_id
            ON CONFLICT (tenant_id) DO UPDATE SET last = event_heads.last + excluded.last
            RETURNING tenant_id, last
        )
        INSERT INTO public_events (tenant_id, position, id, type, topic, key, payload)
        SELECT tenant_id,
            head.last + 1 - row_number() OVER (PARTITION BY tenant_id ORDER BY event.number DESC),
            event.id, event.type, event.topic, event.key, event.payload
        FROM event JOIN head USING (tenant_id)
        """,
        [event.data.tenant_id for event in events],
        [event.id for event in events],
        [event.type for event in events],
        [event.topic for event in events],
        [event.partitionkey for event in events],
        [event.encoded() for event in events],
    )
