"""Queries on tenants: the command line creates them, the api changes their rules."""

from dataclasses import dataclass
from datetime import datetime

from shared.db.types import Connection
from shared.rulepacks.tenant_choices import TenantRulesDefinition


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    id: int
    name: str
    created_at: datetime


async def create(conn: Connection, name: str) -> int:
    tenant_id: int = await conn.fetchval(
        "INSERT INTO tenants (name) VALUES ($1) RETURNING id", name
    )
    return tenant_id


async def every(conn: Connection) -> list[Tenant]:
    """All tenants of the installation, oldest first; for its operator."""
    records = await conn.fetch("SELECT id, name, created_at FROM tenants ORDER BY id")
    return [Tenant(**record) for record in records]


async def get(conn: Connection, tenant_id: int) -> Tenant:
    """The tenant of a caller; tenants are never deleted."""
    (record,) = await conn.fetch(
        "SELECT id, name, created_at FROM tenants WHERE id = $1", tenant_id
    )
    return Tenant(**record)


async def rules(conn: Connection, tenant_id: int) -> TenantRulesDefinition:
    """The tenant's choices: rules of the packs that it overrode or turned on, and its own."""
    text = await conn.fetchval("SELECT rules::text FROM tenants WHERE id = $1", tenant_id)
    return TenantRulesDefinition.stored(text)


async def rules_at(conn: Connection, tenant_id: int, at: datetime) -> TenantRulesDefinition:
    """The tenant's choices as they were at an instant."""
    text = await conn.fetchval(
        """
        SELECT rules::text FROM tenant_rule_changes WHERE tenant_id = $1 AND at <= $2
        ORDER BY at DESC, id DESC LIMIT 1
        """,
        tenant_id,
        at,
    )
    return TenantRulesDefinition() if text is None else TenantRulesDefinition.stored(text)


async def lock_rules(conn: Connection, tenant_id: int) -> TenantRulesDefinition:
    """Read and lock the tenant's choices until the transaction ends."""
    text = await conn.fetchval(
        "SELECT rules::text FROM tenants WHERE id = $1 FOR NO KEY UPDATE", tenant_id
    )
    return TenantRulesDefinition.stored(text)


async def raise_revision(conn: Connection, tenant_id: int) -> None:
    """Let policies of the tenant's campaigns be read anew; its row stays locked."""
    await conn.execute(
        "UPDATE tenants SET rules_revision = rules_revision + 1 WHERE id = $1", tenant_id
    )


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
