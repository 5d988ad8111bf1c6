"""Watches originates that take their time, so that the rate is kept where they arrive."""

import time
from datetime import datetime

from services.dialer.permits.permits import Permits
from shared.domain.attempts import CallReference
from shared.domain.capacity.scopes import Hierarchy
from shared.runtime.retries import TRANSIENT

# The rate window is a quarter longer than its second: what is answered within that quarter of
# asking for its permit cannot share a second with the call that takes its place. A little less.
LATE_SECONDS = 0.2


class Arrivals:
    """`run_once` must come several times a second: a late call counts for a second from then."""

    def __init__(self, permits: Permits) -> None:
        self._permits = permits
        self._under_way: dict[CallReference, tuple[float, Hierarchy]] = {}
        self._answered: list[tuple[CallReference, Hierarchy]] = []

    def begin(self, reference: CallReference, scopes: Hierarchy, *, asked_at: float) -> None:
        """Before an originate; `asked_at` is when its permit was asked for."""
        self._under_way[reference] = asked_at, scopes

    def end(self, reference: CallReference) -> None:
        """After its answer, whatever that was."""
        asked_at, scopes = self._under_way.pop(reference)
        if time.monotonic() - asked_at > LATE_SECONDS:
            self._answered.append((reference, scopes))

    async def run_once(self, _now: datetime) -> bool:
        answered, self._answered = self._answered, []
        before = time.monotonic() - LATE_SECONDS
        late = [
            (reference, scopes)
            for reference, (asked_at, scopes) in self._under_way.items()
            if asked_at < before
        ]
        try:
            await self._permits.count_from_now(answered + late)
        except TRANSIENT:
            self._answered = answered + self._answered
            raise
        return False
