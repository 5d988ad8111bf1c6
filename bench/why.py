"""Latency of the why endpoint: a million contacts in 24 zones, most new, some retried."""

import asyncio
import json
import time
from statistics import median

import aiohttp
import asyncpg

from bench.processes import python_module, until_ready
from outdial.stack.ports import free_port
from outdial.stack.servers import LocalServers
from shared.db import trunks
from shared.db.api import api_keys, tenants
from shared.db.migrate import migrate
from shared.db.types import Connection

CONTACTS = 1_000_000
# Every fifth contact was called, and is due again at some minute of the next day.
RETRIED = 5
REQUESTS = 50
# Countries with rules of law in the packs, and countries without.
PLACES = (
    ("Pacific/Honolulu", "US-HI"),
    ("America/Anchorage", "US-AK"),
    ("America/Los_Angeles", "US-WA"),
    ("America/Phoenix", "US-AZ"),
    ("America/Denver", "US-UT"),
    ("America/Chicago", "US-TX"),
    ("America/New_York", "US-PA"),
    ("America/Halifax", "CA-NS"),
    ("America/St_Johns", "CA-NL"),
    ("America/Sao_Paulo", "BR"),
    ("Atlantic/Azores", "PT"),
    ("Europe/London", "GB"),
    ("Europe/Paris", "FR"),
    ("Europe/Berlin", "DE"),
    ("Europe/Athens", "GR"),
    ("Europe/Moscow", "RU"),
    ("Asia/Dubai", "AE"),
    ("Asia/Karachi", "PK"),
    ("Asia/Kolkata", "IN"),
    ("Asia/Dhaka", "BD"),
    ("Asia/Bangkok", "TH"),
    ("Asia/Shanghai", "CN"),
    ("Asia/Tokyo", "JP"),
    ("Australia/Sydney", "AU"),
)
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DEFINITION = {
    "name": "why",
    "calendar": {"windows": [{"days": DAYS, "start": "09:00", "end": "20:00"}]},
}


async def measure(servers: LocalServers) -> dict[str, float]:
    """Milliseconds of requests to the api's process, also of its first request."""
    await asyncio.to_thread(migrate, servers.postgres.url)
    conn = await asyncpg.connect(servers.postgres.url)
    try:
        tenant_id = await tenants.create(conn, "why")
        key = await api_keys.create(conn, tenant_id)
        campaign_id = await _running_campaign(conn, tenant_id)
        await _add_contacts(conn, campaign_id)
        buckets = await conn.fetchval("SELECT count(*) FROM waiting_contacts")
        contact_id = await conn.fetchval("SELECT max(id) FROM contacts")
    finally:
        await conn.close()
    port = free_port()
    environment = servers.environment() | {"OUTDIAL_PORT": str(port), "OUTDIAL_LOG_LEVEL": "ERROR"}
    headers = {"Authorization": f"Bearer {key}"}
    async with (
        python_module("services.api", environment=environment),
        aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=headers) as client,
    ):
        await until_ready(client)
        of_campaign, answer = await _ask(client, f"/v1/campaigns/{campaign_id}/why")
        of_contact, _ = await _ask(client, f"/v1/contacts/{contact_id}/why")
    campaign = json.loads(answer)
    if campaign["pending"] != CONTACTS:
        raise SystemExit(f"the answer counts {campaign['pending']} contacts of {CONTACTS}")
    return {
        "contacts that wait": campaign["pending"],
        "rows that count them": buckets,
        "entries in the answer": len(campaign["waiting"]),
        "kilobytes of the answer": len(answer) / 1000,
        "why of the campaign, median of 50, ms": median(of_campaign),
        "slowest of them but the first, ms": max(of_campaign[1:]),
        "the first of a fresh process, ms": of_campaign[0],
        "why of a contact, median of 50, ms": median(of_contact),
        "slowest of them, ms": max(of_contact),
    }


async def _ask(client: aiohttp.ClientSession, path: str) -> tuple[list[float], bytes]:
    """Milliseconds of each request, and the last answer."""
    taken, body = [], b""
    for _ in range(REQUESTS):
        began = time.perf_counter()
        async with client.get(path) as answer:
            answer.raise_for_status()
            body = await answer.read()
        taken.append((time.perf_counter() - began) * 1_000)
    return taken, body


async def _running_campaign(conn: Connection, tenant_id: int) -> int:
    trunk_id = await trunks.upsert(conn, name="default", provider="null", settings={})
    campaign_id: int = await conn.fetchval(
        """
        INSERT INTO campaigns (
            tenant_id, trunk_id, name, definition, state, wanted_state, started_at
        )
        VALUES ($1, $2, 'why', $3, 'running', 'running', now()) RETURNING id
        """,
        tenant_id,
        trunk_id,
        json.dumps(DEFINITION),
    )
    return campaign_id


async def _add_contacts(conn: Connection, campaign_id: int) -> None:
    """Insert their counts, as the services store them."""
    await conn.execute(
        """
        WITH made AS (
            INSERT INTO calling_groups (zones, source, jurisdictions, jurisdiction_source)
            SELECT ARRAY[zone], 'contact', ARRAY[place], 'number'
            FROM unnest($2::text[], $3::text[]) AS p (zone, place)
            RETURNING id
        )
        INSERT INTO campaign_groups
        SELECT c.tenant_id, c.id, made.id FROM made, campaigns c WHERE c.id = $1
        """,
        campaign_id,
        [zone for zone, _ in PLACES],
        [place for _, place in PLACES],
    )
    await conn.execute(
        """
        INSERT INTO contacts (
            tenant_id, campaign_id, calling_group_id, number, not_before, waits_for
        )
        SELECT g.tenant_id, $1, g.ids[1 + n % cardinality(g.ids)], '+' || (12020000000 + n),
            CASE WHEN n % $3 = 0 THEN now() + make_interval(secs => n::bigint * 7919 % 86400)
                ELSE '-infinity' END,
            CASE WHEN n % $3 = 0 THEN 'retry' END
        FROM generate_series(1, $2::int) AS n, (
            SELECT tenant_id, array_agg(calling_group_id ORDER BY calling_group_id) AS ids
            FROM campaign_groups WHERE campaign_id = $1 GROUP BY 1
        ) AS g
        """,
        campaign_id,
        CONTACTS,
        RETRIED,
        timeout=600,
    )
    await conn.execute(
        """
        INSERT INTO waiting_contacts (
            tenant_id, campaign_id, calling_group_id, waits_for, five_minutes, contacts
        )
        SELECT tenant_id, campaign_id, calling_group_id, coalesce(waits_for, 'new'),
            five_minutes_of(not_before), count(*)
        FROM contacts GROUP BY 1, 2, 3, 4, 5
        """,
        timeout=600,
    )
    await conn.execute("VACUUM ANALYZE contacts", timeout=600)
