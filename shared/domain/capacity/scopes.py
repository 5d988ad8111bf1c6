"""The scopes of caps: the installation, a trunk, a tenant, a campaign; the hierarchy of each call.

The hierarchy is spelled here only: a scope that is added here is counted, granted and shown.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Literal, NamedTuple

from shared.domain.capacity.margins import RATE_SPAN

ScopeKind = Literal["installation", "trunk", "tenant", "campaign"]


class Scope(NamedTuple):
    """One thing that has caps of its own, e.g. ("campaign", 7)."""

    kind: ScopeKind
    id: int


# All scopes that cap one call, the widest first.
Hierarchy = tuple[Scope, ...]

INSTALLATION = Scope("installation", 0)


@dataclass(frozen=True, slots=True)
class Caps:
    """Hard caps of one scope; None is no cap.

    `rate_span` is the span in which calls are counted: so many seconds, so many times the cap.
    """

    max_concurrent: int | None
    calls_per_second: int | None
    rate_span: timedelta = RATE_SPAN


NO_CAPS = Caps(None, None)


@lru_cache(maxsize=10_000)
def scopes_of(*, tenant: int, trunk: int, campaign: int) -> Hierarchy:
    """The scopes of a campaign's calls, by the ids of what caps them."""
    return (
        INSTALLATION,
        Scope("trunk", trunk),
        Scope("tenant", tenant),
        Scope("campaign", campaign),
    )


def caps_of(scopes: Hierarchy, *, tenant: Caps, trunk: Caps, campaign: Caps) -> dict[Scope, Caps]:
    """The caps of these scopes, without the installation's: those are a setting."""
    return dict(zip(scopes[1:], (trunk, tenant, campaign), strict=True))


def total_of(trunks: Iterable[Caps]) -> Caps:
    """The caps of trunks together: while one is full, calls go by the next."""
    every = list(trunks)
    concurrent = [own.max_concurrent for own in every if own.max_concurrent is not None]
    rates = [own.calls_per_second for own in every if own.calls_per_second is not None]
    return Caps(
        sum(concurrent) if len(concurrent) == len(every) else None,
        sum(rates) if len(rates) == len(every) else None,
    )


def lowest_of(caps: Iterable[Caps]) -> Caps:
    """The caps that hold when all of these do."""
    every = list(caps)
    return Caps(
        min((own.max_concurrent for own in every if own.max_concurrent is not None), default=None),
        min(
            (own.calls_per_second for own in every if own.calls_per_second is not None),
            default=None,
        ),
    )
