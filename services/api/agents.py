"""Use cases of a tenant's agents: add one, change its state, delete it."""

from services.api.http.auth import Caller
from services.api.http.resources import Resources
from services.api.kinds import NAMED, Kind
from services.api.refusals import Refused
from services.api.versions import ANYTHING, Seen
from shared.db.api import agents, campaigns
from shared.db.api.agents import AgentRow
from shared.db.types import Connection
from shared.domain.agents import AgentKind, AgentState

UNKNOWN = "the tenant has no active agent of this name; add it with POST /v1/agents"
OF_ANOTHER = "the agent is at the provider of another trunk; name the agent's trunk, and no other"
AGENTS = Kind(
    name="agent",
    get=agents.get,
    lock=agents.lock,
    users=agents.users,
    in_use=("agent_in_use", NAMED),
)


async def add(
    resources: Resources,
    caller: Caller,
    *,
    name: str,
    kind: AgentKind,
    provider_agent_id: str,
    trunk: str,
) -> AgentRow:
    async with resources.pool.transaction(caller.tenant_id) as conn:
        known = await campaigns.find_trunks(conn, tenant_id=caller.tenant_id, names=[trunk])
        if trunk not in known:
            raise Refused("unknown_trunk", "there is no trunk of this name", field=("trunk",))
        agent_id = await agents.insert(
            conn,
            tenant_id=caller.tenant_id,
            trunk_id=known[trunk],
            name=name,
            kind=kind,
            provider_agent_id=provider_agent_id,
        )
        if agent_id is None:
            raise Refused("name_taken", "the tenant has an agent of this name", field=("name",))
        added = await AGENTS.owned(conn, caller, agent_id)
    resources.record(after=added)
    return added


async def set_state(
    resources: Resources, caller: Caller, agent_id: int, state: AgentState, *, seen: Seen = ANYTHING
) -> AgentRow:
    """Campaigns that name it already keep it."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        before = await AGENTS.locked(conn, caller, agent_id, seen)
        await agents.set_state(conn, tenant_id=caller.tenant_id, agent_id=agent_id, state=state)
        after = await AGENTS.owned(conn, caller, agent_id)
    resources.record(before=before, after=after)
    return after


async def delete(
    resources: Resources, caller: Caller, agent_id: int, *, seen: Seen = ANYTHING
) -> None:
    async with resources.pool.transaction(caller.tenant_id) as conn:
        deleted = await AGENTS.unused(conn, caller, agent_id, seen)
        await agents.delete(conn, caller.tenant_id, agent_id)
    resources.record(before=deleted)


async def named(
    conn: Connection, caller: Caller, name: str | None, *, trunk_ids: list[int]
) -> int | None:
    """The id of the agent that a campaign over these trunks names, if it names one."""
    if name is None:
        return None
    found = await agents.keep(conn, tenant_id=caller.tenant_id, name=name)
    if found is None:
        raise Refused("unknown_agent", UNKNOWN, field=("agent",))
    if trunk_ids != [found.trunk_id]:
        raise Refused("agent_of_another_trunk", OF_ANOTHER, field=("agent",))
    return found.id
