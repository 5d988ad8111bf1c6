"""The batching of concurrent calls into one write."""

import asyncio

import pytest

from shared.runtime.batching import Batcher


async def test_calls_during_a_write_go_together_into_the_next() -> None:
    written: list[list[int]] = []
    go = asyncio.Event()

    async def write(batch: list[int]) -> None:
        written.append(batch)
        await go.wait()

    batcher = Batcher(write)
    adds = [asyncio.ensure_future(batcher.add(0))]
    while not written:
        await asyncio.sleep(0)
    adds += [asyncio.ensure_future(batcher.add(number)) for number in range(1, 4)]
    go.set()
    await asyncio.gather(*adds)

    assert written == [[0], [1, 2, 3]]


async def test_a_failed_write_is_raised_to_each_caller_and_the_next_is_tried() -> None:
    async def write(batch: list[str]) -> None:
        if "bad" in batch:
            raise ConnectionError("away")

    batcher = Batcher(write)

    results = await asyncio.gather(batcher.add("bad"), batcher.add("also"), return_exceptions=True)
    await batcher.add("good")

    assert [type(result) for result in results] == [ConnectionError, ConnectionError]


async def test_no_batch_is_larger_than_the_limit() -> None:
    sizes: list[int] = []

    async def write(batch: list[int]) -> None:
        sizes.append(len(batch))

    batcher = Batcher(write, limit=3)
    await asyncio.gather(*(batcher.add(number) for number in range(8)))

    assert sizes == [3, 3, 2]


async def test_a_caller_that_left_does_not_hold_up_the_others() -> None:
    go = asyncio.Event()

    async def write(batch: list[int]) -> None:
        await go.wait()

    batcher = Batcher(write)
    left = asyncio.ensure_future(batcher.add(1))
    stays = asyncio.ensure_future(batcher.add(2))
    await asyncio.sleep(0)
    left.cancel()
    go.set()
    await stays

    with pytest.raises(asyncio.CancelledError):
        await left
