"""Endpoints and deliveries in the database, for tests of webhooks."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from shared.db import public_events
from shared.db.events.webhooks import EndpointKey
from shared.db.types import Pool
from shared.domain.outcomes import Outcome
from shared.kafka.messages.public import ATTEMPT_ENDED, AttemptEnded, AttemptEndedData
from tests.support.webhook_receiver import SECRET


@dataclass(frozen=True, slots=True)
class OwnEndpoint:
    """A new tenant's campaign, and the endpoint of the campaign."""

    key: EndpointKey
    campaign_id: int


async def an_endpoint(pool: Pool, url: str, *, secret: str = SECRET) -> OwnEndpoint:
    row = await pool.fetchrow(
        """
        WITH tenant AS (INSERT INTO tenants (name) VALUES ('a') RETURNING id),
        trunk AS (
            INSERT INTO trunks (name, provider)
            VALUES (gen_random_uuid()::text, 'simulated') RETURNING id
        ),
        campaign AS (
            INSERT INTO campaigns (tenant_id, trunk_id, name, definition)
            SELECT tenant.id, trunk.id, 'a', '{}' FROM tenant, trunk RETURNING tenant_id, id
        )
        INSERT INTO webhook_endpoints (tenant_id, campaign_id, event_types, url, secret)
        SELECT tenant_id, id, ARRAY[$3], $1, $2 FROM campaign RETURNING tenant_id, campaign_id, id
        """,
        url,
        secret,
        ATTEMPT_ENDED,
    )
    assert row is not None
    return OwnEndpoint(EndpointKey(row["tenant_id"], row["id"]), row["campaign_id"])


async def another_endpoint(
    pool: Pool,
    own: OwnEndpoint,
    campaign_id: int,
    event_types: list[str],
    url: str,
    *,
    rendering: str = "standard",
) -> int:
    """Insert another endpoint of the same tenant; return its id."""
    endpoint_id: int = await pool.fetchval(
        """
        INSERT INTO webhook_endpoints (tenant_id, campaign_id, event_types, url, secret, rendering)
        VALUES ($1, $2, $3, $4, $5, $6) RETURNING id
        """,
        own.key.tenant_id,
        campaign_id,
        event_types,
        url,
        SECRET,
        rendering,
    )
    return endpoint_id


def an_event(tenant_id: int, campaign_id: int, number: int = 1) -> AttemptEnded:
    data = AttemptEndedData(
        tenant_id=tenant_id,
        campaign_id=campaign_id,
        contact_id=number,
        external_id="Zo\u00eb",
        attempt_id=uuid7(),
        attempt_number=1,
        outcome=Outcome.BUSY,
        ended_at=datetime(2026, 11, 1, tzinfo=UTC),
        contact_finished=False,
    )
    return AttemptEnded.of(data, at=data.ended_at)


async def end_attempts(pool: Pool, endpoint: OwnEndpoint, count: int = 1) -> list[UUID]:
    """End attempts of the campaign; return the ids of their events."""
    events = [an_event(endpoint.key.tenant_id, endpoint.campaign_id, n) for n in range(count)]
    async with pool.acquire() as conn:
        await public_events.add(conn, events)
    return [event.id for event in events]


async def row_of(pool: Pool, event_id: UUID) -> asyncpg.Record:
    row = await pool.fetchrow(
        "SELECT delivery.*, payload, extract(epoch FROM next_try_at - now())::float AS wait"
        " FROM webhook_deliveries AS delivery JOIN public_events USING (tenant_id, position)"
        " WHERE event_id = $1",
        event_id,
    )
    assert row is not None
    return row


async def make_due(pool: Pool) -> None:
    """Make all pending deliveries due now."""
    await pool.execute(
        "UPDATE webhook_deliveries SET next_try_at = now() - interval '1 s' WHERE state = 'pending'"
    )
