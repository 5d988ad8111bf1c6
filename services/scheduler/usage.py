"""The capacity in use in each scope of caps, and the number of attempts to claim beside it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from shared.db.campaign_runs import RunningCampaign
from shared.db.scheduler.live_attempts import CampaignTrunk, LiveAttempts
from shared.domain.capacity.fair_share import Claimant, fair_shares, room
from shared.domain.capacity.scopes import INSTALLATION, NO_CAPS, Caps, Scope
from shared.domain.capacity.trunk_health import PROBE_CAPS
from shared.domain.spend import CeilingKind, SpendCeiling

IDLE = LiveAttempts(claimed=0, dialed=0, overdue=0)


@dataclass(slots=True)
class Usage:
    """Counts the live attempts at the beginning of a pass and adds each claim.

    `shut` are trunks that are down and that are not yet to be probed.
    `affordable` is how many calls the spend ceilings of a scope allow beside those that were
    dialed.
    """

    caps: dict[Scope, Caps]
    shut: set[Scope] = field(default_factory=set)
    waiting: Counter[Scope] = field(default_factory=Counter)
    dialed: Counter[Scope] = field(default_factory=Counter)
    affordable: dict[Scope, int] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        live: Mapping[CampaignTrunk, LiveAttempts],
        running: Iterable[RunningCampaign],
        installation: Caps,
        *,
        now: datetime,
    ) -> "Usage":
        usage = cls({INSTALLATION: installation})
        for campaign in running:
            for route in campaign.routes:
                own = live.get(CampaignTrunk(campaign.id, route.backup_id), IDLE)
                usage.caps |= route.caps
                if route.outage is not None:
                    usage.caps[route.trunk] = PROBE_CAPS
                    if not route.outage.is_half_open(now=now):
                        usage.shut.add(route.trunk)
                usage.note(route, own.claimed)
                for scope in route.scopes:
                    usage.dialed[scope] += own.dialed
            for ceiling in campaign.spend:
                scope = _scope(campaign, ceiling)
                usage.affordable[scope] = min(
                    ceiling.calls, usage.affordable.get(scope, ceiling.calls)
                )
        return usage

    def note(self, campaign: RunningCampaign, claimed: int) -> None:
        for scope in campaign.scopes:
            self.waiting[scope] += claimed

    def shares(self, campaigns: Sequence[RunningCampaign]) -> list[tuple[RunningCampaign, int]]:
        """The number of attempts to claim now for each campaign, by one of its trunks.

        Campaigns for which there is none are left out.
        """
        free = {
            scope: room(caps, waiting=self.waiting[scope], dialed=self.dialed[scope])
            for scope, caps in self.caps.items()
        }
        for scope, calls in self.affordable.items():
            free[scope] = min(free[scope], calls - self.waiting[scope])
        free |= dict.fromkeys(self.shut, 0)
        routes = {campaign.id: self._route(campaign, free) for campaign in campaigns}
        shares = fair_shares([self._claimant(route) for route in routes.values()], free)
        return [(routes[id_], share) for id_, share in shares.items()]

    def _route(self, campaign: RunningCampaign, free: Mapping[Scope, int]) -> RunningCampaign:
        """The campaign by the first of its trunks that is granted, up and not full.

        A trunk without caps is never full: what its queue is short of is something else.
        """
        for route in campaign.granted_routes:
            is_up = route.trunk not in self.shut
            if free[route.trunk] > 0 or (is_up and self.caps[route.trunk] == NO_CAPS):
                return route
        return campaign.granted_routes[0]

    def _claimant(self, campaign: RunningCampaign) -> Claimant:
        share = campaign.policy.definition.share
        own = Scope("campaign", campaign.id)
        return Claimant(
            id=campaign.id,
            used=self.waiting[own] + self.dialed[own],
            weight=share.weight,
            priority=share.priority,
            scopes=campaign.scopes,
        )


def _scope(campaign: RunningCampaign, ceiling: SpendCeiling) -> Scope:
    if ceiling.kind is CeilingKind.TENANT_DAY:
        return Scope("tenant", campaign.tenant_id)
    return Scope("campaign", campaign.id)
