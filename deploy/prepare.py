"""Prepares a deployment: creates the schema, the topics and the trunk `default`."""

import asyncio
import os

import asyncpg

from shared.db import trunks
from shared.db.migrate import migrate
from shared.kafka import topics
from shared.runtime.settings import setting


async def route_calls(dsn: str, carrier: str) -> None:
    """Send the calls of campaigns that name no trunk to the simulated carrier at this address."""
    conn = await asyncpg.connect(dsn)
    try:
        await trunks.upsert(conn, name="default", provider="simulated", settings={"url": carrier})
    finally:
        await conn.close()


def main() -> None:
    dsn, kafka = setting("postgres_url"), setting("kafka_url")
    migrate(dsn)
    topics.prepare(kafka)
    carrier = os.environ.get("OUTDIAL_CARRIER_URL")
    if carrier:
        asyncio.run(route_calls(dsn, carrier))


if __name__ == "__main__":
    main()
