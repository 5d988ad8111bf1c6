"""Latency of the api with row-level security: campaigns made at a rate, and pages at any depth."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

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
CREATED = 4_000
PER_SECOND = 200
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DEFINITION = {
    "name": "bench",
    "calendar": {"windows": [{"days": DAYS, "start": "09:00", "end": "20:00"}]},
}


async def measure(servers: LocalServers) -> dict[str, float]:
    """Milliseconds of requests to the api's process, from the moment at which each is due."""
    await asyncio.to_thread(migrate, servers.postgres.url)
    conn = await asyncpg.connect(servers.postgres.url)
    try:
        tenant_id = await tenants.create(conn, "bench")
        key = await api_keys.create(conn, tenant_id)
        await trunks.upsert(conn, name="default", provider="null", settings={})
        port = free_port()
        environment = servers.environment() | {
            "OUTDIAL_PORT": str(port),
            "OUTDIAL_LOG_LEVEL": "ERROR",
        }
        headers = {"Authorization": f"Bearer {key}"}
        async with (
            python_module("services.api", environment=environment),
            aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=headers) as client,
        ):
            await until_ready(client)
            # The first requests open the connections.
            campaign_id = (await asyncio.gather(*(_create(client) for _ in range(64))))[0]
            created = await _at_a_rate(lambda: _create(client))
            await _add_contacts(conn, tenant_id, campaign_id)
            pages = await _pages(client, f"/v1/campaigns/{campaign_id}/contacts")
    finally:
        await conn.close()
    return {
        f"campaigns created at {PER_SECOND}/s, median, ms": _quantile(created, 0.5),
        "99 of 100 of them, ms": _quantile(created, 0.99),
        f"a page of 100 of {CONTACTS:,} contacts, median, ms": _quantile(pages, 0.5),
        "99 of 100 of them, at any depth, ms": _quantile(pages, 0.99),
    }


async def _create(client: aiohttp.ClientSession) -> int:
    async with client.post("/v1/campaigns", json=DEFINITION) as answer:
        answer.raise_for_status()
        return int(json.loads(await answer.read())["id"])


async def _pages(client: aiohttp.ClientSession, path: str) -> list[float]:
    """A page of 100 at each thousandth contact: the list is followed by pages of 1,000."""
    taken: list[float] = []
    cursor: str | None = ""
    while cursor is not None:
        after = f"&cursor={cursor}" if cursor else ""
        began = time.perf_counter()
        await _get(client, f"{path}?limit=100{after}")
        taken.append((time.perf_counter() - began) * 1_000)
        cursor = (await _get(client, f"{path}?limit=1000{after}"))["next_cursor"]
    return taken


async def _get(client: aiohttp.ClientSession, path: str) -> dict[str, Any]:
    async with client.get(path) as answer:
        answer.raise_for_status()
        page: dict[str, Any] = json.loads(await answer.read())
    return page


async def _at_a_rate(act: Callable[[], Awaitable[object]]) -> list[float]:
    """A slow answer does not put off the next request."""
    began = time.perf_counter()

    async def one(number: int) -> float:
        due = began + number / PER_SECOND
        await asyncio.sleep(due - time.perf_counter())
        await act()
        return (time.perf_counter() - due) * 1_000

    return await asyncio.gather(*(one(number) for number in range(CREATED)))


async def _add_contacts(conn: Connection, tenant_id: int, campaign_id: int) -> None:
    group_id = await conn.fetchval(
        """
        INSERT INTO calling_groups (zones, source, jurisdictions)
        VALUES ('{America/New_York}', 'number', '{US-NY}') RETURNING id
        """
    )
    await conn.execute(
        """
        INSERT INTO contacts (tenant_id, campaign_id, calling_group_id, number)
        SELECT $1, $2, $3, '+' || (12020000000 + n) FROM generate_series(1, $4::int) AS n
        """,
        tenant_id,
        campaign_id,
        group_id,
        CONTACTS,
        timeout=600,
    )
    await conn.execute("VACUUM ANALYZE contacts", timeout=600)


def _quantile(taken: Sequence[float], share: float) -> float:
    return sorted(taken)[int(len(taken) * share)]
