"""The calls that the numbers of capped pools allow, less the attempts that wait for them."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shared.db import caller_id_uses
from shared.db.campaign_runs import RunningCampaign
from shared.db.scheduler.live_attempts import CampaignTrunk, LiveAttempts
from shared.db.types import Connection
from shared.domain.capacity.caller_ids import NumberPool, room
from shared.domain.capacity.fair_share import QUEUE_MOST

# A tenant and the name of one of its pools.
_Key = tuple[int, str]


@dataclass(slots=True)
class PoolRooms:
    """Read at the beginning of a pass, and less with each claim. Pools without caps are not in it.

    The dialers count the numbers exactly. This keeps contacts from being claimed in vain.
    """

    left: Counter[_Key] = field(default_factory=Counter)

    @classmethod
    async def read(
        cls,
        conn: Connection,
        running: Sequence[RunningCampaign],
        live: Mapping[CampaignTrunk, LiveAttempts],
    ) -> "PoolRooms":
        rooms = cls()
        pools: dict[int, dict[str, NumberPool]] = defaultdict(dict)
        for campaign in running:
            pool = campaign.policy.pool
            if pool is not None and pool.is_capped:
                pools[campaign.tenant_id][pool.name] = pool
        for tenant_id, by_name in pools.items():
            numbers = {number for pool in by_name.values() for number in pool.numbers}
            known = await caller_id_uses.read(conn, tenant_id=tenant_id, numbers=numbers)
            for name, pool in by_name.items():
                rooms.left[tenant_id, name] = room(pool, known.uses, now=known.at) or 0
        if pools:
            by_id = {campaign.id: campaign for campaign in running}
            for key, attempts in live.items():
                if key.campaign_id in by_id:
                    rooms.note(by_id[key.campaign_id], attempts.claimed)
        return rooms

    def of(self, campaign: RunningCampaign) -> int:
        """How many attempts may be claimed for the campaign; without caps any number of them."""
        key = _key(campaign)
        return QUEUE_MOST if key is None else max(0, self.left[key])

    def note(self, campaign: RunningCampaign, claimed: int) -> None:
        key = _key(campaign)
        if key is not None:
            self.left[key] -= claimed


def _key(campaign: RunningCampaign) -> _Key | None:
    pool = campaign.policy.pool
    return None if pool is None or not pool.is_capped else (campaign.tenant_id, pool.name)
