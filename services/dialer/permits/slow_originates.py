"""Counts a slow originate against the rate from the moment it may have reached the carrier."""

import time
from datetime import datetime

from services.dialer.permits.permits import Permits
from shared.domain.attempts import CallReference
from shared.domain.capacity.scopes import Hierarchy
from shared.runtime.retries import TRANSIENT

# An originate that is answered within the rate margin (0.25 s) after its permit was asked for
# cannot share a span with the call that takes its place. This is a little less.
SLOW_SECONDS = 0.2


class SlowOriginates:
    """`run_once` must run several times a second: it counts slow calls for one span from then."""

    def __init__(self, permits: Permits) -> None:
        self._permits = permits
        self._under_way: dict[CallReference, tuple[float, Hierarchy]] = {}
        self._answered: list[tuple[CallReference, Hierarchy]] = []

    def begin(self, reference: CallReference, scopes: Hierarchy, *, asked_at: float) -> None:
        """Call it before an originate; `asked_at` is the time at which its permit was asked for."""
        self._under_way[reference] = asked_at, scopes

    def end(self, reference: CallReference) -> None:
        """Call it after the answer, whatever the answer was."""
        asked_at, scopes = self._under_way.pop(reference)
        if time.monotonic() - asked_at > SLOW_SECONDS:
            self._answered.append((reference, scopes))

    async def run_once(self, _now: datetime) -> bool:
        answered, self._answered = self._answered, []
        before = time.monotonic() - SLOW_SECONDS
        slow = [
            (reference, scopes)
            for reference, (asked_at, scopes) in self._under_way.items()
            if asked_at < before
        ]
        try:
            await self._permits.count_from_now(answered + slow)
        except TRANSIENT:
            self._answered = answered + self._answered
            raise
        return False
