"""webhook_deliveries, and what sending them needs of webhook_endpoints. Events writes both."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from shared.db.types import Connection


class DeliveryState(StrEnum):
    """A delivery is pending until a receiver has taken it or there have been enough tries."""

    PENDING = "pending"
    DELIVERED = "delivered"
    EXHAUSTED = "exhausted"


@dataclass(frozen=True, slots=True)
class DueDelivery:
    """A delivery to post now, `tries` of which have failed before."""

    id: UUID
    endpoint_id: int
    url: str
    secret: str
    payload: bytes
    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TryResult:
    """What one try came to. `tries` is the number before it, `next_try_at` only while pending."""

    id: UUID
    tries: int
    state: DeliveryState
    tried_at: datetime
    next_try_at: datetime | None
    status: int | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A line of a campaign's delivery log."""

    id: UUID
    state: DeliveryState
    tries: int
    next_try_at: datetime | None
    last_status: int | None
    last_error: str | None
    created_at: datetime
    ended_at: datetime | None


async def endpoints_of(conn: Connection, campaign_ids: Collection[int]) -> dict[int, int]:
    """The endpoint of each campaign that has one which is not disabled."""
    rows = await conn.fetch(
        """
        SELECT campaign_id, id FROM webhook_endpoints
        WHERE campaign_id = ANY($1) AND disabled_at IS NULL
        """,
        list(campaign_ids),
    )
    return {row["campaign_id"]: row["id"] for row in rows}


async def add_deliveries(conn: Connection, deliveries: Sequence[tuple[UUID, int, bytes]]) -> None:
    """Owe each (delivery id, endpoint id, payload) to its endpoint, unless that is disabled."""
    if not deliveries:
        return
    await conn.execute(
        """
        INSERT INTO webhook_deliveries (id, endpoint_id, payload)
        SELECT d.id, d.endpoint_id, d.payload
        FROM unnest($1::uuid[], $2::bigint[], $3::bytea[]) AS d (id, endpoint_id, payload)
        JOIN webhook_endpoints e ON e.id = d.endpoint_id
        WHERE e.disabled_at IS NULL
        -- Makes `disable` wait, so that it ends these as well.
        FOR SHARE OF e
        """,
        *(list(column) for column in zip(*deliveries, strict=True)),
    )


async def take_due(
    conn: Connection,
    *,
    now: datetime,
    leased_until: datetime,
    limit: int,
    per_endpoint: int,
    busy: Mapping[int, int],
    only: Collection[int] | None = None,
    without: Collection[int] = (),
) -> list[DueDelivery]:
    """Claim due deliveries; who does not record a result by `leased_until` loses the claim.

    At most `per_endpoint` of one endpoint, less those that are `busy`; `only` and `without` name
    endpoints. Who comes first when `limit` binds is left to chance, so that nobody always loses.
    """
    rows = await conn.fetch(
        """
        WITH RECURSIVE waiting (id) AS (
            -- Leaps from endpoint to endpoint in the index, however much each is owed.
            (
                SELECT endpoint_id FROM webhook_deliveries
                WHERE state = 'pending' ORDER BY endpoint_id LIMIT 1
            )
            UNION ALL
            SELECT (
                SELECT endpoint_id FROM webhook_deliveries
                WHERE state = 'pending' AND endpoint_id > w.id ORDER BY endpoint_id LIMIT 1
            )
            FROM waiting w WHERE w.id IS NOT NULL
        ), endpoints AS (
            SELECT w.id, $4 - coalesce(b.posts, 0) AS room
            FROM (
                SELECT id FROM waiting WHERE $7::bigint[] IS NULL UNION ALL SELECT unnest($7)
            ) AS w
            LEFT JOIN unnest($5::bigint[], $6::int[]) AS b (id, posts) ON b.id = w.id
            WHERE w.id <> ALL($8::bigint[]) AND $4 > coalesce(b.posts, 0)
            ORDER BY random()
        ), due AS (
            SELECT d.id
            FROM endpoints e
            CROSS JOIN LATERAL (
                SELECT id FROM webhook_deliveries
                WHERE endpoint_id = e.id AND state = 'pending' AND next_try_at <= $1
                ORDER BY next_try_at LIMIT e.room
                FOR UPDATE SKIP LOCKED
            ) AS d
            LIMIT $3
        )
        UPDATE webhook_deliveries d SET next_try_at = $2
        FROM due, webhook_endpoints e
        WHERE d.id = due.id AND e.id = d.endpoint_id
        RETURNING d.id, d.endpoint_id, e.url, e.secret, d.payload, d.tries
        """,
        now,
        leased_until,
        limit,
        per_endpoint,
        list(busy.keys()),
        list(busy.values()),
        None if only is None else list(only),
        list(without),
    )
    return [DueDelivery(**row) for row in rows]


async def record_results(conn: Connection, results: Sequence[TryResult]) -> None:
    """Write what the tries came to.

    Who lost the claim and was overtaken by another try changes nothing, unless it delivered.
    """
    await conn.execute(
        """
        UPDATE webhook_deliveries w
        SET state = r.state, tries = w.tries + 1, last_status = r.status, last_error = r.error,
            next_try_at = coalesce(r.next_try_at, w.next_try_at),
            ended_at = CASE WHEN r.state <> 'pending' THEN r.tried_at END
        FROM unnest(
            $1::uuid[], $2::smallint[], $3::text[], $4::timestamptz[], $5::timestamptz[],
            $6::smallint[], $7::text[]
        ) AS r (id, tries, state, tried_at, next_try_at, status, error)
        WHERE w.id = r.id AND w.state = 'pending' AND (w.tries = r.tries OR r.state = 'delivered')
        """,
        [result.id for result in results],
        [result.tries for result in results],
        [result.state for result in results],
        [result.tried_at for result in results],
        [result.next_try_at for result in results],
        [result.status for result in results],
        [result.error for result in results],
    )


async def disable(conn: Connection, endpoint_id: int, *, now: datetime) -> None:
    """The receiver wants nothing more: what it is still owed is given up."""
    await conn.execute(
        "UPDATE webhook_endpoints SET disabled_at = $2 WHERE id = $1 AND disabled_at IS NULL",
        endpoint_id,
        now,
    )
    await conn.execute(
        """
        UPDATE webhook_deliveries
        SET state = 'exhausted', ended_at = $2, last_error = 'endpoint disabled'
        WHERE endpoint_id = $1 AND state = 'pending'
        """,
        endpoint_id,
        now,
    )


async def of_campaign(
    conn: Connection, campaign_id: int, *, limit: int, after: UUID | None = None
) -> list[Delivery]:
    """A page of the campaign's deliveries, the oldest first, from behind the one named `after`."""
    rows = await conn.fetch(
        """
        SELECT d.id, d.state, d.tries, d.last_status, d.last_error, d.created_at, d.ended_at,
            CASE WHEN d.state = 'pending' THEN d.next_try_at END AS next_try_at
        FROM webhook_deliveries d
        -- Not a join: with one endpoint the index gives the order, and a page reads a page.
        WHERE d.endpoint_id = (SELECT id FROM webhook_endpoints WHERE campaign_id = $1)
            AND ($3::uuid IS NULL OR (d.created_at, d.id) > (
                SELECT created_at, id FROM webhook_deliveries WHERE id = $3
            ))
        ORDER BY d.created_at, d.id LIMIT $2
        """,
        campaign_id,
        limit,
        after,
    )
    return [Delivery(**{**row, "state": DeliveryState(row["state"])}) for row in rows]
