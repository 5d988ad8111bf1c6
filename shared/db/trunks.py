"""trunks: routes to providers, with the caps of their carriers. Written by the operator's tools.

Every tenant may use a trunk of the installation; any other trunk is granted to single tenants.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import SecretStr

from shared.db.types import Connection
from shared.domain.capacity.scopes import NO_CAPS, Caps

NO_SECRET = SecretStr("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """`settings` are the provider's own; `secret` (a key, a token) never shows in a text.

    `granted_to` are the tenants that may use the trunk; None is every tenant.
    """

    id: int
    provider: str
    settings: Mapping[str, Any]
    secret: SecretStr = NO_SECRET
    granted_to: frozenset[int] | None = None

    def is_routed_as(self, other: "Trunk") -> bool:
        """Whether both lead to the same provider in the same way; their grants may differ."""
        return replace(self, granted_to=None) == replace(other, granted_to=None)

    def serves(self, tenant_id: int) -> bool:
        return self.granted_to is None or tenant_id in self.granted_to


async def upsert(
    conn: Connection,
    *,
    name: str,
    provider: str,
    settings: Mapping[str, Any],
    secret: SecretStr = NO_SECRET,
    granted_to: Iterable[int] | None = None,
    caps: Caps = NO_CAPS,
) -> int:
    """Write a trunk and its owner: the installation (None), or the tenants that may use it."""
    trunk_id: int = await conn.fetchval(
        """
        WITH trunk AS (
            INSERT INTO trunks
                (name, provider, settings, for_every_tenant, max_concurrent, calls_per_second)
            VALUES ($1, $2, $3::jsonb, $4::bigint[] IS NULL, $5, $6)
            ON CONFLICT (name) DO UPDATE
            SET provider = excluded.provider, settings = excluded.settings,
                for_every_tenant = excluded.for_every_tenant,
                max_concurrent = excluded.max_concurrent,
                calls_per_second = excluded.calls_per_second
            RETURNING id
        ),
        -- Grants that are not named any more end.
        ended AS (
            DELETE FROM trunk_grants USING trunk
            WHERE trunk_id = trunk.id AND tenant_id <> ALL (coalesce($4::integer[], '{}'))
        ),
        granted AS (
            INSERT INTO trunk_grants (tenant_id, trunk_id)
            SELECT tenant_id, trunk.id FROM trunk, unnest($4::integer[]) AS tenant_id
            ON CONFLICT DO NOTHING
        ),
        -- It may have been down because of what was changed.
        probed AS (
            UPDATE trunk_outages SET probe_at = statement_timestamp()
            FROM trunk WHERE trunk_outages.trunk_id = trunk.id
        )
        SELECT id FROM trunk
        """,
        name,
        provider,
        json.dumps(dict(settings)),
        None if granted_to is None else list(granted_to),
        caps.max_concurrent,
        caps.calls_per_second,
    )
    await _keep_secret(conn, trunk_id, secret)
    return trunk_id


async def find(conn: Connection, trunk_id: int) -> Trunk | None:
    row = await conn.fetchrow(
        """
        SELECT trunk.id, trunk.provider, trunk.settings, coalesce(kept.secret, '') AS secret,
            CASE WHEN NOT trunk.for_every_tenant THEN
                ARRAY(SELECT tenant_id FROM trunk_grants WHERE trunk_grants.trunk_id = trunk.id)
            END AS granted_to
        FROM trunks AS trunk LEFT JOIN trunk_secrets AS kept ON kept.trunk_id = trunk.id
        WHERE trunk.id = $1
        """,
        trunk_id,
    )
    if row is None:
        return None
    return Trunk(
        id=row["id"],
        provider=row["provider"],
        settings=json.loads(row["settings"]),
        secret=SecretStr(row["secret"]),
        granted_to=None if row["granted_to"] is None else frozenset(row["granted_to"]),
    )


async def _keep_secret(conn: Connection, trunk_id: int, secret: SecretStr) -> None:
    await conn.execute(
        """
        MERGE INTO trunk_secrets AS kept
        USING (VALUES ($1::bigint, $2::text)) AS given (trunk_id, secret)
            ON kept.trunk_id = given.trunk_id
        WHEN MATCHED AND given.secret = '' THEN DELETE
        WHEN MATCHED THEN UPDATE SET secret = given.secret
        WHEN NOT MATCHED AND given.secret <> '' THEN
            INSERT (trunk_id, secret) VALUES (given.trunk_id, given.secret)
        """,
        trunk_id,
        secret.get_secret_value(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedTrunk:
    """A trunk as the operator sees it: of the secret no more than whether there is one."""

    id: int
    name: str
    provider: str
    settings: Mapping[str, Any]
    has_secret: bool
    granted_to: tuple[int, ...] | None
    max_concurrent: int | None
    calls_per_second: int | None
    campaigns: int


async def every(conn: Connection, *, name: str | None = None) -> list[NamedTrunk]:
    """All trunks, or the one of this name; `campaigns` counts those that call through it."""
    rows = await conn.fetch(
        """
        SELECT trunk.id, trunk.name, trunk.provider, trunk.settings::text AS settings,
            EXISTS (SELECT FROM trunk_secrets WHERE trunk_id = trunk.id) AS has_secret,
            CASE WHEN NOT trunk.for_every_tenant THEN ARRAY(
                SELECT tenant_id FROM trunk_grants WHERE trunk_id = trunk.id ORDER BY tenant_id
            ) END AS granted_to,
            trunk.max_concurrent, trunk.calls_per_second,
            (
                SELECT count(*) FROM tenants AS tenant JOIN campaigns AS campaign
                    ON campaign.tenant_id = tenant.id
                WHERE campaign.trunk_id = trunk.id OR EXISTS (
                    SELECT FROM campaign_backup_trunks AS backup
                    WHERE backup.tenant_id = campaign.tenant_id
                        AND backup.campaign_id = campaign.id AND backup.trunk_id = trunk.id
                )
            ) AS campaigns
        FROM trunks AS trunk WHERE $1::text IS NULL OR trunk.name = $1 ORDER BY trunk.id
        """,
        name,
    )
    return [
        NamedTrunk(
            **{
                **row,
                "settings": json.loads(row["settings"]),
                "granted_to": None if row["granted_to"] is None else tuple(row["granted_to"]),
            }
        )
        for row in rows
    ]


async def remove(conn: Connection, trunk_id: int) -> None:
    """Delete a trunk with its grants and its secret. A campaign that names it prevents it.

    The caller has a transaction; asyncpg.ForeignKeyViolationError says that there is a campaign.
    """
    await conn.execute("DELETE FROM trunk_secrets WHERE trunk_id = $1", trunk_id)
    await conn.execute("DELETE FROM trunk_grants WHERE trunk_id = $1", trunk_id)
    await conn.execute("DELETE FROM trunks WHERE id = $1", trunk_id)
