"""Black-outs: emergency stops of all calls, everywhere or in one area, for a span of time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from shared.domain.places.jurisdictions import covers


@dataclass(frozen=True, slots=True, kw_only=True)
class Blackout:
    """From `starts_at` until just before `ends_at`, which is NEVER while no end is set.

    Without a tenant it is for all tenants, without a jurisdiction for all places.
    """

    id: int
    tenant_id: int | None
    jurisdiction: str | None
    starts_at: datetime
    ends_at: datetime
    reason: str


def blacked_out(
    blackouts: Iterable[Blackout],
    *,
    tenant_id: int,
    jurisdictions: tuple[str, ...],
    now: datetime,
) -> Blackout | None:
    """The black-out that forbids the tenant to call there now; of several, the last to end."""
    return max(
        (
            blackout
            for blackout in blackouts
            if blackout.starts_at <= now < blackout.ends_at
            and _covers(blackout, tenant_id, jurisdictions)
        ),
        key=attrgetter("ends_at"),
        default=None,
    )


def _covers(blackout: Blackout, tenant_id: int, jurisdictions: tuple[str, ...]) -> bool:
    if blackout.tenant_id not in (None, tenant_id):
        return False
    return blackout.jurisdiction is None or covers(blackout.jurisdiction, jurisdictions)
