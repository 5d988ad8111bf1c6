"""webhook_endpoints: the api inserts them, and reads the log of their deliveries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from shared.db.types import Connection
from shared.domain.campaigns import CampaignKey
from shared.domain.deliveries import DeliveryState

# Of an endpoint that gets the events of every campaign of its tenant.
ALL_CAMPAIGNS = 0
# Deliveries that one request sends again: a short transaction.
MOST_AT_ONCE = 10_000
STANDARD = "standard"


class LogPlace(NamedTuple):
    """A line of the log: an event by its position, and the endpoint."""

    position: int
    endpoint_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """`disabled_at`: its receiver answered 410 or its owner took it back: nothing is posted.

    One of campaign 0 gets the events of all campaigns. One that is deleted is not found.
    """

    id: int
    campaign_id: int
    url: str
    event_types: list[str]
    created_at: datetime
    disabled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A line of a campaign's delivery log; `id` is that of the event."""

    place: LogPlace
    id: UUID
    state: DeliveryState
    tries: int
    next_try_at: datetime | None
    last_status: int | None
    last_error: str | None
    created_at: datetime
    ended_at: datetime | None


async def insert(
    conn: Connection,
    *,
    tenant_id: int,
    campaign_id: int,
    event_types: Sequence[str],
    url: str,
    secret: str,
    rendering: str = STANDARD,
    disabled_at: datetime | None = None,
) -> int:
    endpoint_id: int = await conn.fetchval(
        """
        INSERT INTO webhook_endpoints (
            tenant_id, campaign_id, event_types, url, secret, rendering, disabled_at
        )
        VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id
        """,
        tenant_id,
        campaign_id,
        list(event_types),
        url,
        secret,
        rendering,
        disabled_at,
    )
    return endpoint_id


async def redirect(
    conn: Connection, campaign: CampaignKey, *, url: str, event_types: Sequence[str]
) -> bool:
    """Give the campaign's own endpoint another address and other types; whether there is one.

    It is posted to from now on, also if the receiver at the former address was gone.
    """
    status = await conn.execute(
        """
        UPDATE webhook_endpoints SET url = $3, event_types = $4, disabled_at = NULL
        WHERE tenant_id = $1 AND campaign_id = $2 AND deleted_at IS NULL
        """,
        *campaign,
        url,
        list(event_types),
    )
    return status != "UPDATE 0"


async def get(
    conn: Connection, *, tenant_id: int, webhook_id: int, rendering: str | None = None
) -> Endpoint | None:
    """One of this rendering; None: of any."""
    record = await conn.fetchrow(
        """
        SELECT id, campaign_id, url, event_types, created_at, disabled_at
        FROM webhook_endpoints
        WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL
            AND ($3::text IS NULL OR rendering = $3)
        """,
        tenant_id,
        webhook_id,
        rendering,
    )
    return None if record is None else Endpoint(**record)


async def rendered_as(conn: Connection, *, tenant_id: int, rendering: str) -> list[Endpoint]:
    """The tenant's endpoints for all of its campaigns that are rendered so, newest first."""
    records = await conn.fetch(
        """
        SELECT id, campaign_id, url, event_types, created_at, disabled_at
        FROM webhook_endpoints
        WHERE tenant_id = $1 AND campaign_id = $2 AND rendering = $3 AND deleted_at IS NULL
        ORDER BY id DESC
        """,
        tenant_id,
        ALL_CAMPAIGNS,
        rendering,
    )
    return [Endpoint(**record) for record in records]


async def mark_deleted(conn: Connection, *, tenant_id: int, webhook_id: int) -> None:
    """Nobody finds it any more; its row stays for its deliveries. `disable` comes first."""
    await conn.execute(
        """
        UPDATE webhook_endpoints SET deleted_at = clock_timestamp() WHERE tenant_id = $1 AND id = $2
        """,
        tenant_id,
        webhook_id,
    )


async def take_away(conn: Connection, campaign: CampaignKey) -> None:
    """Post nothing more of a campaign that was started; what was posted stays on record."""
    webhook_id = await conn.fetchval(
        """
        SELECT id FROM webhook_endpoints
        WHERE tenant_id = $1 AND campaign_id = $2 AND deleted_at IS NULL
        FOR UPDATE
        """,
        *campaign,
    )
    if webhook_id is not None:
        await disable(conn, tenant_id=campaign.tenant_id, webhook_id=webhook_id)
        await mark_deleted(conn, tenant_id=campaign.tenant_id, webhook_id=webhook_id)


async def keep(conn: Connection, *, tenant_id: int, webhook_id: int) -> None:
    """Until the transaction ends, the endpoint is neither disabled nor deleted."""
    await conn.execute(
        "SELECT FROM webhook_endpoints WHERE tenant_id = $1 AND id = $2 FOR SHARE",
        tenant_id,
        webhook_id,
    )


async def page(
    conn: Connection, *, tenant_id: int, before: int | None, limit: int
) -> list[Endpoint]:
    """Newest first."""
    records = await conn.fetch(
        """
        SELECT id, campaign_id, url, event_types, created_at, disabled_at
        FROM webhook_endpoints
        WHERE tenant_id = $1 AND deleted_at IS NULL AND ($2::bigint IS NULL OR id < $2)
        ORDER BY id DESC LIMIT $3
        """,
        tenant_id,
        before,
        limit,
    )
    return [Endpoint(**record) for record in records]


async def deliver_last(
    conn: Connection, *, tenant_id: int, webhook_id: int, event_id: UUID
) -> None:
    """Deliver the event that this transaction has added as the last one, to this endpoint alone."""
    await conn.execute(
        """
        INSERT INTO webhook_deliveries (tenant_id, endpoint_id, position, event_id, event_at)
        SELECT event.tenant_id, $2, event.position, event.id, event.at
        FROM event_heads AS head JOIN public_events AS event
            ON event.tenant_id = head.tenant_id AND event.position = head.last
        WHERE head.tenant_id = $1 AND event.id = $3
        """,
        tenant_id,
        webhook_id,
        event_id,
    )


