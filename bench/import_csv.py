"""Rate of a CSV import over HTTP, the ratio to a bare COPY of the same rows, and bulk adds."""

import asyncio
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import asyncpg

from outdial.stack.ports import free_port
from shared.db import trunks
from shared.db.api import api_keys, tenants
from shared.db.types import Connection

ROWS = 200_000
BULK_ADDS = 20
# The prefix of a country's numbers, and a zone for the file.
REGIONS = (
    (12022000000, ""),
    (13122000000, ""),
    (493010000000, ""),
    (442070000000, ""),
    (33142000000, ""),
    (81350000000, "Asia/Tokyo"),
)
DEFINITION = {
    "name": "import",
    "calendar": {
        "windows": [{"days": ["mon", "tue", "wed", "thu", "fri"], "start": "09:00", "end": "20:00"}]
    },
}


async def measure(dsn: str, *, rows: int = ROWS) -> dict[str, float]:
    """`dsn` names a migrated database; the rows stay in it."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "contacts.csv"
        await asyncio.to_thread(write_contacts, file, rows)
        conn = await asyncpg.connect(dsn)
        try:
            done = await _import(conn, dsn, file)
            copied = await _copy(conn, done.campaign_id)
            size = await _bytes_per_contact(conn)
        finally:
            await conn.close()
    return {
        "rows": rows,
        "contacts": done.contacts,
        "rows_per_second": rows / done.seconds,
        "copy_rows_per_second": done.contacts / copied,
        "ratio_to_copy": copied / done.seconds,
        "bytes_per_contact": size,
        "slowest_request_beside_seconds": done.slowest_beside,
        "bulk_add_of_1000_median_seconds": statistics.median(done.bulk_adds),
        "bulk_add_of_1000_slowest_seconds": max(done.bulk_adds),
    }


def write_contacts(file: Path, rows: int) -> None:
    chance = random.Random(7)
    order = chance.sample(range(rows), rows)
    with file.open("w") as lines:
        lines.write("number,name,zone,external_id,language\n")
        for n in order:
            first, zone = REGIONS[n % len(REGIONS)]
            lines.write(f"+{first + n // len(REGIONS)},Ada Berg,{zone},P{n:07},en\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    campaign_id: int
    contacts: int
    seconds: float
    slowest_beside: float
    bulk_adds: Sequence[float]


async def _import(conn: Connection, dsn: str, file: Path) -> Done:
    key = await api_keys.create(conn, await tenants.create(conn, "bench"))
    await trunks.upsert(
        conn, name="default", provider="simulated", settings={"url": "http://127.0.0.1:9"}
    )
    headers = {"Authorization": f"Bearer {key}"}
    async with _api(dsn) as url, aiohttp.ClientSession(url, headers=headers) as client:
        async with client.post("/v1/campaigns", json=DEFINITION) as created:
            campaign_id = (await created.json())["id"]
        path = f"/v1/campaigns/{campaign_id}"
        beside = asyncio.create_task(_ask_beside(client, path))
        begin = time.perf_counter()
        with file.open("rb") as body:
            csv = {"Content-Type": "text/csv"}
            async with client.post(f"{path}/contacts/import", data=body, headers=csv) as answer:
                report = await answer.json()
        seconds = time.perf_counter() - begin
        beside.cancel()
        slowest = await beside
        async with client.post("/v1/campaigns", json=DEFINITION) as created:
            other = f"/v1/campaigns/{(await created.json())['id']}"
        bulk_adds = [await _bulk_add(client, other, nth) for nth in range(BULK_ADDS)]
    return Done(
        campaign_id=campaign_id,
        contacts=report["imported"],
        seconds=seconds,
        slowest_beside=slowest,
        bulk_adds=bulk_adds,
    )


async def _bulk_add(client: aiohttp.ClientSession, path: str, nth: int) -> float:
    """Seconds of one request that adds 1,000 new contacts."""
    contacts = [
        {
            "number": f"+1{2_122_000_000 + nth * 1000 + n}",
            "external_id": f"B{nth}-{n}",
            "attributes": {"name": "Ada Berg", "language": "en"},
            "client_token": f"{n}",
        }
        for n in range(1000)
    ]
    begin = time.perf_counter()
    async with client.post(f"{path}/contacts", json=contacts) as answer:
        added = await answer.json()
    seconds = time.perf_counter() - begin
    if added["imported"] != len(contacts):
        raise ValueError(f"{added['imported']} of {len(contacts)} were added")
    return seconds


async def _ask_beside(client: aiohttp.ClientSession, path: str) -> float:
    """Measure many small requests until cancelled; keeps the slowest."""
    slowest = 0.0
    try:
        while True:
            begin = time.perf_counter()
            async with client.get(path) as answer:
                await answer.read()
            slowest = max(slowest, time.perf_counter() - begin)
            await asyncio.sleep(0.05)
    except asyncio.CancelledError:
        return slowest


async def _bytes_per_contact(conn: Connection) -> float:
    """Bytes on disk, with all indexes."""
    await conn.execute("VACUUM ANALYZE contacts")
    size: float = await conn.fetchval(
        "SELECT pg_total_relation_size('contacts')::float / count(*) FROM contacts"
    )
    return size


async def _copy(conn: Connection, campaign_id: int) -> float:
    """Seconds of a COPY of the same rows from the server's disk into a twin of the table."""
    directory = await conn.fetchval("SELECT current_setting('data_directory')")
    file = f"{directory}/bench_contacts_{campaign_id}.copy"
    columns = "tenant_id, campaign_id, calling_group_id, number, external_id, attributes"
    # COPY takes no parameters.
    rows = f"SELECT {columns} FROM contacts WHERE campaign_id = {campaign_id:d} ORDER BY id"  # noqa: S608
    await conn.execute("CREATE TABLE contacts_twin (LIKE contacts INCLUDING ALL)")
    try:
        await conn.execute(f"COPY ({rows}) TO '{file}'")
        begin = time.perf_counter()
        await conn.execute(f"COPY contacts_twin ({columns}) FROM '{file}'")
        return time.perf_counter() - begin
    finally:
        await conn.execute("DROP TABLE contacts_twin")


@asynccontextmanager
async def _api(dsn: str) -> AsyncIterator[str]:
    """Run the api as a process; for an import it needs neither Kafka nor Redis."""
    port = free_port()
    environment = os.environ | {
        "OUTDIAL_POSTGRES_URL": dsn,
        "OUTDIAL_REDIS_URL": "redis://127.0.0.1:9",
        "OUTDIAL_KAFKA_URL": "127.0.0.1:9",
        "OUTDIAL_PORT": str(port),
        "OUTDIAL_LOG_LEVEL": "ERROR",
    }
    process = await asyncio.create_subprocess_exec(
        *_command(), env=environment, stdout=asyncio.subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        await _until_ready(url)
        yield url
    finally:
        process.terminate()
        await process.wait()


def _command() -> Sequence[str]:
    return (sys.executable, "-m", "services.api")


async def _until_ready(url: str) -> None:
    deadline = time.monotonic() + 30
    async with aiohttp.ClientSession() as client:
        while True:
            try:
                async with client.get(f"{url}/readyz") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                if time.monotonic() > deadline:
                    raise
            await asyncio.sleep(0.05)


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(sys.argv[1])), indent=2))
