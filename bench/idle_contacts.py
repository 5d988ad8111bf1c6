"""Cost of a contact that is not due: bytes on disk, and memory in each service."""

import asyncio
import json
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import asyncpg

from bench.processes import python_module, resident_bytes
from outdial.stack.ports import free_port
from outdial.stack.servers import LocalServers
from shared.db import trunks
from shared.db.migrate import migrate
from shared.db.types import Connection
from shared.kafka.topics import create_topics

CONTACTS = 1_000_000
SERVICES = ("api", "scheduler", "dialer", "events")
# Memory is read after it has not grown for this long: every periodic step has run many times.
STILL_SECONDS = 5
STILL_BYTES = 256 * 1024
LONGEST = 60
CLOSED = {
    "name": "idle",
    "calendar": {
        "windows": [{"days": ["mon"], "start": "09:00", "end": "20:00"}],
        "start_date": (datetime.now(UTC) + timedelta(days=30)).date().isoformat(),
    },
}


async def measure(servers: LocalServers) -> dict[str, float]:
    """Resident memory of the services with no contact and with a million that wait."""
    await asyncio.to_thread(migrate, servers.postgres.url)
    await create_topics(servers.kafka.url)
    async with AsyncExitStack() as stack:
        conn = await asyncpg.connect(servers.postgres.url)
        stack.push_async_callback(conn.close)
        pids = {}
        for name in SERVICES:
            environment = servers.environment() | {
                "OUTDIAL_PORT": str(free_port()),
                "OUTDIAL_EVENTS_SECRET": "a-word-of-the-benchmark",
            }
            process = await stack.enter_async_context(
                python_module(f"services.{name}", environment=environment)
            )
            pids[name] = process.pid
        campaign_id = await _running_campaign(conn)
        before = await _settled(pids)
        await _add_contacts(conn, campaign_id)
        after = await _settled(pids)
        size = await conn.fetchval("SELECT pg_total_relation_size('contacts')")
    return {
        "contacts that are not due": CONTACTS,
        "bytes on disk per contact, with indexes": size / CONTACTS,
        **{
            f"bytes of memory in {name} per contact": (after[name] - before[name]) / CONTACTS
            for name in SERVICES
        },
    }


async def _settled(pids: dict[str, int]) -> dict[str, int]:
    """Resident bytes of each process after all of them have stopped growing."""
    async with asyncio.timeout(LONGEST):
        while True:
            before = {name: resident_bytes(pid) for name, pid in pids.items()}
            await asyncio.sleep(STILL_SECONDS)
            after = {name: resident_bytes(pid) for name, pid in pids.items()}
            if all(after[name] - before[name] < STILL_BYTES for name in pids):
                return after


async def _running_campaign(conn: Connection) -> int:
    trunk_id = await trunks.upsert(conn, name="default", provider="null", settings={})
    tenant_id = await conn.fetchval("INSERT INTO tenants (name) VALUES ('idle') RETURNING id")
    campaign_id: int = await conn.fetchval(
        """
        INSERT INTO campaigns (
            tenant_id, trunk_id, name, definition, state, wanted_state, started_at
        )
        VALUES ($1, $2, 'idle', $3, 'running', 'running', now()) RETURNING id
        """,
        tenant_id,
        trunk_id,
        json.dumps(CLOSED),
    )
    return campaign_id


async def _add_contacts(conn: Connection, campaign_id: int) -> None:
    group_id = await conn.fetchval(
        """
        INSERT INTO calling_groups (zones, source, jurisdictions, jurisdiction_source)
        VALUES (ARRAY['America/New_York'], 'number', '{US-NY}', 'number') RETURNING id
        """
    )
    tenant_id = await conn.fetchval("SELECT tenant_id FROM campaigns WHERE id = $1", campaign_id)
    await conn.execute(
        "INSERT INTO campaign_groups VALUES ($1, $2, $3)", tenant_id, campaign_id, group_id
    )
    await conn.execute(
        """
        INSERT INTO contacts (tenant_id, campaign_id, calling_group_id, number, external_id)
        SELECT $1, $2, $3, '+' || (12020000000 + n), 'P' || n FROM generate_series(1, $4::int) n
        """,
        tenant_id,
        campaign_id,
        group_id,
        CONTACTS,
    )
    await conn.execute("VACUUM ANALYZE contacts")
