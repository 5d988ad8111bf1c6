"""How many contacts to claim now, and how campaigns share what their caps leave free."""

import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.domain.capacity.scopes import Caps, Hierarchy, Scope

# So many attempts wait ahead of the permits, as a share of them: a freed permit is used at once.
READY_SHARE = 0.1
READY_LEAST = 2
# The longest queue, also without caps: attempts in a longer one would be out of date when dialed.
QUEUE_MOST = 4_000
# A queue that is nearly full is not topped up: one large claim costs less than many small ones.
REFILL_SHARE = 0.25
# Shares are dealt out in at most so many turns; more turns would only be more exact.
TURNS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimant:
    """A campaign that wants to claim; `used` are its live attempts, `scopes` all that cap it."""

    id: int
    used: int
    weight: int
    priority: int
    scopes: Hierarchy


def room(caps: Caps, *, waiting: int, dialed: int) -> int:
    """How many attempts may be claimed now in a scope, beside its `waiting` and `dialed` ones.

    The queue holds at most one second of the rate, or a little more than the idle lines. It is
    not topped up while it is nearly full.
    """
    wanted = QUEUE_MOST
    if caps.max_concurrent is not None:
        idle = max(0, caps.max_concurrent - dialed)
        wanted = min(wanted, idle + _ready(caps.max_concurrent))
    if caps.calls_per_second is not None:
        wanted = min(wanted, caps.calls_per_second + _ready(caps.calls_per_second))
    free = wanted - waiting
    return free if free >= max(1, wanted * REFILL_SHARE) else 0


def fair_shares(claimants: Sequence[Claimant], free: Mapping[Scope, int]) -> dict[int, int]:
    """How many contacts each claimant may claim, by id, within what its scopes have free.

    Priorities are served one after another. Within one, the claimant with the least in use for its
    weight is served first, so that a small campaign does not wait for a large one.
    """
    left = dict(free)
    shares: Counter[int] = Counter()
    by_priority: dict[int, list[Claimant]] = defaultdict(list)
    for claimant in claimants:
        by_priority[claimant.priority].append(claimant)
    for priority in sorted(by_priority, reverse=True):
        _deal(by_priority[priority], left, shares)
    return dict(shares)


def _deal(claimants: list[Claimant], left: dict[Scope, int], shares: Counter[int]) -> None:
    most = max(min(left[scope] for scope in claimant.scopes) for claimant in claimants)
    portion = max(1, most // TURNS)
    queue = [(claimant.used / claimant.weight, claimant.id, claimant) for claimant in claimants]
    heapq.heapify(queue)
    while queue:
        _, id_, claimant = heapq.heappop(queue)
        share = min(portion * claimant.weight, *(left[scope] for scope in claimant.scopes))
        if share <= 0:
            continue
        for scope in claimant.scopes:
            left[scope] -= share
        shares[id_] += share
        level = (claimant.used + shares[id_]) / claimant.weight
        heapq.heappush(queue, (level, id_, claimant))


def _ready(cap: int) -> int:
    return max(READY_LEAST, math.ceil(cap * READY_SHARE))
