"""The carrier's caps: calls at once, and calls that arrive in any second."""

from bisect import bisect_left, bisect_right, insort
from dataclasses import dataclass, field

# Calls are stamped when they arrive and decided later, so arrivals may be slightly out of order.
_KEPT_SECONDS = 5.0
_PRUNED_AT = 8192


@dataclass(slots=True)
class RollingSecond:
    """Arrivals in half-open seconds [t, t + 1): two that are 1.0 s apart never share one."""

    arrivals: list[float] = field(default_factory=list)

    def peak_with(self, arrival: float) -> int:
        """The most arrivals in any second that includes this one."""
        earlier = self.arrivals[bisect_right(self.arrivals, arrival - 1.0) :]
        split = bisect_right(earlier, arrival)
        later = earlier[split : bisect_left(earlier, arrival + 1.0)]
        peak = split + 1
        for extra, end in enumerate(later, start=1):
            peak = max(peak, split - bisect_right(earlier, end - 1.0) + 1 + extra)
        return peak

    def add(self, arrival: float) -> None:
        insort(self.arrivals, arrival)
        if len(self.arrivals) > _PRUNED_AT:
            del self.arrivals[: bisect_right(self.arrivals, self.arrivals[-1] - _KEPT_SECONDS)]


@dataclass(slots=True)
class Caps:
    """Zero is no cap."""

    max_concurrent: int = 0
    calls_per_second: int = 0
    live: int = 0
    peak_concurrent: int = 0
    peak_per_second: int = 0
    _accepted: RollingSecond = field(default_factory=RollingSecond)
    _seen: RollingSecond = field(default_factory=RollingSecond)

    def see(self, arrival: float) -> None:
        self.peak_per_second = max(self.peak_per_second, self._seen.peak_with(arrival))
        self._seen.add(arrival)

    def refusal(self, arrival: float) -> str | None:
        if self.max_concurrent and self.live >= self.max_concurrent:
            return "concurrency_exceeded"
        if self.calls_per_second and self._accepted.peak_with(arrival) > self.calls_per_second:
            return "rate_exceeded"
        return None

    def accept(self, arrival: float) -> None:
        self._accepted.add(arrival)
        self.live += 1
        self.peak_concurrent = max(self.peak_concurrent, self.live)

    def release(self) -> None:
        self.live -= 1
