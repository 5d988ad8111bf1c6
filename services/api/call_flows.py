"""Use cases of a tenant's call flows: make one, add a version, delete it."""

from services.api.http.auth import Caller
from services.api.http.resources import Resources
from services.api.refusals import Refused, not_found
from shared.db.api import call_flows
from shared.db.api.call_flows import FlowVersion
from shared.db.types import Connection
from shared.definitions.call_flow import CallFlowDefinition


async def create(
    resources: Resources, caller: Caller, *, name: str, flow: CallFlowDefinition
) -> FlowVersion:
    async with resources.pool.acquire() as conn:
        made = await call_flows.insert(
            conn,
            tenant_id=caller.tenant_id,
            name=name,
            flow=flow,
            api_key_id=caller.api_key_id,
        )
    if made is None:
        detail = "the tenant has a call flow of this name; give that one another version"
        raise Refused("name_taken", detail, field=("name",))
    return made


async def read(
    resources: Resources, caller: Caller, flow_id: int, *, version: int | None = None
) -> FlowVersion:
    """The newest version, or the named one, also of a flow that was deleted."""
    async with resources.pool.acquire() as conn:
        found = await call_flows.get(
            conn, tenant_id=caller.tenant_id, flow_id=flow_id, version=version
        )
    if found is None:
        raise not_found("call flow")
    return found


async def change(
    resources: Resources, caller: Caller, flow_id: int, flow: CallFlowDefinition
) -> FlowVersion:
    """Make a new version, unless the flow stays as it is. Campaigns that run keep theirs."""
    async with resources.pool.acquire() as conn, conn.transaction():
        await _lock(conn, caller, flow_id)
        newest = await call_flows.get(conn, tenant_id=caller.tenant_id, flow_id=flow_id)
        if newest is not None and newest.flow == flow:
            return newest
        return await call_flows.add_version(
            conn,
            tenant_id=caller.tenant_id,
            flow_id=flow_id,
            flow=flow,
            api_key_id=caller.api_key_id,
        )


async def delete(resources: Resources, caller: Caller, flow_id: int) -> None:
    """Give its name free. Its versions stay: they say what campaigns of before played."""
    async with resources.pool.acquire() as conn, conn.transaction():
        await _lock(conn, caller, flow_id)
        users = await call_flows.users(conn, tenant_id=caller.tenant_id, flow_id=flow_id)
        if users:
            detail = f"campaigns that have not ended play it: {users}; end or delete those first"
            raise Refused("call_flow_in_use", detail)
        await call_flows.delete(conn, tenant_id=caller.tenant_id, flow_id=flow_id)


async def _lock(conn: Connection, caller: Caller, flow_id: int) -> None:
    if not await call_flows.lock(conn, tenant_id=caller.tenant_id, flow_id=flow_id):
        raise not_found("call flow")
