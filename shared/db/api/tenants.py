"""Queries on tenants: the command line creates them, the api changes their rules."""

from shared.db.types import Connection
from shared.rulepacks.tenant_choices import TenantRulesDefinition


async def create(conn: Connection, name: str) -> int:
    tenant_id: int = await conn.fetchval(
        "INSERT INTO tenants (name) VALUES ($1) RETURNING id", name
    )
    return tenant_id


async def rules(conn: Connection, tenant_id: int) -> TenantRulesDefinition:
    """The tenant's choices: rules of the packs that it overrode or turned on, and its own."""
    text = await conn.fetchval("SELECT rules::text FROM tenants WHERE id = $1", tenant_id)
    return TenantRulesDefinition.stored(text)


async def lock_rules(conn: Connection, tenant_id: int) -> TenantRulesDefinition:
    """Read and lock the tenant's choices until the transaction ends."""
    text = await conn.fetchval(
        "SELECT rules::text FROM tenants WHERE id = $1 FOR NO KEY UPDATE", tenant_id
    )
    return TenantRulesDefinition.stored(text)


async def change_rules(
    conn: Connection, tenant_id: int, rules: TenantRulesDefinition, *, api_key_id: int
) -> None:
    """Replace the choices and record who did; scheduler and dialer obey from the commit on."""
    await conn.execute(
        """
        WITH change AS (
            INSERT INTO tenant_rule_changes (tenant_id, api_key_id, rules, at)
            VALUES ($1, $2, $3, clock_timestamp())
        )
        UPDATE tenants SET rules = $3, rules_revision = rules_revision + 1 WHERE id = $1
        """,
        tenant_id,
        api_key_id,
        rules.model_dump_json(),
    )
