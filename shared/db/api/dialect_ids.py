"""The ids of what a tenant's calls are made of, by name, for clients that name things by id."""

from enum import StrEnum

from shared.db.types import Connection

# The newest of each kind.
MOST_NAMES = 1_000


class IdKind(StrEnum):
    CALL_FLOWS = "call_flows"
    CALLER_IDS = "caller_ids"
    NUMBER_POOLS = "number_pools"
    AGENTS = "agents"
    PROVIDER_AGENTS = "provider_agents"
    TRUNKS = "trunks"
    TENANT = "tenant"


# An id by its name; a caller ID is its own name. A provider's agent has the provider's id.
_STATEMENTS = {
    IdKind.CALL_FLOWS: """
        SELECT name, id FROM call_flows WHERE tenant_id = $1 AND deleted_at IS NULL
        ORDER BY id DESC LIMIT $2
        """,
    IdKind.CALLER_IDS: """
        SELECT number AS name, number AS id FROM caller_ids
        WHERE tenant_id = $1 AND deleted_at IS NULL AND state = 'active'
        ORDER BY number LIMIT $2
        """,
    IdKind.NUMBER_POOLS: """
        SELECT name, id FROM number_pools WHERE tenant_id = $1 AND deleted_at IS NULL
        ORDER BY id DESC LIMIT $2
        """,
    IdKind.AGENTS: """
        SELECT name, id FROM agents
        WHERE tenant_id = $1 AND deleted_at IS NULL AND state = 'active'
        ORDER BY id DESC LIMIT $2
        """,
    IdKind.PROVIDER_AGENTS: """
        SELECT name, provider_agent_id AS id FROM agents
        WHERE tenant_id = $1 AND deleted_at IS NULL AND state = 'active'
        ORDER BY agents.id DESC LIMIT $2
        """,
    IdKind.TRUNKS: """
        SELECT name, id FROM trunks
        WHERE trunks.for_every_tenant OR EXISTS (
            SELECT FROM trunk_grants
            WHERE trunk_grants.tenant_id = $1 AND trunk_grants.trunk_id = trunks.id
        )
        ORDER BY id DESC LIMIT $2
        """,
    IdKind.TENANT: "SELECT name, id FROM tenants WHERE id = $1 LIMIT $2",
}


async def of(conn: Connection, kind: IdKind, *, tenant_id: int) -> dict[str, int | str]:
    rows = await conn.fetch(_STATEMENTS[kind], tenant_id, MOST_NAMES)
    return {row["name"]: row["id"] for row in rows}
