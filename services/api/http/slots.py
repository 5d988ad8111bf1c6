"""Work that is done a few at a time, shared fairly between the tenants."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary


class Turns:
    """So many requests of a tenant are in work; its others wait. None stands for all strangers.

    Those in work share the processor, so the requests of a tenant that sends few wait for few of
    another one.
    """

    def __init__(self, of_one: int) -> None:
        self._of_one = of_one
        # As long as somebody holds one, or waits for one.
        self._of: WeakValueDictionary[int | None, asyncio.Semaphore] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, tenant_id: int | None) -> AsyncIterator[None]:
        own = self._of.get(tenant_id)
        if own is None:
            own = self._of[tenant_id] = asyncio.Semaphore(self._of_one)
        async with own:
            yield


class FairSlots:
    """A free slot goes to the tenant that has the fewest, then to the one that waits longest."""

    def __init__(self, at_once: int) -> None:
        self._free = at_once
        self._busy: Counter[int] = Counter()
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def slot(self, tenant_id: int) -> AsyncIterator[None]:
        await self._take(tenant_id)
        try:
            yield
        finally:
            self._give_back(tenant_id)

    async def _take(self, tenant_id: int) -> None:
        coming: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((tenant_id, coming))
        self._hand_out()
        try:
            await coming
        except asyncio.CancelledError:
            if coming.done() and not coming.cancelled():
                # It was handed out at the same moment.
                self._give_back(tenant_id)
            raise

    def _give_back(self, tenant_id: int) -> None:
        self._busy[tenant_id] -= 1
        if not self._busy[tenant_id]:
            del self._busy[tenant_id]
        self._free += 1
        self._hand_out()

    def _hand_out(self) -> None:
        while self._free and self._waiting:
            chosen = min(self._waiting, key=lambda waits: self._busy[waits[0]])
            self._waiting.remove(chosen)
            tenant_id, coming = chosen
            if not coming.done():
                self._free -= 1
                self._busy[tenant_id] += 1
                coming.set_result(None)
