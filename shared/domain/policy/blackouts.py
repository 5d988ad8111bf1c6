"""Black-outs: spans in which nobody is called, everywhere or in one area; an emergency stop."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from phonenumbers import SUPPORTED_REGIONS

_PART = re.compile(r"([A-Z]{2})-[A-Z0-9]{1,3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Blackout:
    """From `starts_at` until just before `ends_at`, which is `NEVER` until somebody ends it.

    No tenant: all of them. No jurisdiction: everywhere.
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
    """The one that forbids the tenant to call there now; of several the one that ends last."""
    return max(
        (
            each
            for each in blackouts
            if each.starts_at <= now < each.ends_at and _covers(each, tenant_id, jurisdictions)
        ),
        key=attrgetter("ends_at"),
        default=None,
    )


def is_jurisdiction(code: str) -> bool:
    """A country of ISO 3166 that has phone numbers, or what may be a part of one: GB, US-LA."""
    part = _PART.fullmatch(code)
    return (part[1] if part else code) in SUPPORTED_REGIONS


def _covers(blackout: Blackout, tenant_id: int, jurisdictions: tuple[str, ...]) -> bool:
    """A country's covers its parts."""
    if blackout.tenant_id not in (None, tenant_id):
        return False
    area = blackout.jurisdiction
    return area is None or any(
        place == area or place.startswith(f"{area}-") for place in jurisdictions
    )
