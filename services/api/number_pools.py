"""Use cases of a tenant's number pools: make one, change it, delete it."""

from services.api.caller_ids import e164
from services.api.http.auth import Caller
from services.api.http.resources import Resources
from services.api.kinds import NAMED, Kind
from services.api.refusals import InvalidField, Refused
from services.api.versions import ANYTHING, Seen
from shared.db import revisions
from shared.db.api import number_pools, tenants
from shared.db.api.number_pools import PoolRow
from shared.db.types import Connection
from shared.definitions.number_pool import NumberPoolDefinition, NumberPoolEdit

NOT_OWN = "the tenant has no caller ID of this number; add it with POST /v1/caller-ids"
UNKNOWN = "the tenant has no number pool of this name; make it with POST /v1/number-pools"
POOLS = Kind(
    name="number pool",
    get=number_pools.get,
    lock=number_pools.lock,
    users=number_pools.users,
    in_use=("number_pool_in_use", NAMED),
)


async def create(resources: Resources, caller: Caller, pool: NumberPoolDefinition) -> PoolRow:
    async with resources.pool.transaction(caller.tenant_id) as conn:
        numbers = await _own(conn, caller, pool.numbers)
        pool_id = await number_pools.insert(
            conn,
            tenant_id=caller.tenant_id,
            name=pool.name,
            rotation=pool.rotation,
            max_calls_per_hour=pool.max_calls_per_hour,
            max_calls_per_day=pool.max_calls_per_day,
        )
        if pool_id is None:
            detail = "the tenant has a number pool of this name; change that one"
            raise Refused("name_taken", detail, field=("name",))
        await number_pools.set_numbers(
            conn, tenant_id=caller.tenant_id, pool_id=pool_id, numbers=numbers
        )
        made = await POOLS.owned(conn, caller, pool_id)
    resources.record(after=made)
    return made


async def change(
    resources: Resources,
    caller: Caller,
    pool_id: int,
    wanted: NumberPoolEdit,
    *,
    seen: Seen = ANYTHING,
) -> PoolRow:
    """It holds from the commit on, also for attempts that were claimed before."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        # First the tenant, then its campaigns: the order of locks (shared/db/locks.py).
        await tenants.raise_revision(conn, caller.tenant_id)
        before = await POOLS.locked(conn, caller, pool_id, seen)
        edited = wanted.edited(before)
        await number_pools.change(
            conn,
            tenant_id=caller.tenant_id,
            pool_id=pool_id,
            rotation=edited.rotation,
            max_calls_per_hour=edited.max_calls_per_hour,
            max_calls_per_day=edited.max_calls_per_day,
        )
        if wanted.numbers is not None:
            numbers = await _own(conn, caller, edited.numbers)
            await number_pools.set_numbers(
                conn, tenant_id=caller.tenant_id, pool_id=pool_id, numbers=numbers
            )
        await revisions.bump_revision(conn, tenant_id=caller.tenant_id)
        after = await POOLS.owned(conn, caller, pool_id)
    resources.record(before=before, after=after)
    return after


async def delete(
    resources: Resources, caller: Caller, pool_id: int, *, seen: Seen = ANYTHING
) -> None:
    async with resources.pool.transaction(caller.tenant_id) as conn:
        deleted = await POOLS.unused(conn, caller, pool_id, seen)
        await number_pools.delete(conn, caller.tenant_id, pool_id)
    resources.record(before=deleted)


async def named(conn: Connection, caller: Caller, name: str | None) -> int | None:
    """The id of the pool that a campaign names, if it names one."""
    if name is None:
        return None
    pool_id = await number_pools.keep(conn, tenant_id=caller.tenant_id, name=name)
    if pool_id is None:
        raise Refused("unknown_number_pool", UNKNOWN, field=("number_pool",))
    return pool_id


async def _own(conn: Connection, caller: Caller, numbers: list[str]) -> list[str]:
    """The numbers, each once; each that is not the tenant's is refused by its place."""
    wanted = [e164(number) for number in numbers]
    own = await number_pools.own_numbers(conn, tenant_id=caller.tenant_id, numbers=wanted)
    errors = [
        InvalidField(code="unknown_caller_id", detail=NOT_OWN, field=("numbers", place))
        for place, number in enumerate(wanted)
        if number not in own
    ]
    if errors:
        raise Refused("invalid", "the request is not valid", errors=errors)
    return list(dict.fromkeys(wanted))
