"""Tells the ends of contacts that were finished without a call, each by one public event."""

from dataclasses import asdict, dataclass
from datetime import datetime

from shared.db import public_events, tenants, untold_ends
from shared.db.types import Pool
from shared.db.untold_ends import ContactEnd
from shared.kafka.messages.public import ContactFinished, ContactFinishedData
from shared.runtime.metrics import ENDS_TOLD

# The events of a tenant wait for this transaction, so it is a short one.
TELL_MOST = 1_000


@dataclass(frozen=True, slots=True)
class EndTeller:
    """Works off `untold_ends`, tenant by tenant: whatever finished the contacts, however many."""

    pool: Pool

    async def run_once(self, _now: datetime) -> bool:
        """Return whether there may be more to tell at once."""
        more = False
        for tenant_id in await tenants.with_untold_ends(self.pool):
            more = await self._tell(tenant_id) or more
        return more

    async def _tell(self, tenant_id: int) -> bool:
        async with self.pool.acquire() as conn, conn.transaction():
            ends = await untold_ends.take(conn, tenant_id=tenant_id, limit=TELL_MOST)
            await public_events.add(conn, [_event(end) for end in ends])
        ENDS_TOLD.inc(len(ends))
        return len(ends) == TELL_MOST


def _event(end: ContactEnd) -> ContactFinished:
    event = ContactFinished.of(ContactFinishedData(**asdict(end)), at=end.finished_at)
    return event.traced(end.traceparent)
