"""webhook_deliveries: claims what is due, records the tries; disables webhook_endpoints.

Events writes both here. The deliveries are inserted by `public_events.add`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from asyncpg import Record

from shared.db.events.webhook_calls import EventCall
from shared.db.types import Connection
from shared.domain.deliveries import DeliveryState


class EndpointKey(NamedTuple):
    tenant_id: int
    id: int


class DeliveryKey(NamedTuple):
    """An event, by its position among those of the tenant, for one endpoint."""

    tenant_id: int
    endpoint_id: int
    position: int

    @property
    def endpoint(self) -> EndpointKey:
        return EndpointKey(self.tenant_id, self.endpoint_id)


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """A public event as it was published; `id` is the webhook's id on every try.

    `call` is what it tells of, for an endpoint whose bodies need it.
    """

    id: UUID
    type: str
    payload: bytes
    call: EventCall | None = None


@dataclass(frozen=True, slots=True)
class DueDelivery:
    """A delivery to post now; `tries` have failed before. No event: it is no longer kept.

    `event_types` are those that its endpoint wants.
    """

    key: DeliveryKey
    url: str
    secret: str
    rendering: str
    event_types: Sequence[str]
    tries: int
    event: StoredEvent | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TryResult:
    """The result of one try. `tries` is the number before it, `next_try_at` only while pending."""

    key: DeliveryKey
    tries: int
    state: DeliveryState
    tried_at: datetime
    next_try_at: datetime | None
    status: int | None
    error: str | None


async def take_due(
    conn: Connection,
    *,
    now: datetime,
    leased_until: datetime,
    limit: int,
    per_endpoint: int,
    busy: Mapping[EndpointKey, int],
    only: Collection[EndpointKey] | None = None,
    without: Collection[EndpointKey] = (),
) -> list[DueDelivery]:
    """Claim due deliveries; a claim without a recorded result ends at `leased_until`.

    At most `per_endpoint` of one endpoint, less its `busy` posts; `only` and `without` select
    endpoints. Chance decides which endpoints come first when `limit` binds, so that none always
    comes last.
    """
    rows = await conn.fetch(
        """
        WITH RECURSIVE waiting (tenant_id, endpoint_id) AS (
            -- Every endpoint with a pending delivery: leaps from one to the next in the index,
            -- however many deliveries each has.
            (
                SELECT tenant_id, endpoint_id FROM webhook_deliveries
                WHERE state = 'pending' ORDER BY tenant_id, endpoint_id LIMIT 1
            )
            UNION ALL
            SELECT next.tenant_id, next.endpoint_id
            FROM waiting CROSS JOIN LATERAL (
                SELECT tenant_id, endpoint_id FROM webhook_deliveries AS delivery
                WHERE state = 'pending' AND (delivery.tenant_id, delivery.endpoint_id)
                    > (waiting.tenant_id, waiting.endpoint_id)
                ORDER BY tenant_id, endpoint_id LIMIT 1
            ) AS next
        ), endpoint AS (
            -- Those to serve, and how many posts each may still get.
            SELECT tenant_id, endpoint_id, $4 - coalesce(busy.posts, 0) AS room
            FROM (
                SELECT tenant_id, endpoint_id FROM waiting WHERE $8::integer[] IS NULL
                UNION ALL
                SELECT * FROM unnest($8, $9::bigint[])
            ) AS wanted (tenant_id, endpoint_id)
            LEFT JOIN unnest($5::integer[], $6::bigint[], $7::integer[])
                AS busy (tenant_id, endpoint_id, posts) USING (tenant_id, endpoint_id)
            WHERE $4 > coalesce(busy.posts, 0)
                AND (tenant_id, endpoint_id) NOT IN (
                    SELECT * FROM unnest($10::integer[], $11::bigint[])
                )
            ORDER BY random()
        ), due AS (
            SELECT delivery.tenant_id, delivery.endpoint_id, delivery.position
            FROM endpoint
            CROSS JOIN LATERAL (
                SELECT tenant_id, endpoint_id, position FROM webhook_deliveries
                WHERE tenant_id = endpoint.tenant_id AND endpoint_id = endpoint.endpoint_id
                    AND state = 'pending' AND next_try_at <= $1
                ORDER BY next_try_at LIMIT endpoint.room
                FOR UPDATE SKIP LOCKED
            ) AS delivery
            LIMIT $3
        ), taken AS (
            UPDATE webhook_deliveries AS delivery SET next_try_at = $2
            FROM due
            WHERE delivery.tenant_id = due.tenant_id AND delivery.endpoint_id = due.endpoint_id
                AND delivery.position = due.position
            RETURNING delivery.tenant_id, delivery.endpoint_id, delivery.position,
                delivery.event_at, delivery.tries
        )
        SELECT taken.tenant_id, taken.endpoint_id, taken.position, endpoint.url, endpoint.secret,
            endpoint.rendering, endpoint.event_types, taken.tries, event.id, event.type,
            event.payload
        FROM taken
        JOIN webhook_endpoints AS endpoint
            ON endpoint.tenant_id = taken.tenant_id AND endpoint.id = taken.endpoint_id
        -- One look into one day for each, never a join with all days.
        LEFT JOIN LATERAL (
            SELECT id, type, payload FROM public_events
            WHERE tenant_id = taken.tenant_id AND position = taken.position AND at = taken.event_at
            LIMIT 1
        ) AS event ON true
        """,
        now,
        leased_until,
        limit,
        per_endpoint,
        [endpoint.tenant_id for endpoint in busy],
        [endpoint.id for endpoint in busy],
        list(busy.values()),
        None if only is None else [endpoint.tenant_id for endpoint in only],
        None if only is None else [endpoint.id for endpoint in only],
        [endpoint.tenant_id for endpoint in without],
        [endpoint.id for endpoint in without],
    )
    return [_due(row) for row in rows]


def _due(row: Record) -> DueDelivery:
    event = None
    if row["id"] is not None:
        event = StoredEvent(row["id"], row["type"], row["payload"])
    return DueDelivery(
        key=DeliveryKey(row["tenant_id"], row["endpoint_id"], row["position"]),
        url=row["url"],
        secret=row["secret"],
        rendering=row["rendering"],
        event_types=row["event_types"],
        tries=row["tries"],
        event=event,
    )


async def lock_endpoints(conn: Connection, endpoints: Collection[EndpointKey]) -> None:
    """Lock endpoints that will be disabled, in order, before any of their deliveries."""
    if not endpoints:
        return
    await conn.execute(
        """
        SELECT FROM unnest($1::integer[], $2::bigint[]) AS gone (tenant_id, id)
        JOIN webhook_endpoints AS endpoint USING (tenant_id, id)
        ORDER BY endpoint.tenant_id, endpoint.id
        FOR NO KEY UPDATE OF endpoint
        """,
        [endpoint.tenant_id for endpoint in endpoints],
        [endpoint.id for endpoint in endpoints],
    )


async def record_results(conn: Connection, results: Sequence[TryResult]) -> None:
    """Write the results of tries.

    A try that lost its claim and was overtaken by another changes nothing, unless it delivered.
    Deliveries are locked in order, here and in `disable`, because the claim of a try may be over.
    """
    results = sorted(results, key=lambda result: result.key)
    await conn.execute(
        """
        UPDATE webhook_deliveries AS delivery
        SET state = result.state, tries = delivery.tries + 1, last_status = result.status,
            last_error = result.error,
            next_try_at = coalesce(result.next_try_at, delivery.next_try_at),
            ended_at = CASE WHEN result.state <> 'pending' THEN result.tried_at END
        FROM unnest(
            $1::integer[], $2::bigint[], $3::bigint[], $4::smallint[], $5::text[],
            $6::timestamptz[], $7::timestamptz[], $8::smallint[], $9::text[]
        ) AS result (
            tenant_id, endpoint_id, position, tries, state, tried_at, next_try_at, status, error
        )
        WHERE delivery.tenant_id = result.tenant_id AND delivery.endpoint_id = result.endpoint_id
            AND delivery.position = result.position AND delivery.state = 'pending'
            AND (delivery.tries = result.tries OR result.state = 'delivered')
        """,
        [result.key.tenant_id for result in results],
        [result.key.endpoint_id for result in results],
        [result.key.position for result in results],
        [result.tries for result in results],
        [result.state for result in results],
        [result.tried_at for result in results],
        [result.next_try_at for result in results],
        [result.status for result in results],
        [result.error for result in results],
    )


async def disable(conn: Connection, endpoint: EndpointKey, *, now: datetime) -> None:
    """The receiver wants nothing more: its pending deliveries are given up.

    `lock_endpoints` comes first, if the transaction also records results.
    """
    await conn.execute(
        """
        UPDATE webhook_endpoints SET disabled_at = $3
        WHERE tenant_id = $1 AND id = $2 AND disabled_at IS NULL
        """,
        *endpoint,
        now,
    )
    await conn.execute(
        """
        WITH pending AS MATERIALIZED (
            SELECT position FROM webhook_deliveries
            WHERE tenant_id = $1 AND endpoint_id = $2 AND state = 'pending'
            ORDER BY position FOR UPDATE
        )
        UPDATE webhook_deliveries AS delivery
        SET state = 'exhausted', ended_at = $3, last_error = 'endpoint disabled'
        FROM pending
        WHERE delivery.tenant_id = $1 AND delivery.endpoint_id = $2
            AND delivery.position = pending.position
        """,
        *endpoint,
        now,
    )
