"""Endpoints and deliveries in the database, for tests of webhooks."""

from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from shared.db.events import webhooks
from shared.db.types import Pool
from tests.support.webhook_receiver import SECRET


async def an_endpoint(pool: Pool, url: str, *, secret: str = SECRET) -> tuple[int, int]:
    """A new campaign and its endpoint: their ids."""
    row = await pool.fetchrow(
        """
        WITH tenant AS (INSERT INTO tenants (name) VALUES ('a') RETURNING id),
        trunk AS (
            INSERT INTO trunks (name, provider, url)
            VALUES (gen_random_uuid()::text, 'simulated', 'http://127.0.0.1') RETURNING id
        ),
        campaign AS (
            INSERT INTO campaigns (tenant_id, trunk_id, name, definition)
            SELECT tenant.id, trunk.id, 'a', '{}' FROM tenant, trunk RETURNING id
        )
        INSERT INTO webhook_endpoints (campaign_id, url, secret)
        SELECT id, $1, $2 FROM campaign RETURNING campaign_id, id
        """,
        url,
        secret,
    )
    assert row is not None
    return row["campaign_id"], row["id"]


async def owe(pool: Pool, endpoint_id: int, count: int = 1) -> list[UUID]:
    rows = [
        (uuid7(), endpoint_id, b'{"number": %d, "name": "Zo\xc3\xab"}' % n) for n in range(count)
    ]
    async with pool.acquire() as conn:
        await webhooks.add_deliveries(conn, rows)
    return [row[0] for row in rows]


async def row_of(pool: Pool, delivery_id: UUID) -> asyncpg.Record:
    row = await pool.fetchrow(
        "SELECT *, extract(epoch FROM next_try_at - now())::float AS wait"
        " FROM webhook_deliveries WHERE id = $1",
        delivery_id,
    )
    assert row is not None
    return row


async def make_due(pool: Pool) -> None:
    """Let the time until the next tries pass."""
    await pool.execute(
        "UPDATE webhook_deliveries SET next_try_at = now() - interval '1 s' WHERE state = 'pending'"
    )
