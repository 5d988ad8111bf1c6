"""The export of call records: rate and memory of the api's process."""

import asyncio
import time

import aiohttp
import asyncpg

from bench.processes import python_module, resident_bytes, until_ready
from outdial.stack.ports import free_port
from outdial.stack.servers import LocalServers
from shared.db.api import api_keys, tenants
from shared.db.migrate import migrate
from shared.db.types import Connection

CALLS = 1_000_000
FACTS = (
    '{"answered_by": "human", "detection_seconds": 0.8, "ring_seconds": 7.25, "talk_seconds": 31.5,'
    ' "sip_code": 200, "cause": "NORMAL_CLEARING",'
    ' "price": {"amount": "0.0063", "currency": "USD"}}'
)


async def measure(servers: LocalServers) -> dict[str, float]:
    """Lines per second in each format, and how far the resident memory of the process rises."""
    await asyncio.to_thread(migrate, servers.postgres.url)
    conn = await asyncpg.connect(servers.postgres.url)
    try:
        tenant_id = await tenants.create(conn, "export")
        key = await api_keys.create(conn, tenant_id)
        await _add_calls(conn, tenant_id)
    finally:
        await conn.close()
    port = free_port()
    environment = servers.environment() | {"OUTDIAL_PORT": str(port), "OUTDIAL_LOG_LEVEL": "ERROR"}
    headers = {"Authorization": f"Bearer {key}"}
    figures: dict[str, float] = {"calls": CALLS}
    async with (
        python_module("services.api", environment=environment) as process,
        aiohttp.ClientSession(
            f"http://127.0.0.1:{port}", headers=headers, timeout=aiohttp.ClientTimeout()
        ) as client,
    ):
        await until_ready(client)
        async with client.get("/v1/calls?limit=1000") as answer:
            answer.raise_for_status()
        before = highest = resident_bytes(process.pid)
        for kind, header in (("ndjson", 0), ("csv", 1)):
            lines, began = -header, time.perf_counter()
            async with client.get(f"/v1/calls/export?format={kind}") as answer:
                answer.raise_for_status()
                async for part in answer.content.iter_any():
                    lines += part.count(b"\n")
                    highest = max(highest, resident_bytes(process.pid))
            if lines != CALLS:
                raise SystemExit(f"the export has {lines} calls of {CALLS}")
            figures[f"lines of {kind} per second"] = lines / (time.perf_counter() - began)
    figures["megabytes of memory before"] = before / 1e6
    figures["megabytes that it rose at most"] = (highest - before) / 1e6
    return figures


async def _add_calls(conn: Connection, tenant_id: int) -> None:
    await conn.execute(
        """
        INSERT INTO call_records (tenant_id, attempt_id, position, campaign_id, contact_id,
            trunk_id, dialing_at, ended_at, attempt_number, number, outcome, provider_call_id,
            facts)
        SELECT $1, uuidv7(), n, 1 + n % 20, n, 1, now(), now(), 1, '+' || (12020000000 + n),
            'answered_human', 'call-' || n, $3::jsonb
        FROM generate_series(1, $2::int) AS n
        """,
        tenant_id,
        CALLS,
        FACTS,
        timeout=600,
    )
