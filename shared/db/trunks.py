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
