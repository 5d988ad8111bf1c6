"""Wavix's POST: the time from a request to the dial, and what the scheduler costs afterwards.

`BENCH_SECONDS=180` measures three minutes in place of the usual twenty seconds.
"""

import asyncio
import os
import time
from contextlib import AsyncExitStack

import aiohttp
import asyncpg

from bench.end_to_end import environment_of
from bench.processes import cpu_seconds, python_module, until_ready
from bench.single_calls import BEHIND, at_share, dialed_after, until_dialed
from outdial.stack.ports import free_port
from outdial.stack.servers import LocalServers
from shared.db import trunks
from shared.db.api import api_keys, tenants
from shared.db.migrate import migrate
from shared.domain.capacity.scopes import Caps
from shared.kafka.topics import create_topics

PER_SECOND = 100
WARM_UP = 100
SECONDS = int(os.environ.get("BENCH_SECONDS", "20"))
# Ten thousand numbers each.
PREFIXES = ("+1202555", "+1212555", "+1303555", "+1415555", "+1312555", "+1617555")
CALLER_ID = "+13123310912"
FLOW = {"start": "bye", "steps": {"bye": {"type": "hang_up"}}}
FREE = {"kind": "informational", "automated": False}
# The scheduler at rest, whose passes are all that it does.
REST_SECONDS = 5.0


async def measure(servers: LocalServers) -> dict[str, float]:
    await asyncio.to_thread(migrate, servers.postgres.url)
    await create_topics(servers.kafka.url)
    environment = environment_of(servers)
    count = SECONDS * PER_SECOND
    async with AsyncExitStack() as stack:
        conn = await asyncpg.connect(servers.postgres.url)
        stack.push_async_callback(conn.close)
        key = await api_keys.create(conn, await tenants.create(conn, "bench"))
        caps = Caps(20_000, 50_000)
        await trunks.upsert(conn, name="default", provider="null", settings={}, caps=caps)
        pids, ports = {}, {}
        for name in ("api", *BEHIND):
            ports[name] = free_port()
            process = await stack.enter_async_context(
                python_module(
                    f"services.{name}",
                    environment=environment | {"OUTDIAL_PORT": str(ports[name])},
                )
            )
            pids[name] = process.pid
        client = await stack.enter_async_context(
            aiohttp.ClientSession(f"http://127.0.0.1:{ports['api']}")
        )
        await until_ready(client)
        wavix = await _credentials(client, key)
        await _place(client, wavix, 0, WARM_UP)
        await until_dialed(conn, WARM_UP)
        few = await _at_rest(pids["scheduler"])
        before = cpu_seconds(pids["api"])
        due, answered = await _place(client, wavix, WARM_UP, count)
        cost = (cpu_seconds(pids["api"]) - before) / count * 1e6
        await until_dialed(conn, WARM_UP + count)
        many = await _at_rest(pids["scheduler"])
        dialed = await dialed_after(conn, due)
    return {
        f"POST at {PER_SECOND}/s for {SECONDS} s, to the dial, median, ms": at_share(dialed, 0.5),
        "99 of 100 of them, ms": at_share(dialed, 0.99),
        "99 of 100 of them, ms, answered": at_share(answered, 0.99),
        "CPU of api, microseconds per call": cost,
        f"CPU of the scheduler at rest after {WARM_UP:,} calls, ms in a second": few,
        f"CPU of the scheduler at rest after {WARM_UP + count:,} calls, ms in a second": many,
    }


async def _credentials(client: aiohttp.ClientSession, key: str) -> dict[str, str]:
    """The headers of a client of Wavix, and the id of the only call flow."""
    headers = {"Authorization": f"Bearer {key}"}
    for path, body in (
        ("/v1/call-flows", {"name": "bye", "flow": FLOW}),
        ("/v1/caller-ids", {"number": CALLER_ID}),
    ):
        async with client.post(path, json=body, headers=headers) as answer:
            answer.raise_for_status()
    asked = {"dialect": "wavix", "calls": FREE}
    async with client.post("/v1/dialect-credentials", json=asked, headers=headers) as answer:
        answer.raise_for_status()
        made = await answer.json()
    return {"appid": made["api_key"], "callflow_id": str(made["ids"]["callflow_id"]["bye"])}


async def _place(
    client: aiohttp.ClientSession, wavix: dict[str, str], first: int, count: int
) -> tuple[dict[str, float], list[float]]:
    """The instant at which each request was due, by number, and the milliseconds to its answer."""
    began, epoch = time.perf_counter(), time.time()
    due: dict[str, float] = {}

    async def one(position: int) -> float:
        at = position / PER_SECOND
        await asyncio.sleep(began + at - time.perf_counter())
        prefix, n = divmod(first + position, 10_000)
        number = f"{PREFIXES[prefix]}{n:04}"
        due[number] = epoch + at
        call = {
            "callflow_id": int(wavix["callflow_id"]),
            "contact": number,
            "caller_id": CALLER_ID,
        }
        async with client.post(
            "/wavix/v1/voice-campaigns",
            params={"appid": wavix["appid"]},
            json={"voice_campaign": call},
        ) as answer:
            answer.raise_for_status()
            await answer.read()
        return (time.perf_counter() - began - at) * 1_000

    return due, await asyncio.gather(*map(one, range(count)))


async def _at_rest(pid: int) -> float:
    before = cpu_seconds(pid)
    await asyncio.sleep(REST_SECONDS)
    return (cpu_seconds(pid) - before) / REST_SECONDS * 1_000
