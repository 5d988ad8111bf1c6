"""Wait buckets: pending contacts are counted by what they wait for and by when that ends."""

from datetime import datetime
from typing import NamedTuple

from shared.domain.campaigns import CampaignKey

NEW = "new"
# As the schema's function five_minutes_of has it.
BUCKET_SECONDS = 300


class WaitBucket(NamedTuple):
    """Contacts of one group that wait for one reason until the same five minutes.

    `five_minutes` counts from 1970 and is that of their not_before; 0 means at once.
    """

    tenant_id: int
    campaign_id: int
    calling_group_id: int
    waits_for: str
    five_minutes: int

    @property
    def campaign(self) -> CampaignKey:
        return CampaignKey(self.tenant_id, self.campaign_id)


def five_minutes_of(not_before: datetime | None) -> int:
    """The number of an instant's five minutes since 1970; 0 for None."""
    return 0 if not_before is None else int(not_before.timestamp() // BUCKET_SECONDS)
