"""Query of the forecast: the policy, caps and excluded contacts of a campaign."""

from dataclasses import dataclass

from shared.db.rows import campaign_caps, campaign_policy
from shared.db.types import Connection
from shared.definitions.policy import CampaignPolicy
from shared.domain.capacity.scopes import Caps, Scope
from shared.domain.outcomes import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`excluded` counts contacts that are finished because their number is suppressed."""

    policy: CampaignPolicy
    caps: dict[Scope, Caps]
    excluded: int


async def plan(conn: Connection, *, tenant_id: int, campaign_id: int) -> Plan | None:
    row = await conn.fetchrow(
        """
        SELECT c.id, c.tenant_id, c.trunk_id, c.definition::text, c.revision, t.rules_revision,
            t.rules::text AS tenant_rules,
            t.max_concurrent AS tenant_concurrent, t.calls_per_second AS tenant_rate,
            k.max_concurrent AS trunk_concurrent, k.calls_per_second AS trunk_rate,
            coalesce((
                SELECT value FROM campaign_counters
                WHERE tenant_id = $1 AND campaign_id = c.id AND name = 'finished.' || $3
            ), 0) AS excluded
        FROM campaigns c
        JOIN tenants t ON t.id = c.tenant_id
        JOIN trunks k ON k.id = c.trunk_id
        WHERE c.tenant_id = $1 AND c.id = $2
        """,
        tenant_id,
        campaign_id,
        str(Outcome.EXCLUDED),
    )
    if row is None:
        return None
    policy = campaign_policy(row)
    return Plan(
        policy=policy,
        caps=campaign_caps(row, policy),
        excluded=row["excluded"],
    )
