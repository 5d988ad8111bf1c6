"""Inserts campaigns and contacts into the database, for tests that do not use the API."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from shared.db import waiting_counts
from shared.db.types import Connection
from shared.domain.wait_buckets import NEW, WaitBucket
from shared.rulepacks.rulebook import RuleBook
from shared.rulepacks.store import RulePackStore

ALWAYS = {
    "windows": [
        {
            "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
            "start": "00:00",
            "end": "24:00",
        }
    ]
}


def a_definition(**changes: Any) -> dict[str, Any]:
    """A campaign that may call at any hour, of a kind that no rule of law restricts."""
    free = {"kind": "informational", "automated": False}
    return {"name": "test", "calendar": ALWAYS, **free, **changes}


def a_rulebook() -> RuleBook:
    """A rule book with the product's own rule packs."""
    return RuleBook(RulePackStore(None))


async def a_tenant(conn: Connection, *, name: str = "tenant") -> int:
    tenant_id: int = await conn.fetchval(
        "INSERT INTO tenants (name) VALUES ($1) RETURNING id", name
    )
    return tenant_id


async def a_trunk(conn: Connection, *, provider: str = "null", **caps: int | None) -> int:
    trunk_id: int = await conn.fetchval(
        """
        INSERT INTO trunks (name, provider, for_every_tenant, max_concurrent, calls_per_second)
        VALUES ('default', $1, true, $2, $3)
        ON CONFLICT (name) DO UPDATE SET provider = excluded.provider
        RETURNING id
        """,
        provider,
        caps.get("max_concurrent"),
        caps.get("calls_per_second"),
    )
    return trunk_id


async def a_backup_trunk(
    conn: Connection, campaign_id: int, *, name: str = "south", **caps: int | None
) -> int:
    """Let a campaign name another trunk after those that it names."""
    trunk_id: int = await conn.fetchval(
        """
        WITH backup AS (
            INSERT INTO trunks (name, provider, for_every_tenant, max_concurrent, calls_per_second)
            VALUES ($2, 'null', true, $3, $4) RETURNING id
        )
        INSERT INTO campaign_backup_trunks (tenant_id, campaign_id, position, trunk_id)
        SELECT campaign.tenant_id, campaign.id, 1 + (
            SELECT count(*) FROM campaign_backup_trunks WHERE campaign_id = campaign.id
        ), backup.id
        FROM campaigns AS campaign, backup WHERE campaign.id = $1
        RETURNING trunk_id
        """,
        campaign_id,
        name,
        caps.get("max_concurrent"),
        caps.get("calls_per_second"),
    )
    return trunk_id


async def a_running_campaign(
    conn: Connection,
    definition: Mapping[str, Any] | None = None,
    *,
    tenant_id: int | None = None,
    now: datetime,
) -> int:
    tenant_id = tenant_id or await a_tenant(conn)
    campaign_id: int = await conn.fetchval(
        """
        INSERT INTO campaigns (
            tenant_id, trunk_id, name, definition, state, wanted_state, started_at
        )
        VALUES ($1, $2, 'test', $3, 'running', 'running', $4) RETURNING id
        """,
        tenant_id,
        await a_trunk(conn),
        json.dumps(definition or a_definition()),
        now,
    )
    return campaign_id


async def tenant_of(conn: Connection, campaign_id: int) -> int:
    tenant_id: int = await conn.fetchval(
        "SELECT tenant_id FROM campaigns WHERE id = $1", campaign_id
    )
    return tenant_id


async def some_contacts(
    conn: Connection,
    campaign_id: int,
    count: int,
    *,
    zones: Sequence[str] = ("UTC",),
    jurisdictions: Sequence[str] = ("US",),
    first: int = 0,
) -> list[int]:
    """Insert contacts with numbers from +12025550000 up; return their ids in order."""
    source = "contact" if zones else "unknown"
    tenant_id = await tenant_of(conn, campaign_id)
    group_id = await conn.fetchval(
        """
        INSERT INTO calling_groups (zones, source, jurisdictions, jurisdiction_source)
        VALUES ($1, $2, $3, 'number')
        ON CONFLICT ON CONSTRAINT calling_groups_combination
            DO UPDATE SET zones = excluded.zones
        RETURNING id
        """,
        list(zones),
        source,
        list(jurisdictions),
    )
    await conn.execute(
        "INSERT INTO campaign_groups VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        tenant_id,
        campaign_id,
        group_id,
    )
    rows = await conn.fetch(
        """
        INSERT INTO contacts (tenant_id, campaign_id, calling_group_id, number)
        SELECT $1, $2, $3, '+' || (12025550000 + n)
        FROM generate_series($4::int, $4::int + $5 - 1) n
        RETURNING id
        """,
        tenant_id,
        campaign_id,
        group_id,
        first,
        count,
    )
    await waiting_counts.add(conn, [(WaitBucket(tenant_id, campaign_id, group_id, NEW, 0), count)])
    await conn.execute(
        """
        INSERT INTO campaign_counters AS c VALUES ($1, $2, 'contacts', $3)
        ON CONFLICT (tenant_id, campaign_id, name) DO UPDATE SET value = c.value + excluded.value
        """,
        tenant_id,
        campaign_id,
        count,
    )
    return [row["id"] for row in rows]
