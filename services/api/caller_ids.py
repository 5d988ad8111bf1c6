"""Use cases of a tenant's caller IDs: add one, change its state, delete it."""

from services.api.http.auth import Caller
from services.api.http.resources import Resources
from services.api.kinds import Kind
from services.api.refusals import Refused
from services.api.versions import ANYTHING, Seen
from shared.db import revisions
from shared.db.api import caller_ids, tenants
from shared.db.api.caller_ids import CallerId
from shared.db.types import Connection
from shared.domain.capacity.caller_ids import CallerIdState
from shared.domain.places.numbers import REMEDIES, InvalidNumber, parse_number

NOT_OWN = (
    "the tenant has no active caller ID of this number; add it with POST /v1/caller-ids, "
    "or leave the field out for the default of the trunk"
)
CALLER_IDS = Kind(
    name="caller ID",
    get=caller_ids.get,
    lock=caller_ids.lock,
    users=caller_ids.users,
    in_use=(
        "caller_id_in_use",
        "campaigns that have not ended and number pools name it: {}; end or delete those, or take "
        "it out of the pools first",
    ),
)


async def add(resources: Resources, caller: Caller, *, number: str) -> CallerId:
    parsed = parse_number(number, default_region=None)
    if isinstance(parsed, InvalidNumber):
        remedies = REMEDIES | {"no_country": "no country code; write + and the code"}
        raise Refused(parsed.reason, remedies[parsed.reason], field=("number",))
    async with resources.pool.transaction(caller.tenant_id) as conn:
        added = await caller_ids.insert(conn, tenant_id=caller.tenant_id, number=parsed.e164)
    if added is None:
        detail = "the tenant has this caller ID already"
        raise Refused("number_taken", detail, field=("number",))
    resources.record(after=added)
    return added


async def set_state(
    resources: Resources,
    caller: Caller,
    number: str,
    state: CallerIdState,
    *,
    seen: Seen = ANYTHING,
) -> CallerId:
    """It holds from the commit on, also for attempts that were claimed before."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        # First the tenant, then its campaigns: the order of locks (shared/db/locks.py).
        await tenants.raise_revision(conn, caller.tenant_id)
        before = await CALLER_IDS.locked(conn, caller, number, seen)
        await caller_ids.set_state(conn, tenant_id=caller.tenant_id, number=number, state=state)
        await revisions.bump_revision(conn, tenant_id=caller.tenant_id)
        after = await CALLER_IDS.owned(conn, caller, number)
    resources.record(before=before, after=after)
    return after


async def delete(
    resources: Resources, caller: Caller, number: str, *, seen: Seen = ANYTHING
) -> None:
    async with resources.pool.transaction(caller.tenant_id) as conn:
        deleted = await CALLER_IDS.unused(conn, caller, number, seen)
        await caller_ids.delete(conn, caller.tenant_id, number)
    resources.record(before=deleted)


async def refuse_foreign(conn: Connection, caller: Caller, number: str | None) -> None:
    """Refuse a caller ID that is not an active one of the tenant."""
    if number is None:
        return
    if not await caller_ids.keep_active(conn, tenant_id=caller.tenant_id, number=number):
        raise Refused("unknown_caller_id", NOT_OWN, field=("caller_id",))


def e164(text: str) -> str:
    """The number as it stands in an address, where + may be left out."""
    return f"+{text.lstrip('+ ')}"
