"""The circuit breaker of a trunk: opens when its provider takes no calls, and probes until it does.

Closed, calls go out. Open, no attempt is claimed or dialed for the trunk. Half-open, once the time
of a probe has come, one dialer lets a few attempts through: the first that the provider answers
closes the breaker, otherwise it stays open for twice as long as before.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.domain.capacity.scopes import Caps

# A trunk is down after so many failures without an answer between them, over at least this time: a
# burst that a carrier refuses because of its rate, or the restart of a server, is none.
FAILURES_LEAST = 5
FAILING_LEAST = timedelta(seconds=1)
# The breaker stays open for the first time, then twice as long each time, up to the longest.
FIRST_PROBE_AFTER = timedelta(seconds=5)
LONGEST_PROBE_AFTER = timedelta(minutes=1)
# An answer to why looks again after this.
LOOK_AGAIN = timedelta(seconds=1)
# A probe is this many attempts at most.
PROBE_MOST = 3
# With these caps of the trunk, two or three attempts are claimed for a probe.
PROBE_CAPS = Caps(max_concurrent=1, calls_per_second=None)


@dataclass(frozen=True, slots=True)
class Failures:
    """The failures of a trunk since its provider last answered, as one dialer sees them."""

    count: int
    since: datetime
    last_at: datetime

    @classmethod
    def after(cls, before: "Failures | None", *, at: datetime) -> "Failures":
        if before is None:
            return cls(1, at, at)
        # Originates end in any order, so the clock of an earlier one may be read later.
        return cls(before.count + 1, before.since, max(before.last_at, at))

    @property
    def is_outage(self) -> bool:
        return self.count >= FAILURES_LEAST and self.last_at - self.since >= FAILING_LEAST


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """An open breaker: the trunk by name, since when it is down, and the provider's last word.

    `probe_at` is the time of the next probe; once it has come, the breaker is half-open.
    """

    trunk: str
    since: datetime
    probe_at: datetime
    cause: str

    def is_half_open(self, *, now: datetime) -> bool:
        return self.probe_at <= now

    def seen(self, *, now: datetime) -> "Outage":
        """For an answer to why: a trunk that is about to be probed is still down."""
        return replace(self, probe_at=max(self.probe_at, now + LOOK_AGAIN))


def stopping(outages: Iterable[Outage | None]) -> tuple[Outage, ...]:
    """The outages of a campaign's trunks, one for each, if all are down; else none stops it."""
    every = list(outages)
    down = tuple(outage for outage in every if outage is not None)
    return down if len(down) == len(every) else ()


def probe_delay(probes: int) -> timedelta:
    """How long the breaker stays open after this many probes; each of them failed."""
    # Far fewer doublings than these reach the longest delay.
    return min(FIRST_PROBE_AFTER * (1 << min(probes, 10)), LONGEST_PROBE_AFTER)
