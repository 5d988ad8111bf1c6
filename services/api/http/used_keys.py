"""Keeps in memory when API keys were used, and writes it down beside the requests."""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from shared.db.api import api_keys
from shared.db.api.pool import ApiPool

# So often a process writes; two processes together write a key no more often.
WRITE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class UsedKeys:
    """The last use of each key since the last writing, by tenant and key."""

    _uses: dict[int, dict[int, datetime]] = field(default_factory=lambda: defaultdict(dict))

    def note(self, tenant_id: int, key_id: int, *, at: datetime) -> None:
        self._uses[tenant_id][key_id] = at

    def writing(self, pool: ApiPool) -> Callable[[datetime], Awaitable[bool]]:
        """The periodic step that writes all uses since the last time.

        If a tenant's cannot be written, they are with the next step.
        """

        async def write(_now: datetime) -> bool:
            for tenant_id, uses in list(self._uses.items()):
                written = dict(uses)
                async with pool.transaction(tenant_id) as conn:
                    await api_keys.note_uses(conn, tenant_id, written)
                if uses == written:
                    del self._uses[tenant_id]
            return False

        return write
