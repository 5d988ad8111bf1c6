"""Rate of due attempts: committed in PostgreSQL and acknowledged by every replica of Kafka.

20 campaigns in 24 zones, with a million contacts and with ten thousand, beside the same claim in
raw SQL, in turns. Between the timed passes, the attempts are removed as dialers would remove them.
"""

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from statistics import median

from outdial.stack.servers import LocalServers
from services.scheduler.campaign_claim import Claims
from services.scheduler.claimer import Claimer
from services.scheduler.rescuer import Rescuer
from shared.db import trunks
from shared.db.migrate import migrate
from shared.db.pool import database
from shared.db.types import Connection, Pool
from shared.domain.campaigns import CampaignKey
from shared.kafka.broker import make_broker
from shared.kafka.topics import create_topics
from shared.rulepacks.rulebook import RuleBook
from shared.rulepacks.store import RulePackStore
from shared.runtime.settings import Settings

MANY, FEW = 1_000_000, 10_000
CAMPAIGNS = 20
ZONES = [f"Etc/GMT{hours:+}" for hours in range(-12, 12)]
ROUNDS = 5
ROUND = 10_000
LEASE = timedelta(minutes=5)
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DEFINITION = {
    "name": "bench",
    "calendar": {"windows": [{"days": DAYS, "start": "00:00", "end": "24:00"}]},
    "kind": "informational",
    "automated": False,
}


async def measure(servers: LocalServers) -> dict[str, float]:
    """Rates of the claimer and of raw SQL, with few contacts and with a hundred times as many."""
    await asyncio.to_thread(migrate, servers.postgres.url)
    await create_topics(servers.kafka.url)
    settings = Settings.model_validate(
        {
            "postgres_url": servers.postgres.url,
            "redis_url": servers.redis.url,
            "kafka_url": servers.kafka.url,
        }
    )
    broker = make_broker(settings, "bench")
    await broker.start()
    try:
        async with database(settings) as pool:
            claims = Claims(pool, RuleBook(RulePackStore(None)), LEASE)
            claimer = Claimer(pool, broker, claims, Rescuer(pool, broker, LEASE))
            few, _ = await _rates(pool, claimer, FEW)
            many, raw = await _rates(pool, claimer, MANY)
    finally:
        await broker.stop()
    ratios = [ours / bound for ours, bound in zip(many, raw, strict=True)]
    return {
        "due attempts emitted per second, 1,000,000 contacts": median(many),
        "lowest round": min(many),
        "the same claim in raw SQL, attempts per second": median(raw),
        "ratio to raw SQL, median": median(ratios),
        "due attempts emitted per second, 10,000 contacts": median(few),
        "rate at 1,000,000 by rate at 10,000": median(many) / median(few),
    }


async def _rates(pool: Pool, claimer: Claimer, contacts: int) -> tuple[list[float], list[float]]:
    """Attempts per second in each round, of the claimer and of raw SQL."""
    ours, raw = [], []
    for number in range(ROUNDS):
        if number == 0 or contacts == FEW:
            await _fill(pool, contacts)
        ours.append(await _ours(pool, claimer))
        if contacts == FEW:
            await _fill(pool, contacts)
        raw.append(await _raw(pool))
    return ours, raw


async def _ours(pool: Pool, claimer: Claimer) -> float:
    emitted, seconds = 0, 0.0
    while emitted < ROUND:
        began = time.perf_counter()
        await claimer.run_once(datetime.now(UTC))
        seconds += time.perf_counter() - began
        taken = await _take_off(pool)
        if not taken:
            raise SystemExit("nothing was due")
        emitted += taken
    return emitted / seconds


async def _raw(pool: Pool) -> float:
    """Claim as many as one statement claims, campaign after campaign."""
    rows = await pool.fetch("SELECT tenant_id, id AS campaign_id FROM campaigns ORDER BY id")
    campaigns = [CampaignKey(**row) for row in rows]
    claimed, seconds = 0, 0.0
    async with pool.acquire() as conn:
        while claimed < ROUND:
            for campaign in campaigns:
                began = time.perf_counter()
                claimed += await _claim(conn, campaign, ROUND // CAMPAIGNS)
                seconds += time.perf_counter() - began
    await _take_off(pool)
    return claimed / seconds


async def _claim(conn: Connection, campaign: CampaignKey, limit: int) -> int:
    status = await conn.execute(
        """
        WITH due AS (
            SELECT id FROM contacts
            WHERE tenant_id = $1 AND campaign_id = $2 AND state = 'pending' AND not_before <= now()
                AND calling_group_id = ANY (SELECT calling_group_id FROM campaign_groups)
            LIMIT $3 FOR UPDATE SKIP LOCKED
        ), taken AS (
            UPDATE contacts c SET state = 'active' FROM due
            WHERE c.tenant_id = $1 AND c.id = due.id
        )
        INSERT INTO attempts (tenant_id, id, campaign_id, contact_id, claimed_at, window_closes_at,
            revisit_at, number, state, tzdata_version)
        SELECT $1, uuidv7(), $2, id, now(), now(), now(), 1, 'claimed', 'x' FROM due
        """,
        *campaign,
        limit,
    )
    return int(status.rpartition(" ")[2])


async def _take_off(pool: Pool) -> int:
    status = await pool.execute(
        """
        UPDATE attempts SET state = 'dropped', ended_at = now(), revisit_at = NULL
        WHERE ended_at IS NULL
        """
    )
    return int(status.rpartition(" ")[2])


async def _fill(pool: Pool, contacts: int) -> None:
    """Make the contacts wait again, so that each round finds the same number."""
    async with pool.acquire() as conn:
        await conn.execute("TRUNCATE contacts, attempts, waiting_contacts, campaign_counters")
        if not await conn.fetchval("SELECT EXISTS (SELECT FROM campaigns)"):
            await _campaigns(conn)
        await conn.execute(
            """
            INSERT INTO contacts (tenant_id, campaign_id, calling_group_id, number)
            SELECT c.tenant_id, c.campaign_id, c.calling_group_id, '+' || (12000000000 + n)
            FROM (
                SELECT row_number() OVER () - 1 AS place, * FROM campaign_groups
                ORDER BY campaign_id, calling_group_id
            ) c
            JOIN generate_series(1, $1::int) n ON n % (SELECT count(*) FROM campaign_groups) = place
            -- As imports leave them: the contacts of a campaign stand together.
            ORDER BY place, n
            """,
            contacts,
            timeout=600,
        )
        await conn.execute("VACUUM ANALYZE contacts", timeout=600)
        await conn.execute("VACUUM ANALYZE attempts")


async def _campaigns(conn: Connection) -> None:
    trunk = await trunks.upsert(conn, name="default", provider="null", settings={})
    tenant = await conn.fetchval("INSERT INTO tenants (name) VALUES ('bench') RETURNING id")
    for _ in range(CAMPAIGNS):
        await conn.execute(
            """
            INSERT INTO campaigns (
                tenant_id, trunk_id, name, definition, state, wanted_state, started_at
            ) VALUES ($1, $2, 'bench', $3, 'running', 'running', now())
            """,
            tenant,
            trunk,
            json.dumps(DEFINITION),
        )
    await conn.execute(
        """
        WITH zones AS (
            INSERT INTO calling_groups (zones, source, jurisdictions, jurisdiction_source)
            SELECT ARRAY[zone], 'contact', '{US}', 'number' FROM unnest($1::text[]) AS z (zone)
            RETURNING id
        )
        INSERT INTO campaign_groups
        SELECT c.tenant_id, c.id, z.id FROM campaigns c CROSS JOIN zones z
        """,
        ZONES,
    )
