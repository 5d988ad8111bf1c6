"""The capacity in use in each scope of caps, and the number of attempts to claim beside it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from shared.db.campaign_runs import RunningCampaign
from shared.db.scheduler.claims import LiveAttempts
from shared.domain.capacity.fair_share import Claimant, fair_shares, room
from shared.domain.capacity.scopes import INSTALLATION, Caps, Scope

IDLE = LiveAttempts(claimed=0, dialed=0, overdue=0)


@dataclass(slots=True)
class Usage:
    """Counts the live attempts at the beginning of a pass and adds each claim."""

    caps: dict[Scope, Caps]
    waiting: Counter[Scope] = field(default_factory=Counter)
    dialed: Counter[Scope] = field(default_factory=Counter)

    @classmethod
    def of(
        cls, live: dict[int, LiveAttempts], running: Iterable[RunningCampaign], installation: Caps
    ) -> "Usage":
        usage = cls({INSTALLATION: installation})
        for campaign in running:
            own = live.get(campaign.id, IDLE)
            usage.caps |= campaign.caps
            usage.note(campaign, own.claimed)
            for scope in campaign.scopes:
                usage.dialed[scope] += own.dialed
        return usage

    def note(self, campaign: RunningCampaign, claimed: int) -> None:
        for scope in campaign.scopes:
            self.waiting[scope] += claimed

    def shares(self, campaigns: Sequence[RunningCampaign]) -> dict[int, int]:
        """The number of attempts to claim now, by campaign id; without campaigns with none."""
        free = {
            scope: room(caps, waiting=self.waiting[scope], dialed=self.dialed[scope])
            for scope, caps in self.caps.items()
        }
        return fair_shares([self._claimant(campaign) for campaign in campaigns], free)

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
