"""What a tenant may have at once, so that it leaves room for the others.

Requests at the same moment may each find the last place free, so a quota is exact but for these.
"""

from dataclasses import dataclass

from services.api.refusals import Refused
from shared.db.api import quotas
from shared.db.api.quotas import CampaignSize
from shared.db.types import Connection
from shared.domain.campaigns import CampaignKey

# An import takes from seconds to minutes.
RETRY_AFTER_SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotas:
    running_campaigns: int = 200
    # The scheduler asks each group of all running campaigns in each of its passes. Lists of real
    # people are in hundreds.
    calling_groups: int = 5_000
    contacts: int = 20_000_000
    imports: int = 20

    async def refuse_another_run(self, conn: Connection, campaign: CampaignKey) -> None:
        running = await quotas.running_campaigns(conn, campaign)
        if running >= self.running_campaigns:
            detail = (
                f"the tenant has {running:,} running campaigns, and may have "
                f"{self.running_campaigns:,}; pause or cancel another one first"
            )
            raise Refused("too_many_running_campaigns", detail)

    async def refuse_another_import(self, conn: Connection, tenant_id: int) -> None:
        imports = await quotas.open_imports(conn, tenant_id)
        if imports >= self.imports:
            detail = (
                f"the tenant has {imports:,} imports that have not ended, and may have "
                f"{self.imports:,}; wait for one of them, or cancel it"
            )
            raise Refused("too_many_imports", detail, retry_after=RETRY_AFTER_SECONDS)

    async def refuse_overfull(self, conn: Connection, campaign: CampaignKey) -> None:
        """Call it when contacts were added, before the commit."""
        self.refuse_larger(await quotas.size(conn, campaign, most_groups=self.calling_groups))

    def refuse_larger(self, size: CampaignSize) -> None:
        self.refuse_more_groups(size.calling_groups)
        if size.contacts > self.contacts:
            detail = (
                f"a campaign may have {self.contacts:,} contacts, and this would be more; make "
                "another campaign for the rest"
            )
            raise Refused("too_many_contacts", detail)

    def refuse_more_groups(self, calling_groups: int) -> None:
        if calling_groups > self.calling_groups:
            detail = (
                f"the contacts of a campaign may be in {self.calling_groups:,} calling groups, "
                "each with zones and regions of its own, and these are in more; make another "
                "campaign for the rest"
            )
            raise Refused("too_many_calling_groups", detail)
