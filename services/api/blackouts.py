"""Use cases of a tenant's black-outs: stop its calls everywhere or in one area, and end that."""

from datetime import datetime
from functools import partial

from services.api.http.auth import Caller
from services.api.http.resources import Resources
from services.api.refusals import Refused, not_found
from shared.db import blackouts
from shared.db.blackouts import Record
from shared.domain.places.jurisdictions import is_jurisdiction


async def begin(
    resources: Resources,
    caller: Caller,
    *,
    jurisdiction: str | None,
    starts_at: datetime | None,
    ends_at: datetime | None,
    reason: str,
    now: datetime,
) -> Record:
    """From the commit on, no attempt in the area is claimed or dialed while the black-out lasts."""
    if jurisdiction is not None and not is_jurisdiction(jurisdiction):
        raise Refused(
            "unknown_jurisdiction",
            "not a country of ISO 3166 like US, nor a part of one like US-LA",
            field=("jurisdiction",),
        )
    if ends_at is not None and ends_at <= max(now, starts_at or now):
        detail = "must be in the future and after starts_at"
        raise Refused("no_span", detail, field=("ends_at",))
    async with resources.pool.transaction(caller.tenant_id) as conn:
        made = await blackouts.insert(
            conn,
            tenant_id=caller.tenant_id,
            jurisdiction=jurisdiction,
            starts_at=starts_at,
            ends_at=ends_at,
            reason=reason,
        )
    resources.record(after=made, resource_id=str(made.id))
    # Committed before this: an emergency stop must not wait for the lock of a campaign.
    await resources.after_commit(partial(_raise_revisions, resources, caller, made))
    return made


async def end(resources: Resources, caller: Caller, blackout_id: int) -> None:
    async with resources.pool.transaction(caller.tenant_id) as conn:
        if not await blackouts.end(conn, blackout_id, tenant_id=caller.tenant_id):
            raise not_found("black-out")
    resources.record(before={"is_ended": False}, after={"is_ended": True})


async def _raise_revisions(resources: Resources, caller: Caller, made: Record) -> None:
    """The scheduler does it a moment later if this process dies before."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        await blackouts.raise_revisions(conn, made)
