"""A call of a campaign with an agent carries the agent, and the contact's values for it."""

from shared.domain.agents import Agent, AgentKind
from tests.support.campaigns import a_tenant, a_trunk
from tests.support.dialing import Bench


async def test_a_call_carries_the_agent_of_its_campaign(bench: Bench) -> None:
    tenant_id, trunk_id = await a_tenant(bench.pool), await a_trunk(bench.pool)
    messages = await bench.claimed(tenant_id=tenant_id, agent="renewals")
    await bench.pool.execute(
        """
        WITH agent AS (
            INSERT INTO agents (tenant_id, trunk_id, name, kind, provider_agent_id)
            VALUES ($1, $2, 'renewals', 'squad', 'squad_17') RETURNING id
        )
        UPDATE campaigns SET agent_id = agent.id, revision = revision + 1 FROM agent
        """,
        tenant_id,
        trunk_id,
    )
    await bench.pool.execute('UPDATE contacts SET attributes = \'{"first_name": "Ada"}\'')

    await bench.dialer.on_attempts_due(messages)

    await bench.becomes("placed")
    [request] = bench.provider.asked
    assert request.agent == Agent("squad_17", AgentKind.SQUAD)
    assert request.variables["first_name"] == "Ada"
