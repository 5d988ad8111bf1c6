"""Latency of SmartAlex's API: campaigns made at a rate, and lists of a thousand contacts."""

import asyncio
import json
import time
from collections.abc import Sequence
from itertools import count
from typing import Any

import aiohttp
import asyncpg

from bench.processes import cpu_seconds, python_module, until_ready
from outdial.stack.ports import free_port
from outdial.stack.servers import LocalServers
from shared.db import trunks
from shared.db.api import agents, api_keys, tenants
from shared.db.migrate import migrate
from shared.dialects.smartalex import BASE, Kind, spelled
from shared.domain.agents import AgentKind

CREATED, PER_SECOND = 1_000, 50
LISTS, IN_A_LIST = 40, 1_000
PATH = f"/smartalex{BASE}"


async def measure(servers: LocalServers) -> dict[str, float]:
    """Milliseconds of requests to the api's process; those at a rate from when each is due."""
    await asyncio.to_thread(migrate, servers.postgres.url)
    conn = await asyncpg.connect(servers.postgres.url)
    try:
        tenant_id = await tenants.create(conn, "bench")
        key = await api_keys.create(conn, tenant_id)
        trunk_id = await trunks.upsert(conn, name="default", provider="null", settings={})
        agent_id = await agents.insert(
            conn,
            tenant_id=tenant_id,
            trunk_id=trunk_id,
            name="bench",
            kind=AgentKind.ASSISTANT,
            provider_agent_id="asst_1",
        )
    finally:
        await conn.close()
    body = {"name": "bench", "agent_id": spelled(Kind.AGENT, agent_id or 0)}
    port = free_port()
    environment = servers.environment() | {
        "OUTDIAL_PORT": str(port),
        "OUTDIAL_LOG_LEVEL": "ERROR",
    }
    headers = {"Authorization": f"Bearer {key}"}
    async with (
        python_module("services.api", environment=environment) as api,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=headers) as client,
    ):
        await until_ready(client)
        # The first requests open the connections.
        first, *_ = await asyncio.gather(
            *(_post(client, "/campaigns", body) for _ in range(min(64, CREATED)))
        )
        used = [cpu_seconds(api.pid)]
        created = await _created(client, body)
        used.append(cpu_seconds(api.pid))
        added = await _added(client, f"/campaigns/{first['id']}/contacts")
        used.append(cpu_seconds(api.pid))
    return {
        f"campaigns created at {PER_SECOND}/s, median, ms": _at(created, 0.5),
        "99 of 100 of them, ms": _at(created, 0.99),
        f"{IN_A_LIST:,} contacts in a request, median, ms": _at(added, 0.5),
        "the slowest of them, ms": max(added),
        "CPU of the api, ms per campaign": (used[1] - used[0]) / CREATED * 1_000,
        f"CPU of the api, ms per {IN_A_LIST:,} contacts": (used[2] - used[1]) / LISTS * 1_000,
    }


async def _post(client: aiohttp.ClientSession, path: str, body: object) -> dict[str, Any]:
    async with client.post(f"{PATH}{path}", json=body) as answer:
        answer.raise_for_status()
        data: dict[str, Any] = json.loads(await answer.read())["data"]
    return data


async def _created(client: aiohttp.ClientSession, body: object) -> list[float]:
    began = time.perf_counter()

    async def one(position: int) -> float:
        at = position / PER_SECOND
        await asyncio.sleep(began + at - time.perf_counter())
        await _post(client, "/campaigns", body)
        return (time.perf_counter() - began - at) * 1_000

    return await asyncio.gather(*map(one, range(CREATED)))


async def _added(client: aiohttp.ClientSession, path: str) -> list[float]:
    """One list after the other, each of new numbers."""
    numbers, taken = count(), []
    for _ in range(LISTS):
        people = [
            {
                "phone": f"+354{6_110_000 + next(numbers)}",
                "first_name": "Jane",
                "last_name": "Doe",
                "email": "jane@example.com",
                "company": "Acme",
            }
            for _ in range(IN_A_LIST)
        ]
        began = time.perf_counter()
        added = await _post(client, path, {"contacts": people})
        taken.append((time.perf_counter() - began) * 1_000)
        if added["added"] != IN_A_LIST:
            raise RuntimeError(f"not all contacts were added: {added}")
    return taken


def _at(taken: Sequence[float], share: float) -> float:
    return sorted(taken)[int(len(taken) * share)]
