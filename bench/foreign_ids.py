"""Whether the time of an answer tells that an id is another tenant's: each beside one of none."""

import asyncio
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

REQUESTS = 400
ROWS = 20_000
# Beyond all ids that are given.
NONE, OTHER_NONE = 10**12, 10**12 + 1
NO_ATTEMPT, OTHER_ATTEMPT = (f"018f0000-0000-7000-8000-00000000000{n}" for n in (1, 2))
THEIRS = """
    WITH made AS (
        INSERT INTO campaigns (tenant_id, trunk_id, name, definition)
        SELECT $1, $2, 'theirs', '{"name": "theirs", "calendar": {"windows": []}}'
        FROM generate_series(1, $3::int) RETURNING id
    ), called AS (
        INSERT INTO contacts (tenant_id, campaign_id, calling_group_id, number)
        SELECT $1, id, $4, '+12025550123' FROM made RETURNING id, campaign_id
    ), attempted AS (
        INSERT INTO attempts (tenant_id, id, campaign_id, contact_id, claimed_at, window_closes_at,
            ended_at, number, state, reason, tzdata_version)
        SELECT $1, uuidv7(), campaign_id, id, now(), now(), now(), 1, 'dropped', 'paused', 'x'
        FROM called RETURNING id
    )
    SELECT (SELECT max(id) FROM made), (SELECT max(id) FROM called),
        (SELECT id FROM attempted ORDER BY id DESC LIMIT 1)
"""


async def measure(servers: LocalServers) -> dict[str, float]:
    """Medians of an id of another tenant, through those of an id of none."""
    await asyncio.to_thread(migrate, servers.postgres.url)
    conn = await asyncpg.connect(servers.postgres.url)
    try:
        key = await api_keys.create(conn, await tenants.create(conn, "own"))
        campaign, contact, attempt = await _theirs(conn)
        port = free_port()
        environment = servers.environment() | {
            "OUTDIAL_PORT": str(port),
            "OUTDIAL_LOG_LEVEL": "ERROR",
        }
        headers = {"Authorization": f"Bearer {key}"}
        figures: dict[str, float] = {}
        async with (
            python_module("services.api", environment=environment),
            aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=headers) as client,
        ):
            await until_ready(client)
            for name, path, ids in (
                ("campaign", "/v1/campaigns/{}", (campaign, NONE, OTHER_NONE)),
                ("campaign's contacts", "/v1/campaigns/{}/contacts", (campaign, NONE, OTHER_NONE)),
                ("contact", "/v1/contacts/{}", (contact, NONE, OTHER_NONE)),
                ("attempt", "/v1/attempts/{}", (attempt, NO_ATTEMPT, OTHER_ATTEMPT)),
            ):
                theirs, none, again = await _medians(client, [path.format(each) for each in ids])
                figures |= {
                    f"{name}: of none, ms": none,
                    f"{name}: another tenant's / of none": theirs / none,
                    f"{name}: of none / of none (the noise)": again / none,
                }
    finally:
        await conn.close()
    return figures


async def _theirs(conn: Connection) -> tuple[object, ...]:
    """The last campaign, contact and attempt of many of another tenant."""
    tenant_id = await tenants.create(conn, "other")
    trunk_id = await trunks.upsert(conn, name="default", provider="null", settings={})
    group_id = await conn.fetchval(
        """
        INSERT INTO calling_groups (zones, source, jurisdictions)
        VALUES ('{America/New_York}', 'number', '{US-NY}') RETURNING id
        """
    )
    row = await conn.fetchrow(THEIRS, tenant_id, trunk_id, ROWS, group_id, timeout=120)
    await conn.execute("VACUUM ANALYZE", timeout=120)
    return tuple(row or ())


async def _medians(client: aiohttp.ClientSession, paths: list[str]) -> list[float]:
    """In turns, so that what disturbs one disturbs all."""
    taken: list[list[float]] = [[] for _ in paths]
    for _ in range(REQUESTS):
        for path, times in zip(paths, taken, strict=True):
            began = time.perf_counter()
            async with client.get(path) as answer:
                assert answer.status == 404  # noqa: S101 - the measure is of such answers
                await answer.read()
            times.append((time.perf_counter() - began) * 1_000)
    return [median(times) for times in taken]
