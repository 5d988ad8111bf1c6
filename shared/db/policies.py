"""campaigns, tenants: the policies of campaigns, read again only when their revision changes."""

from collections.abc import Collection, Mapping

from shared.db.rows import campaign_key, campaign_policy, columns, revision
from shared.db.types import Connection
from shared.definitions.policy import CampaignPolicy, Revision
from shared.domain.campaigns import CampaignKey

# Some ten kilobytes each; an installation with more campaigns at work reads some of them anew.
KEPT_MOST = 10_000


class Policies:
    """A cache for one database. Definitions are long, so they are fetched once per revision."""

    def __init__(self) -> None:
        self._kept: dict[CampaignKey, CampaignPolicy] = {}

    async def of(
        self, conn: Connection, revisions: Mapping[CampaignKey, Revision]
    ) -> dict[CampaignKey, CampaignPolicy]:
        """The policies of campaigns, each of the given revision or a later one."""
        known = {
            campaign: policy
            for campaign, wanted in revisions.items()
            if (policy := self._kept.get(campaign)) is not None and policy.revision == wanted
        }
        missing = revisions.keys() - known.keys()
        if missing:
            known |= await _read(conn, missing)
            self._kept |= known
            if len(self._kept) > KEPT_MOST:
                self._kept = known
        return known

    async def current(
        self, conn: Connection, campaigns: Collection[CampaignKey]
    ) -> dict[CampaignKey, CampaignPolicy]:
        """The policies of campaigns as they are now."""
        rows = await conn.fetch(
            """
            SELECT tenant_id, id, revision, rules_revision
            FROM unnest($1::integer[], $2::bigint[]) AS wanted (tenant_id, id)
            JOIN campaign_terms USING (tenant_id, id)
            """,
            *columns(campaigns),
        )
        return await self.of(conn, {campaign_key(row): revision(row) for row in rows})


async def _read(
    conn: Connection, campaigns: Collection[CampaignKey]
) -> dict[CampaignKey, CampaignPolicy]:
    rows = await conn.fetch(
        """
        SELECT tenant_id, id, revision, definition, rules_revision, tenant_rules, call_flow,
            caller_ids, number_pool, agent
        FROM unnest($1::integer[], $2::bigint[]) AS wanted (tenant_id, id)
        JOIN campaign_terms USING (tenant_id, id)
        """,
        *columns(campaigns),
    )
    return {campaign_key(row): campaign_policy(row) for row in rows}
