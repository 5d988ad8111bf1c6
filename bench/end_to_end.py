"""Attempts per second from due to folded with the null provider, and the ratio to raw Kafka."""

import asyncio
import json
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import asyncpg
from pydantic import SecretStr

from bench import raw_hops
from bench.processes import cpu_seconds, python_module, server_cpu_seconds
from outdial.stack.ports import free_port
from outdial.stack.servers import LocalServers
from shared.db import trunks
from shared.db.migrate import migrate
from shared.db.trunks import NO_SECRET
from shared.db.types import Connection
from shared.domain.capacity.scopes import Caps
from shared.kafka.topics import create_topics

ATTEMPTS = int(os.environ.get("BENCH_ATTEMPTS", "60000"))
WARM_UP = 2_000
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
SERVICES = ("scheduler", "dialer", "events")
# Dialers and events wait for round trips part of the time; two of each keep the cores busy.
PROCESSES = ("scheduler", "dialer", "dialer", "events", "events")
EVENTS_SECRET = "a-word-of-the-benchmark"  # noqa: S105 - of no installation
CAPS = {"max_concurrent": 20_000, "calls_per_second": 50_000}
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DEFINITION = {
    "name": "bench",
    "calendar": {"windows": [{"days": DAYS, "start": "00:00", "end": "24:00"}]},
    "kind": "informational",
    "automated": False,
    "caps": CAPS,
}
ZONES = ("Atlantic/Reykjavik", "Europe/London", "America/New_York", "Asia/Tokyo")
LONGEST = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The provider by which the attempts of a round are called, and its cap of calls at once."""

    provider: str = "null"
    max_concurrent: int = CAPS["max_concurrent"]
    settings: Mapping[str, Any] = field(default_factory=dict)
    secret: SecretStr = NO_SECRET


NULL = Route()


async def measure(servers: LocalServers) -> dict[str, float]:
    """Rounds of Outdial and raw Kafka alternate; the figures are medians."""
    await asyncio.to_thread(migrate, servers.postgres.url)
    await create_topics(servers.kafka.url)
    await raw_hops.create(servers.kafka.url)
    rates, bounds, costs = [], [], []
    for _ in range(ROUNDS):
        bounds.append(await raw_rate(servers.kafka.url))
        rate, cost = await attempt_rate(servers)
        rates.append(rate)
        costs.append(cost)
    ratios = [rate / bound for rate, bound in zip(rates, bounds, strict=True)]
    return {
        "attempts/s, due to folded, median": median(rates),
        "attempts/s, lowest round": min(rates),
        "raw aiokafka over two hops, messages/s, median": median(bounds),
        "ratio to raw, median": median(ratios),
        **{
            f"CPU of {name}, microseconds per attempt": median([cost[name] for cost in costs])
            for name in SERVICES
        },
    }


def median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


async def raw_rate(kafka: str) -> float:
    async with python_module("bench.raw_hops", kafka, str(ATTEMPTS), environment={}):
        began = time.monotonic()
        async with asyncio.timeout(LONGEST):
            await asyncio.gather(
                raw_hops.first_hop(kafka, ATTEMPTS), raw_hops.last_hop(kafka, ATTEMPTS)
            )
        return ATTEMPTS / (time.monotonic() - began)


def environment_of(servers: LocalServers) -> dict[str, str]:
    return servers.environment() | {
        "OUTDIAL_LOG_LEVEL": "WARNING",
        "OUTDIAL_EVENTS_SECRET": EVENTS_SECRET,
        "OUTDIAL_MAX_CONCURRENT": str(CAPS["max_concurrent"]),
        "OUTDIAL_CALLS_PER_SECOND": str(CAPS["calls_per_second"]),
    }


async def attempt_rate(
    servers: LocalServers, *, route: Route = NULL, attempts: int = ATTEMPTS
) -> tuple[float, dict[str, float]]:
    """Rate of a campaign with due contacts only, and CPU time per attempt of each service (µs)."""
    conn = await asyncpg.connect(servers.postgres.url)
    environment = environment_of(servers)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(conn.close)
        warm_up = await prepare(conn, WARM_UP, route=route)
        campaign_id = await prepare(conn, attempts, route=route)
        pids: dict[str, list[int]] = {name: [] for name in SERVICES}
        for name in PROCESSES:
            port = {"OUTDIAL_PORT": str(free_port())}
            process = await stack.enter_async_context(
                python_module(f"services.{name}", environment=environment | port)
            )
            pids[name].append(process.pid)
        await begin(conn, warm_up)
        await until_folded(conn, warm_up, WARM_UP)
        before = used(servers, pids)
        began = time.monotonic()
        await begin(conn, campaign_id)
        await until_folded(conn, campaign_id, attempts)
        elapsed = time.monotonic() - began
        costs = {
            name: (seconds - before[name]) / attempts * 1e6
            for name, seconds in used(servers, pids).items()
        }
        await check(conn, campaign_id, attempts)
    return attempts / elapsed, costs


def used(servers: LocalServers, pids: Mapping[str, Sequence[int]]) -> dict[str, float]:
    """The processor time of the services and of the servers, in seconds."""
    return {name: sum(map(cpu_seconds, own)) for name, own in pids.items()} | server_cpu_seconds(
        servers
    )


async def new_tenant(conn: Connection) -> int:
    tenant_id: int = await conn.fetchval("INSERT INTO tenants (name) VALUES ('bench') RETURNING id")
    return tenant_id


async def prepare(
    conn: Connection,
    contacts: int,
    *,
    route: Route = NULL,
    tenant_id: int | None = None,
    caps: Mapping[str, int] = CAPS,
    groups: Sequence[int] = (),
) -> int:
    """Insert a draft campaign and its contacts, one after another in each of the groups."""
    trunk_id = await trunks.upsert(
        conn,
        name="default",
        provider=route.provider,
        settings=route.settings,
        secret=route.secret,
        caps=Caps(route.max_concurrent, CAPS["calls_per_second"]),
    )
    tenant_id = tenant_id or await new_tenant(conn)
    campaign_id: int = await conn.fetchval(
        """
        INSERT INTO campaigns (tenant_id, trunk_id, name, definition, state, wanted_state)
        VALUES ($1, $2, 'bench', $3, 'draft', 'draft') RETURNING id
        """,
        tenant_id,
        trunk_id,
        json.dumps(DEFINITION | {"caps": caps}),
    )
    groups = groups or [
        await conn.fetchval(
            """
            INSERT INTO calling_groups (zones, source, jurisdictions, jurisdiction_source)
            VALUES ($1, 'contact', '{US}', 'number')
            ON CONFLICT ON CONSTRAINT calling_groups_combination
                DO UPDATE SET zones = excluded.zones
            RETURNING id
            """,
            [zone],
        )
        for zone in ZONES
    ]
    await conn.execute(
        "INSERT INTO campaign_groups SELECT $1, $2, unnest($3::int[])",
        tenant_id,
        campaign_id,
        groups,
    )
    await conn.execute(
        """
        INSERT INTO contacts (tenant_id, campaign_id, calling_group_id, number)
        SELECT $1, $2, ($3::int[])[1 + n % cardinality($3::int[])], '+' || (12025550000 + n)
        FROM generate_series(1, $4) n
        """,
        tenant_id,
        campaign_id,
        groups,
        contacts,
    )
    await conn.execute(
        "INSERT INTO campaign_counters VALUES ($1, $2, 'contacts', $3)",
        tenant_id,
        campaign_id,
        contacts,
    )
    await conn.execute("VACUUM ANALYZE contacts")
    return campaign_id


async def begin(conn: Connection, campaign_id: int) -> None:
    await conn.execute(
        """
        UPDATE campaigns SET state = 'running', wanted_state = 'running', started_at = $2
        WHERE id = $1
        """,
        campaign_id,
        datetime.now(UTC),
    )


async def until_folded(conn: Connection, campaign_id: int, count: int) -> None:
    async with asyncio.timeout(LONGEST):
        while await folded(conn, campaign_id) < count:  # noqa: ASYNC110 - the database is asked
            await asyncio.sleep(0.05)


async def folded(conn: Connection, campaign_id: int) -> int:
    total: int = await conn.fetchval(
        """
        SELECT coalesce(sum(value), 0)::bigint FROM campaign_counters
        WHERE campaign_id = $1 AND name LIKE 'outcome.%'
        """,
        campaign_id,
    )
    return total


async def check(conn: Connection, campaign_id: int, attempts: int) -> None:
    """Refuse a wrong result: each contact must be called once, each attempt must have ended."""
    rows = await conn.fetch(
        """
        SELECT c.state, c.outcome, count(*) AS contacts, count(a.id) AS attempts
        FROM contacts c LEFT JOIN attempts a
            ON a.tenant_id = c.tenant_id AND a.contact_id = c.id AND a.state = 'ended'
        WHERE c.campaign_id = $1 GROUP BY 1, 2
        """,
        campaign_id,
    )
    expected = [("finished", "answered_human", attempts, attempts)]
    counts = [tuple(row.values()) for row in rows]
    if counts != expected:
        raise SystemExit(f"the run was wrong: {counts} instead of {expected}")
