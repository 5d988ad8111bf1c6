"""Use cases of a tenant's call flows: make one, add a version, delete it."""

from collections.abc import Callable

from services.api.http.auth import Caller
from services.api.http.resources import Resources
from services.api.kinds import Kind
from services.api.refusals import Refused, not_found, refusing_invalid
from services.api.versions import ANYTHING, Seen
from shared.db.api import call_flows
from shared.db.api.call_flows import FlowVersion
from shared.definitions.call_flow import CallFlowDefinition

Edited = Callable[[CallFlowDefinition], CallFlowDefinition]

FLOWS = Kind(
    name="call flow",
    get=call_flows.get,
    lock=call_flows.lock,
    users=call_flows.users,
    in_use=(
        "call_flow_in_use",
        "campaigns that have not ended play it: {}; end or delete those first",
    ),
)


async def create(
    resources: Resources, caller: Caller, *, name: str, flow: CallFlowDefinition
) -> FlowVersion:
    async with resources.pool.transaction(caller.tenant_id) as conn:
        made = await call_flows.insert(
            conn,
            tenant_id=caller.tenant_id,
            name=name,
            flow=flow,
            api_key_id=caller.own_key_id,
        )
    if made is None:
        detail = "the tenant has a call flow of this name; give that one another version"
        raise Refused("name_taken", detail, field=("name",))
    resources.record(after=made)
    return made


async def read_version(
    resources: Resources, caller: Caller, flow_id: int, version: int
) -> FlowVersion:
    """Also of a flow that was deleted."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        found = await call_flows.get(conn, caller.tenant_id, flow_id, version=version)
    if found is None:
        raise not_found("call flow")
    return found


async def change(
    resources: Resources,
    caller: Caller,
    flow_id: int,
    edited: Callable[[CallFlowDefinition], CallFlowDefinition],
    *,
    seen: Seen = ANYTHING,
) -> FlowVersion:
    """Make a new version, unless the flow stays as it is. Campaigns that run keep theirs."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        newest = await FLOWS.locked(conn, caller, flow_id, seen)
        with refusing_invalid():
            flow = edited(newest.flow)
        after = newest
        if newest.flow != flow:
            after = await call_flows.add_version(
                conn,
                tenant_id=caller.tenant_id,
                flow_id=flow_id,
                flow=flow,
                api_key_id=caller.own_key_id,
            )
    resources.record(before=newest, after=after)
    return after


async def delete(
    resources: Resources, caller: Caller, flow_id: int, *, seen: Seen = ANYTHING
) -> None:
    """Give its name free. Its versions stay: they say what campaigns of before played."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        deleted = await FLOWS.unused(conn, caller, flow_id, seen)
        await call_flows.delete(conn, caller.tenant_id, flow_id)
    resources.record(before=deleted)
