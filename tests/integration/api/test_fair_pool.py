"""The connections of the api are lent to the tenant that has the fewest of them."""

import asyncio

from services.api.http.fair_pool import FairPool
from services.api.http.slots import FairSlots
from shared.db.types import Pool
from tests.support.database import api_pool
from tests.support.waiting import until

BUSY, QUIET = 1, 2


async def test_a_tenant_with_many_requests_leaves_the_next_connection_to_another(
    pool: Pool,
) -> None:
    served: list[int] = []
    ends, all_end = asyncio.Event(), asyncio.Event()

    async def request(connections: FairPool, tenant_id: int, until_set: asyncio.Event) -> None:
        async with connections.transaction(tenant_id) as conn:
            served.append(tenant_id)
            assert await conn.fetchval("SELECT current_setting('outdial.tenant_id')::int")
            await until_set.wait()

    async with api_pool(pool) as own:
        connections = FairPool(own, FairSlots(2))
        held = [asyncio.create_task(request(connections, BUSY, end)) for end in (ends, all_end)]
        await until(lambda: served == [BUSY, BUSY])
        tenants = [BUSY] * 5 + [QUIET]
        waiting = [asyncio.create_task(request(connections, one, all_end)) for one in tenants]
        # All of them stand in the queue, the other tenant's at its end.
        await asyncio.sleep(0)
        ends.set()
        await until(lambda: len(served) == 3)
        all_end.set()
        await asyncio.gather(*held, *waiting)

    assert served[:3] == [BUSY, BUSY, QUIET]
    assert served.count(BUSY) == 7
