"""Single calls: the time from a request to the dial, and the rate that one api takes."""

import asyncio
import json
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack

import aiohttp
import asyncpg

from bench.end_to_end import environment_of
from bench.processes import cpu_seconds, python_module, until_ready
from outdial.stack.ports import free_port
from outdial.stack.servers import LocalServers
from shared.db import trunks
from shared.db.api import api_keys, tenants
from shared.db.migrate import migrate
from shared.db.types import Connection
from shared.domain.capacity.scopes import Caps
from shared.kafka.topics import create_topics

WARM_UP = 100
# With all services on two cores.
DIALED, DIALED_PER_SECOND = 1_000, 50
# With the api alone.
ANSWERED, ANSWERED_PER_SECOND = 3_000, 300
BEHIND = ("scheduler", "dialer", "events")
LONGEST = 60.0
LATEST = "99 of 100 of them, ms"


async def measure(servers: LocalServers) -> dict[str, float]:
    """Milliseconds from the moment at which each request is due; calls of the null provider."""
    await asyncio.to_thread(migrate, servers.postgres.url)
    await create_topics(servers.kafka.url)
    environment = environment_of(servers)
    async with AsyncExitStack() as stack:
        conn = await asyncpg.connect(servers.postgres.url)
        stack.push_async_callback(conn.close)
        key = await api_keys.create(conn, await tenants.create(conn, "bench"))
        caps = Caps(20_000, 50_000)
        await trunks.upsert(conn, name="default", provider="null", settings={}, caps=caps)
        port = free_port()
        api = await stack.enter_async_context(
            python_module("services.api", environment=environment | {"OUTDIAL_PORT": str(port)})
        )
        headers = {"Authorization": f"Bearer {key}"}
        client = await stack.enter_async_context(
            aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=headers)
        )
        await until_ready(client)
        dialed, costs = await _all_services(conn, client, environment)
        before = cpu_seconds(api.pid)
        _, answered = await _place(client, 5_000, ANSWERED, per_second=ANSWERED_PER_SECOND)
        cost = (cpu_seconds(api.pid) - before) / ANSWERED * 1e6
    return {
        f"single calls at {DIALED_PER_SECOND}/s, request to dial, median, ms": at_share(
            dialed, 0.5
        ),
        LATEST: at_share(dialed, 0.99),
        f"answered at {ANSWERED_PER_SECOND}/s by the api alone, median, ms": at_share(
            answered, 0.5
        ),
        f"{LATEST}, answered": at_share(answered, 0.99),
        "CPU of api, microseconds per call": cost,
        **{f"CPU of {name}, microseconds per call": used for name, used in costs.items()},
    }


async def _all_services(
    conn: Connection, client: aiohttp.ClientSession, environment: dict[str, str]
) -> tuple[list[float], dict[str, float]]:
    """Milliseconds from request to dial, and CPU time per call of each service behind the api."""
    async with AsyncExitStack() as stack:
        pids = {}
        for name in BEHIND:
            port = {"OUTDIAL_PORT": str(free_port())}
            process = await stack.enter_async_context(
                python_module(f"services.{name}", environment=environment | port)
            )
            pids[name] = process.pid
        await _place(client, 0, WARM_UP, per_second=DIALED_PER_SECOND)
        await until_dialed(conn, WARM_UP)
        before = {name: cpu_seconds(pid) for name, pid in pids.items()}
        due, _ = await _place(client, WARM_UP, DIALED, per_second=DIALED_PER_SECOND)
        await until_dialed(conn, WARM_UP + DIALED)
        used = {
            name: (cpu_seconds(pid) - before[name]) / DIALED * 1e6 for name, pid in pids.items()
        }
        return await dialed_after(conn, due), used


async def _place(
    client: aiohttp.ClientSession, first: int, count: int, *, per_second: int
) -> tuple[dict[str, float], list[float]]:
    """The instant at which each request was due, by number, and the milliseconds to its answer."""
    began, epoch = time.perf_counter(), time.time()
    due: dict[str, float] = {}

    async def one(position: int) -> float:
        at = position / per_second
        await asyncio.sleep(began + at - time.perf_counter())
        number = f"+1202555{first + position:04}"
        due[number] = epoch + at
        body = {"number": number, "kind": "informational", "automated": False}
        async with client.post("/v1/calls", json=body) as answer:
            answer.raise_for_status()
            json.loads(await answer.read())
        return (time.perf_counter() - began - at) * 1_000

    return due, await asyncio.gather(*map(one, range(count)))


async def until_dialed(conn: Connection, count: int) -> None:
    async with asyncio.timeout(LONGEST):
        while (  # noqa: ASYNC110 - the database is asked
            await conn.fetchval("SELECT count(*) FROM attempts WHERE dialing_at IS NOT NULL")
            < count
        ):
            await asyncio.sleep(0.05)


async def dialed_after(conn: Connection, due: dict[str, float]) -> list[float]:
    """By the clock of PostgreSQL, which is that of this machine."""
    rows = await conn.fetch(
        """
        SELECT contact.number, extract(epoch FROM attempt.dialing_at)::float AS dialing_at
        FROM attempts AS attempt JOIN contacts AS contact
            ON contact.tenant_id = attempt.tenant_id AND contact.id = attempt.contact_id
        """
    )
    return [
        (row["dialing_at"] - due[row["number"]]) * 1_000 for row in rows if row["number"] in due
    ]


def at_share(taken: Sequence[float], share: float) -> float:
    return sorted(taken)[int(len(taken) * share)]
