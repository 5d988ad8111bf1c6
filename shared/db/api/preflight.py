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
        SELECT tenant_id, id, trunk_id, revision, definition, rules_revision, tenant_rules, caps,
            coalesce((
                SELECT value FROM campaign_counters
                WHERE tenant_id = $1 AND campaign_id = $2 AND name = 'finished.' || $3
            ), 0) AS excluded
        FROM campaign_terms
        WHERE tenant_id = $1 AND id = $2
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
