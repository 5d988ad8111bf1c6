"""Use cases of a tenant's caller IDs: add one, change its state, delete it."""

from services.api.http.auth import Caller
from services.api.http.resources import Resources
from services.api.refusals import Refused, not_found
from shared.db.api import caller_ids, campaigns, tenants
from shared.db.api.caller_ids import CallerId
from shared.db.types import Connection
from shared.domain.capacity.caller_ids import CallerIdState
from shared.domain.places.numbers import REMEDIES, InvalidNumber, parse_number

NOT_OWN = (
    "the tenant has no active caller ID of this number; add it with POST /v1/caller-ids, "
    "or leave the field out for the default of the trunk"
)


async def add(resources: Resources, caller: Caller, *, number: str) -> CallerId:
    parsed = parse_number(number, default_region=None)
    if isinstance(parsed, InvalidNumber):
        remedies = REMEDIES | {"no_country": "no country code; write + and the code"}
        raise Refused(parsed.reason, remedies[parsed.reason], field=("number",))
    async with resources.pool.acquire() as conn:
        added = await caller_ids.insert(conn, tenant_id=caller.tenant_id, number=parsed.e164)
    if added is None:
        detail = "the tenant has this caller ID already"
        raise Refused("number_taken", detail, field=("number",))
    return added


async def read(resources: Resources, caller: Caller, number: str) -> CallerId:
    async with resources.pool.acquire() as conn:
        found = await caller_ids.get(conn, tenant_id=caller.tenant_id, number=e164(number))
    if found is None:
        raise not_found("caller ID")
    return found


async def set_state(
    resources: Resources, caller: Caller, number: str, state: CallerIdState
) -> CallerId:
    """It holds from the commit on, also for attempts that were claimed before."""
    async with resources.pool.acquire() as conn, conn.transaction():
        # First the tenant, then its campaigns: the order of locks (shared/db/locks.py).
        await tenants.raise_revision(conn, caller.tenant_id)
        changed = await caller_ids.set_state(
            conn, tenant_id=caller.tenant_id, number=e164(number), state=state
        )
        if changed is None:
            raise not_found("caller ID")
        await campaigns.bump_revision(conn, tenant_id=caller.tenant_id)
    return changed


async def delete(resources: Resources, caller: Caller, number: str) -> None:
    tenant_id, number = caller.tenant_id, e164(number)
    async with resources.pool.acquire() as conn, conn.transaction():
        if not await caller_ids.lock(conn, tenant_id=tenant_id, number=number):
            raise not_found("caller ID")
        users = await caller_ids.users(conn, tenant_id=tenant_id, number=number)
        if users:
            detail = (
                f"campaigns that have not ended and number pools name it: {users}; end or delete "
                "those, or take it out of the pools first"
            )
            raise Refused("caller_id_in_use", detail)
        await caller_ids.delete(conn, tenant_id=tenant_id, number=number)


async def refuse_foreign(conn: Connection, caller: Caller, number: str | None) -> None:
    """Refuse a caller ID that is not an active one of the tenant."""
    if number is None:
        return
    if not await caller_ids.keep_active(conn, tenant_id=caller.tenant_id, number=number):
        raise Refused("unknown_caller_id", NOT_OWN, field=("caller_id",))


def e164(text: str) -> str:
    """The number as it stands in an address, where + may be left out."""
    return f"+{text.lstrip('+ ')}"
