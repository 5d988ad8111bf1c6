"""Which running campaigns one pass looks at: a tenant's with many calling groups take turns."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from shared.db.campaign_runs import RunningCampaign

# A pass asks each calling group whether it may be called now, which takes some microseconds. So it
# spends some hundredths of a second on a tenant, and the others are served many times a second.
GROUPS_AT_ONCE = 5_000
# So few cost a pass next to nothing, however many campaigns have them.
FEW_GROUPS = 20


@dataclass(slots=True)
class Turns:
    """A pass looks at as many campaigns of each tenant as have `groups_at_once` together, and at
    one in any case. The next pass goes on with the others.

    Campaigns of few groups, such as those of single calls, have no turns: each pass looks at them.
    Priorities and weights hold among the campaigns that a pass looks at.
    """

    groups_at_once: int = GROUPS_AT_ONCE
    few_groups: int = FEW_GROUPS
    # Of each campaign as the last look found them; none are known of a new one.
    _groups: dict[int, int] = field(default_factory=dict)
    # The last campaign of each tenant that takes turns.
    _last: dict[int, int] = field(default_factory=dict)

    def next(self, running: Iterable[RunningCampaign]) -> list[RunningCampaign]:
        by_tenant: dict[int, list[RunningCampaign]] = defaultdict(list)
        for campaign in running:
            by_tenant[campaign.tenant_id].append(campaign)
        ids = {campaign.id for own in by_tenant.values() for campaign in own}
        self._groups = {id_: groups for id_, groups in self._groups.items() if id_ in ids}
        self._last = {id_: last for id_, last in self._last.items() if id_ in by_tenant}
        return [
            campaign for id_, own in by_tenant.items() for campaign in self._of_tenant(id_, own)
        ]

    def note(self, groups: Mapping[int, int]) -> None:
        """How many calling groups the campaigns have that were looked at."""
        self._groups |= groups

    def _of_tenant(
        self, tenant_id: int, own: Sequence[RunningCampaign]
    ) -> Sequence[RunningCampaign]:
        few = [each for each in own if self._groups.get(each.id, 0) <= self.few_groups]
        many = [each for each in own if self._groups.get(each.id, 0) > self.few_groups]
        if sum(self._groups[campaign.id] for campaign in many) <= self.groups_at_once:
            self._last.pop(tenant_id, None)
            return own
        last, total = self._last.get(tenant_id, 0), 0
        chosen: list[RunningCampaign] = []
        for campaign in sorted(many, key=lambda campaign: (campaign.id <= last, campaign.id)):
            total += self._groups[campaign.id]
            if chosen and total > self.groups_at_once:
                break
            chosen.append(campaign)
        self._last[tenant_id] = chosen[-1].id
        return few + chosen
