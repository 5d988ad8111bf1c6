"""Slots are shared between tenants: many imports of one do not make another wait for them all."""

import asyncio

from services.api.http.slots import FairSlots


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
