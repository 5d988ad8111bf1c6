"""Prepares a deployment: creates the schema, the topics and the trunk `default`."""

import asyncio
import os

import asyncpg

from shared.db import trunks
from shared.db.migrate import migrate
from shared.kafka.topics import create_topics


async def route_calls(dsn: str, carrier: str) -> None:
    """Send the calls of campaigns that name no trunk to the simulated carrier at this address."""
    conn = await asyncpg.connect(dsn)
    try:
        await trunks.upsert(conn, name="default", provider="simulated", settings={"url": carrier})
    finally:
        await conn.close()


def main() -> None:
    dsn, kafka = os.environ["OUTDIAL_POSTGRES_URL"], os.environ["OUTDIAL_KAFKA_URL"]
    migrate(dsn)
    asyncio.run(create_topics(kafka))
    carrier = os.environ.get("OUTDIAL_CARRIER_URL")
    if carrier:
        asyncio.run(route_calls(dsn, carrier))


if __name__ == "__main__":
    main()
