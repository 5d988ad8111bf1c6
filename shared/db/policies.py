"""campaigns, tenants: the policies of campaigns, read again only when their revision changes."""

from collections.abc import Collection, Mapping

from shared.db.rows import campaign_policy, revision
from shared.db.types import Connection
from shared.definitions.policy import CampaignPolicy, Revision

# Some ten kilobytes each; an installation with more campaigns at work reads some of them anew.
KEPT_MOST = 10_000


class Policies:
    """A cache for one database. Definitions are long, so they are fetched once per revision."""

    def __init__(self) -> None:
        self._kept: dict[int, CampaignPolicy] = {}

    async def of(
        self, conn: Connection, revisions: Mapping[int, Revision]
    ) -> dict[int, CampaignPolicy]:
        """The policies of campaigns, by id, each of the given revision or a later one."""
        known = {
            id_: policy
            for id_, wanted in revisions.items()
            if (policy := self._kept.get(id_)) is not None and policy.revision == wanted
        }
        missing = revisions.keys() - known.keys()
        if missing:
            known |= await _read(conn, missing)
            self._kept |= known
            if len(self._kept) > KEPT_MOST:
                self._kept = known
        return known

    async def current(
        self, conn: Connection, campaign_ids: Collection[int]
    ) -> dict[int, CampaignPolicy]:
        """The policies of campaigns, by id, as they are now."""
        rows = await conn.fetch(
            """
            SELECT campaign.id, campaign.revision, tenant.rules_revision
            FROM campaigns AS campaign
            JOIN tenants AS tenant ON tenant.id = campaign.tenant_id
            WHERE campaign.id = ANY ($1::bigint[])
            """,
            list(campaign_ids),
        )
        return await self.of(conn, {row["id"]: revision(row) for row in rows})


async def _read(conn: Connection, campaign_ids: Collection[int]) -> dict[int, CampaignPolicy]:
    rows = await conn.fetch(
        """
        SELECT campaign.id, campaign.revision, campaign.definition::text,
            tenant.rules_revision, tenant.rules::text AS tenant_rules
        FROM campaigns AS campaign
        JOIN tenants AS tenant ON tenant.id = campaign.tenant_id
        WHERE campaign.id = ANY ($1::bigint[])
        """,
        list(campaign_ids),
    )
    return {row["id"]: campaign_policy(row) for row in rows}
