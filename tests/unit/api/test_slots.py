"""Work is shared between tenants: what one sends does not make another wait for all of it."""

import asyncio

from services.api.http.slots import FairSlots, Turns


async def test_a_free_slot_goes_to_the_tenant_that_has_the_fewest() -> None:
    slots, order = FairSlots(2), list[int]()

    async def use(tenant_id: int) -> None:
        async with slots.slot(tenant_id):
            order.append(tenant_id)

    async with slots.slot(1):
        async with slots.slot(1):
            tasks = [asyncio.create_task(use(tenant_id)) for tenant_id in (1, 2, 1, 3)]
            await asyncio.sleep(0)
            waiting = list(order)
        await asyncio.gather(*tasks)

    assert waiting == []
    assert order == [2, 3, 1, 1]


async def test_one_who_gives_up_leaves_its_slot_to_the_next() -> None:
    slots, begun = FairSlots(1), list[str]()

    async def use(name: str) -> None:
        async with slots.slot(1):
            begun.append(name)

    async with slots.slot(1):
        waiting = [asyncio.create_task(use(name)) for name in ("a", "b", "c")]
        await asyncio.sleep(0)
        waiting[0].cancel()
    waiting[1].cancel()
    await asyncio.gather(*waiting, return_exceptions=True)

    assert begun == ["c"]
    async with asyncio.timeout(1), slots.slot(2):
        pass


async def test_a_tenant_waits_for_its_own_turns_and_for_nobody_elses() -> None:
    turns, begun, end = Turns(of_one=2), list[int](), asyncio.Event()

    async def use(tenant_id: int) -> None:
        async with turns.turn(tenant_id):
            begun.append(tenant_id)
            await end.wait()

    tasks = [asyncio.create_task(use(tenant_id)) for tenant_id in (1, 1, 1, 1, 2)]
    await asyncio.sleep(0)
    at_first = list(begun)
    end.set()
    await asyncio.gather(*tasks)

    assert at_first == [1, 1, 2]
    assert sorted(begun) == [1, 1, 1, 1, 2]
