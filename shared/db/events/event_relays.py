"""event_relays: the last position of each tenant that is on Kafka. Events writes.

A tenant without a row has no relayed event.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from shared.db.types import Connection


@dataclass(frozen=True, slots=True)
class Backlog:
    """A tenant with events behind `relayed`, the last position that is on Kafka."""

    tenant_id: int
    relayed: int
    waiting: int


class Entry(NamedTuple):
    tenant_id: int
    position: int
    topic: str
    key: str
    payload: bytes


async def backlogs(conn: Connection) -> list[Backlog]:
    """The tenants with events to relay. Reads one row per tenant, idle or not."""
    rows = await conn.fetch(
        """
        SELECT tenant_id, coalesce(relay.relayed, 0) AS relayed,
            head.last - coalesce(relay.relayed, 0) AS waiting
        FROM event_heads AS head
        LEFT JOIN event_relays AS relay USING (tenant_id)
        WHERE head.last > coalesce(relay.relayed, 0)
        """
    )
    return [Backlog(**row) for row in rows]


async def oldest(conn: Connection, tenants: Sequence[Backlog], *, limit: int) -> list[Entry]:
    """The next events of each tenant, at most `limit` of one, in order of their positions."""
    rows = await conn.fetch(
        """
        SELECT backlog.tenant_id, event.position, event.topic, event.key, event.payload
        FROM unnest($1::integer[], $2::bigint[]) AS backlog (tenant_id, relayed)
        CROSS JOIN LATERAL (
            SELECT position, topic, key, payload FROM public_events
            WHERE tenant_id = backlog.tenant_id AND position > backlog.relayed
            ORDER BY position LIMIT $3
        ) AS event
        ORDER BY backlog.tenant_id, event.position
        """,
        [backlog.tenant_id for backlog in tenants],
        [backlog.relayed for backlog in tenants],
        limit,
    )
    return [Entry(*row) for row in rows]


async def move(conn: Connection, entries: Sequence[Entry]) -> None:
    """Note that these events are on Kafka; of one tenant they are in order of their positions."""
    last = {entry.tenant_id: entry.position for entry in entries}
    await conn.execute(
        """
        INSERT INTO event_relays AS relay (tenant_id, relayed)
        SELECT * FROM unnest($1::integer[], $2::bigint[])
        ON CONFLICT (tenant_id) DO UPDATE SET relayed = greatest(relay.relayed, excluded.relayed)
        """,
        list(last),
        list(last.values()),
    )
