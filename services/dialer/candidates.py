"""A due attempt with its campaign, and whether it may be dialed at an instant."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from services.dialer.permits import Hierarchy, scopes_of
from shared.db.attempts import Due
from shared.db.campaign_runs import Run
from shared.definitions.campaign import calendar_of
from shared.domain.attempts import DropReason
from shared.domain.calendar import is_open

# Nothing is dialed this shortly before its window closes: the network and the carrier need time.
LAST_MOMENTS = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A due attempt with its campaign."""

    due: Due
    run: Run

    @property
    def scopes(self) -> Hierarchy:
        run = self.run
        return scopes_of(campaign=run.id, tenant=run.tenant_id, trunk=run.trunk_id)


@lru_cache(maxsize=512)
def _stays_open(definition: str, zones: tuple[str, ...], at: datetime) -> bool:
    """Whether the window is open and will be in a moment; one answer serves a batch."""
    calendars = (calendar_of(definition),)
    return is_open(calendars, zones, at=at) and is_open(calendars, zones, at=at + LAST_MOMENTS)


def reason_to_drop(candidate: Candidate, *, at: datetime) -> DropReason | None:
    """Why the attempt must not be dialed at this instant; None when it may be."""
    due, run = candidate.due, candidate.run
    if not run.wanted:
        return DropReason.NOT_WANTED
    if due.suppressed:
        return DropReason.SUPPRESSED
    if at + LAST_MOMENTS >= due.window_closes_at or not _stays_open(run.definition, due.zones, at):
        return DropReason.WINDOW_CLOSED
    return None
