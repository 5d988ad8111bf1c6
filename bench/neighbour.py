"""One tenant beside the abuses of another: its requests to the api, and its dialing.

Each ratio is of one run: what the tenant has beside the abuse, by what it has alone. Above 1 it is
better beside it, which is chance.
"""

import asyncio
import time
import zoneinfo
from contextlib import AsyncExitStack
from itertools import islice, product

import aiohttp
import asyncpg

from bench.abuses import ABUSES
from bench.end_to_end import (
    DEFINITION,
    begin,
    environment_of,
    new_tenant,
    prepare,
    until_folded,
)
from bench.processes import python_module, until_ready
from outdial.stack.ports import free_port
from outdial.stack.servers import LocalServers
from services.api.quotas import Quotas
from shared.db import trunks
from shared.db.api import api_keys, tenants
from shared.db.migrate import migrate
from shared.db.types import Connection
from shared.kafka.topics import create_topics

# Requests of the neighbour, and how long each abuse goes on.
PER_SECOND = 50
SECONDS = 5.0
# Its campaign, and those of the other tenant.
CONTACTS, CALLS_PER_SECOND = 1_500, 80
# Each of as many calling groups as its quota lets in.
CAMPAIGNS, GROUPS = 8, Quotas().calling_groups
LONGEST = 120.0


async def measure(servers: LocalServers) -> dict[str, float]:
    await asyncio.to_thread(migrate, servers.postgres.url)
    await create_topics(servers.kafka.url)
    conn = await asyncpg.connect(servers.postgres.url)
    try:
        await trunks.upsert(conn, name="default", provider="null", settings={})
        return await _requests(servers, conn) | await _dialing(servers, conn)
    finally:
        await conn.close()


async def _requests(servers: LocalServers, conn: Connection) -> dict[str, float]:
    """The slowest 1 in 100 of the neighbour's requests, alone and beside each abuse."""
    keys = [await api_keys.create(conn, await tenants.create(conn, "bench")) for _ in range(2)]
    url = f"http://127.0.0.1:{(port := free_port())}"
    environment = environment_of(servers) | {"OUTDIAL_PORT": str(port)}
    own, other = ({"Authorization": f"Bearer {key}"} for key in keys)
    figures: dict[str, float] = {}
    async with (
        python_module("services.api", environment=environment),
        aiohttp.ClientSession(url, headers=own) as client,
    ):
        await until_ready(client)
        async with client.post("/v1/campaigns", json=DEFINITION, headers=other) as answer:
            answer.raise_for_status()
        await _slowest(client)
        alone = await _slowest(client)
        figures["requests alone, 99 of 100, ms"] = alone
        for name in ABUSES:
            async with python_module("bench.abuses", url, keys[1], name, environment={}):
                beside = await _slowest(client)
            figures[f"beside {name}, ms"] = beside
            figures[f"beside {name}, ratio"] = alone / beside
    return figures


async def _slowest(client: aiohttp.ClientSession) -> float:
    """Milliseconds, from the moment at which each request is due."""
    began = time.perf_counter()

    async def one(number: int) -> float:
        due = began + number / PER_SECOND
        await asyncio.sleep(due - time.perf_counter())
        is_read = number % 2 == 0
        method, body = ("GET", None) if is_read else ("POST", DEFINITION)
        async with client.request(method, "/v1/campaigns", json=body) as answer:
            answer.raise_for_status()
            await answer.read()
        return (time.perf_counter() - due) * 1_000

    taken = await asyncio.gather(*(one(number) for number in range(int(PER_SECOND * SECONDS))))
    return sorted(taken)[int(len(taken) * 0.99)]


async def _dialing(servers: LocalServers, conn: Connection) -> dict[str, float]:
    """The neighbour's calls per second, alone and beside campaigns of many calling groups."""
    environment = environment_of(servers)
    async with AsyncExitStack() as stack:
        for name in ("scheduler", "dialer", "events"):
            port = {"OUTDIAL_PORT": str(free_port())}
            await stack.enter_async_context(
                python_module(f"services.{name}", environment=environment | port)
            )
        # The first calls wait until the services are there.
        await _rate(conn, CONTACTS // 10)
        alone = await _rate(conn, CONTACTS)
        for campaign_id in await _many_groups(conn):
            await begin(conn, campaign_id)
        beside = await _rate(conn, CONTACTS)
    return {
        "calls per second alone": alone,
        f"beside {CAMPAIGNS} campaigns of {GROUPS:,} calling groups": beside,
        "their ratio": beside / alone,
    }


async def _rate(conn: Connection, contacts: int) -> float:
    """From the start of a campaign to the end of its last call."""
    caps = {"calls_per_second": CALLS_PER_SECOND}
    campaign_id = await prepare(conn, contacts, caps=caps)
    began = time.monotonic()
    await begin(conn, campaign_id)
    await until_folded(conn, campaign_id, contacts)
    return contacts / (time.monotonic() - began)


async def _many_groups(conn: Connection) -> list[int]:
    """Campaigns of one tenant, each with a contact in each of the calling groups."""
    zones = sorted(zoneinfo.available_timezones() - {"Factory", "localtime"})
    places = list(islice(product((f"US-{n:03}" for n in range(GROUPS)), zones), GROUPS))
    rows = await conn.fetch(
        """
        INSERT INTO calling_groups (zones, source, jurisdictions, jurisdiction_source)
        SELECT ARRAY[zone], 'contact', ARRAY[jurisdiction], 'contact'
        FROM unnest($1::text[], $2::text[]) AS place (zone, jurisdiction)
        RETURNING id
        """,
        [zone for _, zone in places],
        [jurisdiction for jurisdiction, _ in places],
        timeout=LONGEST,
    )
    groups, tenant_id = [row["id"] for row in rows], await new_tenant(conn)
    caps = {"calls_per_second": 1}
    return [
        await prepare(conn, GROUPS, tenant_id=tenant_id, caps=caps, groups=groups)
        for _ in range(CAMPAIGNS)
    ]
