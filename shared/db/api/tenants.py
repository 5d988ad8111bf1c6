"""Queries on tenants: the command line creates them, the api clients of partners and rules."""

from dataclasses import dataclass
from datetime import datetime

from shared.db.types import Connection
from shared.rulepacks.tenant_choices import TenantRulesDefinition


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """`partner_id` is the partner that owns it as a client."""

    id: int
    name: str
    created_at: datetime
    is_partner: bool
    partner_id: int | None


async def create(conn: Connection, name: str, *, is_partner: bool = False) -> int:
    tenant_id: int = await conn.fetchval(
        "INSERT INTO tenants (name, is_partner) VALUES ($1, $2) RETURNING id", name, is_partner
    )
    return tenant_id


async def create_client(conn: Connection, *, partner_id: int, name: str) -> Tenant | None:
    """Make a tenant that the partner owns; None if that tenant is no partner."""
    record = await conn.fetchrow(
        """
        INSERT INTO tenants (name, partner_id)
        SELECT $2, id FROM tenants WHERE id = $1 AND is_partner
        RETURNING id, name, created_at, is_partner, partner_id
        """,
        partner_id,
        name,
    )
    return None if record is None else Tenant(**record)


async def every(conn: Connection) -> list[Tenant]:
    """All tenants of the installation, oldest first; for its operator."""
    records = await conn.fetch(
        "SELECT id, name, created_at, is_partner, partner_id FROM tenants ORDER BY id"
    )
    return [Tenant(**record) for record in records]


async def get(conn: Connection, tenant_id: int) -> Tenant:
    """The tenant of a caller; tenants are never deleted."""
    (record,) = await conn.fetch(
        "SELECT id, name, created_at, is_partner, partner_id FROM tenants WHERE id = $1", tenant_id
    )
    return Tenant(**record)


async def client(conn: Connection, *, partner_id: int, tenant_id: int) -> Tenant | None:
    """A tenant that the partner owns; None for any other."""
    record = await conn.fetchrow(
        """
        SELECT id, name, created_at, is_partner, partner_id
        FROM tenants WHERE partner_id = $1 AND id = $2
        """,
        partner_id,
        tenant_id,
    )
    return None if record is None else Tenant(**record)


async def clients(
    conn: Connection, *, partner_id: int, before: int | None, limit: int
) -> list[Tenant]:
    """Tenants that the partner owns, newest first."""
    records = await conn.fetch(
        """
        SELECT id, name, created_at, is_partner, partner_id
        FROM tenants WHERE partner_id = $1 AND ($2::bigint IS NULL OR id < $2)
        ORDER BY id DESC LIMIT $3
        """,
        partner_id,
        before,
        limit,
    )
    return [Tenant(**record) for record in records]


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
    conn: Connection, tenant_id: int, rules: TenantRulesDefinition, *, api_key_id: int | None
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