async def send_again(
    conn: Connection,
    *,
    tenant_id: int,
    webhook_id: int,
    event_ids: Sequence[UUID],
    exhausted_since: datetime | None,
) -> int:
    """Let deliveries that ended begin anew: these, and those given up since; returns how many.

    They are at most MOST_AT_ONCE, the oldest events first.
    """
    status = await conn.execute(
        """
        WITH again AS MATERIALIZED (
            SELECT position FROM webhook_deliveries
            WHERE tenant_id = $1 AND endpoint_id = $2 AND state <> 'pending'
                AND (event_id = ANY ($3::uuid[]) OR (state = 'exhausted' AND ended_at >= $4))
            ORDER BY position LIMIT $5 FOR UPDATE SKIP LOCKED
        )
        UPDATE webhook_deliveries AS delivery
        SET state = 'pending', tries = 0, next_try_at = clock_timestamp(), ended_at = NULL
        FROM again
        WHERE delivery.tenant_id = $1 AND delivery.endpoint_id = $2
            AND delivery.position = again.position
        """,
        tenant_id,
        webhook_id,
        list(event_ids),
        exhausted_since,
        MOST_AT_ONCE,
    )
    return int(status.split()[-1])


async def of_rendering(conn: Connection, *, tenant_id: int, rendering: str) -> Endpoint | None:
    """The tenant's endpoint for all of its campaigns whose bodies are rendered so."""
    record = await conn.fetchrow(
        """
        SELECT id, campaign_id, url, event_types, created_at, disabled_at
        FROM webhook_endpoints
        WHERE tenant_id = $1 AND campaign_id = $2 AND rendering = $3 ORDER BY id LIMIT 1
        """,
        tenant_id,
        ALL_CAMPAIGNS,
        rendering,
    )
    return None if record is None else Endpoint(**record)


async def enable(conn: Connection, *, tenant_id: int, webhook_id: int, url: str) -> None:
    """Post to this address from now on."""
    await conn.execute(
        """
        UPDATE webhook_endpoints SET url = $3, disabled_at = NULL
        WHERE tenant_id = $1 AND id = $2
        """,
        tenant_id,
        webhook_id,
        url,
    )


async def disable(conn: Connection, *, tenant_id: int, webhook_id: int) -> None:
    """Post nothing more to it; its pending deliveries are given up."""
    await conn.execute(
        """
        UPDATE webhook_endpoints SET disabled_at = clock_timestamp()
        WHERE tenant_id = $1 AND id = $2 AND disabled_at IS NULL
        """,
        tenant_id,
        webhook_id,
    )
    await conn.execute(
        """
        UPDATE webhook_deliveries
        SET state = 'exhausted', ended_at = clock_timestamp(), last_error = 'endpoint disabled'
        WHERE tenant_id = $1 AND endpoint_id = $2 AND state = 'pending'
        """,
        tenant_id,
        webhook_id,
    )


async def delete(conn: Connection, campaign: CampaignKey) -> None:
    """Delete the endpoint of a draft with its deliveries: of tests, and of contacts not to call."""
    # Locked first, so that no transaction adds a delivery meanwhile.
    rows = await conn.fetch(
        "SELECT id FROM webhook_endpoints WHERE tenant_id = $1 AND campaign_id = $2 FOR UPDATE",
        *campaign,
    )
    await conn.execute(
        "DELETE FROM webhook_deliveries WHERE tenant_id = $1 AND endpoint_id = ANY ($2::bigint[])",
        campaign.tenant_id,
        [row["id"] for row in rows],
    )
    await conn.execute(
        "DELETE FROM webhook_endpoints WHERE tenant_id = $1 AND campaign_id = $2", *campaign
    )


async def deliveries(
    conn: Connection,
    *,
    tenant_id: int,
    campaign_id: int,
    limit: int,
    after: tuple[int, int] | None = None,
) -> list[Delivery]:
    """A page of the deliveries to the campaign's own endpoints, the oldest event first."""
    position, endpoint_id = after or (0, 0)
    rows = await conn.fetch(
        """
        SELECT delivery.position, delivery.endpoint_id, delivery.event_id AS id, delivery.state,
            delivery.tries, delivery.last_status, delivery.last_error,
            delivery.event_at AS created_at, delivery.ended_at,
            CASE WHEN delivery.state = 'pending' THEN delivery.next_try_at END AS next_try_at
        FROM webhook_endpoints AS endpoint
        -- A page of each in the order of the primary key, so a page reads a page.
        CROSS JOIN LATERAL (
            SELECT * FROM webhook_deliveries
            WHERE tenant_id = endpoint.tenant_id AND endpoint_id = endpoint.id
                AND position >= $3 AND (position, endpoint_id) > ($3, $4)
            ORDER BY position LIMIT $5
        ) AS delivery
        WHERE endpoint.tenant_id = $1 AND endpoint.campaign_id = $2
        ORDER BY delivery.position, delivery.endpoint_id LIMIT $5
        """,
        tenant_id,
        campaign_id,
        position,
        endpoint_id,
        limit,
    )
    return [
        Delivery(
            place=LogPlace(row["position"], row["endpoint_id"]),
            id=row["id"],
            state=DeliveryState(row["state"]),
            tries=row["tries"],
            next_try_at=row["next_try_at"],
            last_status=row["last_status"],
            last_error=row["last_error"],
            created_at=row["created_at"],
            ended_at=row["ended_at"],
        )
        for row in rows
    ]
