"""A lease lasts as long as its call may be up, and no longer."""

from datetime import UTC, datetime

from faststream.kafka import KafkaBroker
from redis.asyncio import Redis

from services.dialer.permits.permits import Permits
from services.dialer.reporter import CallReporter
from shared.db.types import Pool
from shared.domain.attempts import AttemptState, CallReference
from shared.domain.capacity.scopes import INSTALLATION, Caps, Scope, scopes_of
from shared.domain.reasons import Reason
from tests.support.campaigns import a_running_campaign, some_contacts


async def test_only_the_leases_of_ended_attempts_are_taken_back(pool: Pool, redis: Redis) -> None:
    now = datetime.now(UTC)
    campaign = await a_running_campaign(pool, now=now)
    row = await pool.fetchrow("SELECT tenant_id, trunk_id FROM campaigns WHERE id = $1", campaign)
    assert row is not None
    tenant, trunk = row
    await some_contacts(pool, campaign, 3)
    rows = await pool.fetch(
        """
        INSERT INTO attempts (tenant_id, id, campaign_id, contact_id, claimed_at, window_closes_at,
            revisit_at, dialing_at, number, state, tzdata_version)
        SELECT tenant_id, uuidv7(), campaign_id, id, now(), now(), now(), now(), 1, 'dialing', 'x'
        FROM contacts RETURNING id
        """
    )
    ended, dialed, handed_back = [row["id"] for row in rows]
    await pool.execute(
        "UPDATE attempts SET state = 'claimed', dialing_at = NULL WHERE id = $1", handed_back
    )
    scopes = scopes_of(campaign=campaign, tenant=tenant, trunk=trunk)
    limits = {INSTALLATION: Caps(100, 100), Scope("campaign", campaign): Caps(3, None)}
    permits = Permits(redis, pool, 60)
    await permits.acquire([], limits)  # rebuilds the leases of the two dialed attempts
    await permits.acquire([(CallReference(tenant, handed_back), scopes)], limits)
    await pool.execute(
        """
        UPDATE attempts SET state = 'ended', outcome = 'busy', ended_at = $2, revisit_at = NULL
        WHERE id = $1
        """,
        ended,
        now,
    )

    await permits.sweep(now)

    for scope in ("installation:0", f"campaign:{campaign}"):
        held = set(await redis.zrange(f"outdial:leases:{scope}", 0, -1))
        assert held == {f"{tenant}.{dialed}", f"{tenant}.{handed_back}"}


async def test_a_late_drop_leaves_the_lease_to_the_dialer_that_dialed(
    pool: Pool, redis: Redis, broker: KafkaBroker
) -> None:
    campaign = await a_running_campaign(pool, now=datetime.now(UTC))
    await some_contacts(pool, campaign, 1)
    attempt = await pool.fetchval(
        """
        INSERT INTO attempts (tenant_id, id, campaign_id, contact_id, claimed_at, window_closes_at,
            revisit_at, dialing_at, number, state, tzdata_version)
        SELECT tenant_id, uuidv7(), campaign_id, id, now(), now(), now(), now(), 1, 'dialing', 'x'
        FROM contacts RETURNING id
        """
    )
    tenant = await pool.fetchval("SELECT tenant_id FROM campaigns WHERE id = $1", campaign)
    reference = CallReference(tenant, attempt)
    permits = Permits(redis, pool, 60)
    await permits.acquire([], {INSTALLATION: Caps(100, 100)})

    await CallReporter(pool, broker, permits).dropped(
        reference, Reason.CAMPAIGN, AttemptState.CLAIMED, retry_at=datetime.now(UTC)
    )

    assert await redis.zrange("outdial:leases:installation:0", 0, -1) == [str(reference)]
