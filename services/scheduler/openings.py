"""Which calling groups of a campaign are open, asked of the calendar only when that can change."""

from dataclasses import dataclass, field
from datetime import datetime

from shared.db.campaign_groups import Group
from shared.definitions.campaign import calendar_of
from shared.domain.calendar import Span, next_span

# Far above campaigns times groups of any installation seen; a bound, not a tuning.
CACHED_MOST = 100_000


@dataclass(slots=True)
class Openings:
    """Remembers each answer until its span is over; a new definition is a new question."""

    _spans: dict[tuple[str, tuple[str, ...]], Span | None] = field(default_factory=dict)

    def span(self, definition: str, zones: tuple[str, ...], *, now: datetime) -> Span | None:
        """The span that contains `now`, or the next one, or None when there is none any more."""
        key = (definition, zones)
        known = self._spans.get(key)
        if known is not None and known.closes_at > now:
            return known
        if len(self._spans) >= CACHED_MOST:
            self._spans.clear()
        span = next_span((calendar_of(definition),), zones, now=now)
        self._spans[key] = span
        return span

    def open_groups(
        self, definition: str, groups: list[Group], *, now: datetime
    ) -> list[tuple[Group, Span]]:
        """The open groups, the one that closes first in front: its contacts can wait least."""
        spans = ((group, self.span(definition, group.calling.zones, now=now)) for group in groups)
        opened = [(group, span) for group, span in spans if span and span.opens_at <= now]
        return sorted(opened, key=lambda pair: (pair[1].closes_at, pair[0].id))
