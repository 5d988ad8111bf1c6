"""How many contacts to claim now: what the caps leave free, and a little to have ready."""

import math
from dataclasses import dataclass

# Claimed ahead of the permits, as a share of them, so that a freed permit finds an attempt waiting.
READY_SHARE = 0.1
READY_LEAST = 2
# Without caps, or with high ones, no queue grows longer than this: it would only grow stale.
QUEUE_MOST = 4_000
# A queue that is nearly full is not topped up: one large claim costs less than many small ones.
REFILL_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class Caps:
    """Hard caps of one scope; None is no cap."""

    max_concurrent: int | None
    calls_per_second: int | None


def claim_limit(caps: tuple[Caps, ...], in_use: tuple[int, ...], *, queued: int) -> int:
    """Attempts to claim for a campaign that has `queued` claimed ones.

    `in_use` are the calls up in each scope of `caps`. A second's worth of the rate may wait. None
    are wanted while the queue is nearly full.
    """
    wanted = QUEUE_MOST
    for cap, used in zip(caps, in_use, strict=True):
        if cap.max_concurrent is not None:
            idle = max(0, cap.max_concurrent - used)
            wanted = min(wanted, idle + _ready(cap.max_concurrent))
        if cap.calls_per_second is not None:
            wanted = min(wanted, cap.calls_per_second + _ready(cap.calls_per_second))
    free = wanted - queued
    return free if free >= max(1, wanted * REFILL_SHARE) else 0


def _ready(cap: int) -> int:
    return max(READY_LEAST, math.ceil(cap * READY_SHARE))
