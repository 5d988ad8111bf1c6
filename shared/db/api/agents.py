"""agents: what a tenant's providers let talk in their calls, by the providers' own ids."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import asyncpg

from shared.db.types import Connection
from shared.domain.agents import AgentKind, AgentState


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRow:
    """`trunk` is the name of the trunk whose provider has the agent."""

    id: int
    name: str
    kind: AgentKind
    provider_agent_id: str
    trunk: str
    state: AgentState
    created_at: datetime


class NamedAgent(NamedTuple):
    """An agent that a campaign names, and the trunk that it belongs to."""

    id: int
    trunk_id: int


def _agent(record: asyncpg.Record) -> AgentRow:
    kind, state = AgentKind(record["kind"]), AgentState(record["state"])
    return AgentRow(**{**record, "kind": kind, "state": state})


async def insert(
    conn: Connection,
    *,
    tenant_id: int,
    trunk_id: int,
    name: str,
    kind: AgentKind,
    provider_agent_id: str,
) -> int | None:
    """The id of a new agent; None if the tenant has one of this name."""
    agent_id: int | None = await conn.fetchval(
        """
        INSERT INTO agents (tenant_id, trunk_id, name, kind, provider_agent_id)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (tenant_id, name) WHERE deleted_at IS NULL DO NOTHING
        RETURNING id
        """,
        tenant_id,
        trunk_id,
        name,
        kind,
        provider_agent_id,
    )
    return agent_id


async def get(conn: Connection, tenant_id: int, agent_id: int) -> AgentRow | None:
    record = await conn.fetchrow(
        """
        SELECT agent.id, agent.name, agent.kind, agent.provider_agent_id, trunk.name AS trunk,
            agent.state, agent.created_at
        FROM agents AS agent JOIN trunks AS trunk ON trunk.id = agent.trunk_id
        WHERE agent.tenant_id = $1 AND agent.id = $2 AND agent.deleted_at IS NULL
        """,
        tenant_id,
        agent_id,
    )
    return None if record is None else _agent(record)


async def page(
    conn: Connection, *, tenant_id: int, before: int | None, limit: int
) -> list[AgentRow]:
    """A page of agents, newest first."""
    records = await conn.fetch(
        """
        SELECT agent.id, agent.name, agent.kind, agent.provider_agent_id, trunk.name AS trunk,
            agent.state, agent.created_at
        FROM agents AS agent JOIN trunks AS trunk ON trunk.id = agent.trunk_id
        WHERE agent.tenant_id = $1 AND agent.deleted_at IS NULL
            AND ($2::bigint IS NULL OR agent.id < $2)
        ORDER BY agent.id DESC LIMIT $3
        """,
        tenant_id,
        before,
        limit,
    )
    return [_agent(record) for record in records]


async def keep(conn: Connection, *, tenant_id: int, name: str) -> NamedAgent | None:
    """The active agent with this name; it is not deleted until the commit."""
    record = await conn.fetchrow(
        """
        SELECT id, trunk_id FROM agents
        WHERE tenant_id = $1 AND name = $2 AND state = 'active' AND deleted_at IS NULL
        FOR KEY SHARE
        """,
        tenant_id,
        name,
    )
    return None if record is None else NamedAgent(**record)


async def set_state(conn: Connection, *, tenant_id: int, agent_id: int, state: AgentState) -> None:
    await conn.execute(
        "UPDATE agents SET state = $3 WHERE tenant_id = $1 AND id = $2", tenant_id, agent_id, state
    )


async def lock(conn: Connection, tenant_id: int, agent_id: int) -> bool:
    """Lock an agent, so that no campaign begins to name it; False if there is none."""
    locked: bool | None = await conn.fetchval(
        """
        SELECT true FROM agents
        WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL FOR UPDATE
        """,
        tenant_id,
        agent_id,
    )
    return locked or False


async def users(conn: Connection, tenant_id: int, agent_id: int) -> int:
    """How many campaigns that have not ended name it."""
    count: int = await conn.fetchval(
        """
        SELECT count(*) FROM campaigns
        WHERE tenant_id = $1 AND agent_id = $2 AND state NOT IN ('completed', 'cancelled')
        """,
        tenant_id,
        agent_id,
    )
    return count


async def delete(conn: Connection, tenant_id: int, agent_id: int) -> None:
    """Give its name free; the row stays, because campaigns of before name it."""
    await conn.execute(
        "UPDATE agents SET deleted_at = clock_timestamp() WHERE tenant_id = $1 AND id = $2",
        tenant_id,
        agent_id,
    )
