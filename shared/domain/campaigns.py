"""The states of a campaign, what its owner may want, and which state follows from that."""

from enum import StrEnum
from typing import NamedTuple


class CampaignKey(NamedTuple):
    """Names a campaign's row by its whole key."""

    tenant_id: int
    campaign_id: int


class CampaignState(StrEnum):
    """What a campaign is doing; only the scheduler writes it once the campaign exists."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class WantedState(StrEnum):
    """What the owner wants; the API writes it and the dialer obeys it at once."""

    DRAFT = "draft"
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLED = "cancelled"


class Command(StrEnum):
    """The commands of an owner."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"


WANTS: dict[Command, WantedState] = {
    Command.START: WantedState.RUNNING,
    Command.PAUSE: WantedState.PAUSED,
    Command.RESUME: WantedState.RUNNING,
    Command.CANCEL: WantedState.CANCELLED,
}

# From which wanted states a command makes sense; the API refuses the others with 409.
ALLOWED: dict[Command, frozenset[WantedState]] = {
    Command.START: frozenset({WantedState.DRAFT, WantedState.RUNNING}),
    Command.PAUSE: frozenset({WantedState.RUNNING, WantedState.PAUSED}),
    Command.RESUME: frozenset({WantedState.PAUSED, WantedState.RUNNING}),
    Command.CANCEL: frozenset(WantedState),
}

ENDED = frozenset({CampaignState.COMPLETED, CampaignState.CANCELLED})


def follows(state: CampaignState, wanted: WantedState, *, started: bool) -> CampaignState:
    """The state that follows from the wanted one; `started`: its first day has begun somewhere."""
    if state in ENDED:
        return state
    match wanted:
        case WantedState.DRAFT:
            return CampaignState.DRAFT
        case WantedState.RUNNING:
            return CampaignState.RUNNING if started else CampaignState.SCHEDULED
        case WantedState.PAUSED:
            return CampaignState.PAUSED
        case WantedState.CANCELLED:
            return CampaignState.CANCELLED
