"""Latency of VoiceAIWrapper's API: campaigns made at a rate, and lists of a thousand leads."""

import asyncio
import json
import time
from collections.abc import Sequence
from itertools import count
from typing import Any

import aiohttp
import asyncpg

from bench.processes import python_module, until_ready
from outdial.stack.ports import free_port
from outdial.stack.servers import LocalServers
from shared.db import trunks
from shared.db.api import agents, api_keys, tenants
from shared.db.migrate import migrate
from shared.dialects.voiceaiwrapper import Kind, global_id
from shared.domain.agents import AgentKind

CREATED, PER_SECOND = 1_000, 50
LISTS, IN_A_LIST = 40, 1_000
PATH = "/voiceaiwrapper/api/v2/voice-campaigns"
CAMPAIGN = {
    "name": "bench",
    "type": "OUTBOUND",
    "assistant_id": "asst_1",
    "dialer_type": "SINGLE",
    "vapi_calling_entity": "ASSISTANT",
    "start_date": "2026-01-01",
    "end_date": "2199-03-31",
    "timezone": "America/New_York",
    "days_of_week": ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"],
    "daily_start_time": "09:00",
    "daily_end_time": "17:00",
    "max_call_attempts": 3,
    "max_daily_attempts": 1,
    "min_gap_between_attempts": 60,
    "consider_voicemail_as_answered": True,
    "webhook_url": "https://example.com/hook",
}


async def measure(servers: LocalServers) -> dict[str, float]:
    """Milliseconds of requests to the api's process; those at a rate from when each is due."""
    await asyncio.to_thread(migrate, servers.postgres.url)
    conn = await asyncpg.connect(servers.postgres.url)
    try:
        tenant_id = await tenants.create(conn, "bench")
        key = await api_keys.create(conn, tenant_id)
        trunk_id = await trunks.upsert(conn, name="default", provider="null", settings={})
        await agents.insert(
            conn,
            tenant_id=tenant_id,
            trunk_id=trunk_id,
            name="bench",
            kind=AgentKind.ASSISTANT,
            provider_agent_id="asst_1",
        )
    finally:
        await conn.close()
    body = CAMPAIGN | {"tenant_voice_provider_id": global_id(Kind.PROVIDER, trunk_id)}
    port = free_port()
    environment = servers.environment() | {
        "OUTDIAL_PORT": str(port),
        "OUTDIAL_LOG_LEVEL": "ERROR",
    }
    headers = {"Authorization": f"Bearer {key}"}
    url = f"http://127.0.0.1:{port}"
    async with (
        python_module("services.api", environment=environment),
        aiohttp.ClientSession(url, headers=headers) as client,
        aiohttp.ClientSession(url, headers=headers) as another,
    ):
        await until_ready(client)
        # The first requests open the connections.
        first, *_ = await asyncio.gather(
            *(_post(client, PATH, body) for _ in range(min(64, CREATED)))
        )
        created = await _created(client, body)
        added = await _added(another, f"{PATH}/{first['data']['campaign_id']}/leads/bulk")
    return {
        f"campaigns created at {PER_SECOND}/s, median, ms": _at(created, 0.5),
        "99 of 100 of them, ms": _at(created, 0.99),
        f"{IN_A_LIST:,} leads in a request, median, ms": _at(added, 0.5),
        "the slowest of them, ms": max(added),
    }


async def _post(client: aiohttp.ClientSession, path: str, body: object) -> dict[str, Any]:
    async with client.post(path, json=body) as answer:
        answer.raise_for_status()
        told: dict[str, Any] = json.loads(await answer.read())
    return told


async def _created(client: aiohttp.ClientSession, body: object) -> list[float]:
    began = time.perf_counter()

    async def one(position: int) -> float:
        at = position / PER_SECOND
        await asyncio.sleep(began + at - time.perf_counter())
        await _post(client, PATH, body)
        return (time.perf_counter() - began - at) * 1_000

    return await asyncio.gather(*map(one, range(CREATED)))


async def _added(client: aiohttp.ClientSession, path: str) -> list[float]:
    """One list after the other, each of new numbers."""
    numbers, taken = count(), []
    for _ in range(LISTS):
        leads = [
            {
                "phone_number": f"+354{6_110_000 + next(numbers)}",
                "first_name": "Jane",
                "last_name": "Doe",
                "email": "jane@example.com",
                "custom_fields": {"company": "Acme"},
            }
            for _ in range(IN_A_LIST)
        ]
        began = time.perf_counter()
        answer = await _post(client, path, leads)
        taken.append((time.perf_counter() - began) * 1_000)
        if "errors" in answer:
            raise RuntimeError("not all leads were added")
    return taken


def _at(taken: Sequence[float], share: float) -> float:
    return sorted(taken)[int(len(taken) * share)]
