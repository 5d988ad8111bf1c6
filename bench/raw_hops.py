"""The upper bound: aiokafka alone over two hops.

`python -m bench.raw_hops KAFKA COUNT` is the process in the middle.
"""

import asyncio
import sys

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

FIRST, SECOND = "bench.first", "bench.second"
PARTITIONS = 8
PAYLOAD = b"x" * 200
GATHERED = 500


async def create(kafka: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in (FIRST, SECOND)])
    await admin.close()


def producer(kafka: str) -> AIOKafkaProducer:
    return AIOKafkaProducer(bootstrap_servers=kafka, acks="all", max_batch_size=1 << 20)


async def forward(kafka: str, count: int) -> None:
    """The middle process: forwards messages from the first topic to the second."""
    source = AIOKafkaConsumer(
        FIRST, bootstrap_servers=kafka, group_id="bench", auto_offset_reset="earliest"
    )
    async with source, producer(kafka) as sink:
        passed = 0
        while passed < count:
            batches = await source.getmany(timeout_ms=50, max_records=GATHERED)
            records = [record for batch in batches.values() for record in batch]
            sent = [await sink.send(SECOND, record.value, key=record.key) for record in records]
            await asyncio.gather(*sent)
            if records:
                await source.commit()
            passed += len(records)


async def first_hop(kafka: str, count: int) -> None:
    async with producer(kafka) as sink:
        for start in range(0, count, GATHERED):
            sent = [
                await sink.send(FIRST, PAYLOAD, key=str(number).encode())
                for number in range(start, min(start + GATHERED, count))
            ]
            await asyncio.gather(*sent)


async def last_hop(kafka: str, count: int) -> None:
    end = AIOKafkaConsumer(
        SECOND, bootstrap_servers=kafka, group_id="bench-end", auto_offset_reset="earliest"
    )
    async with end:
        seen = 0
        while seen < count:
            batches = await end.getmany(timeout_ms=50)
            seen += sum(map(len, batches.values()))


if __name__ == "__main__":
    asyncio.run(forward(sys.argv[1], int(sys.argv[2])))
