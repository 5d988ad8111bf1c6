"""What pending contacts wait for, told by calling group."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from services.api.native.models import WaitingGroup
from shared.db.contacts import Pending
from shared.domain.calendar import Calendar, next_span


def explain(calendar: Calendar, pending: Sequence[Pending], *, now: datetime) -> list[WaitingGroup]:
    return [entry for group in pending for entry in _of_group(calendar, group, now=now)]


def _of_group(calendar: Calendar, group: Pending, *, now: datetime) -> Iterator[WaitingGroup]:
    zones = tuple(group.zones)
    if not zones:
        yield _entry(group, group.due + group.later, "unknown_zone")
        return
    if group.due:
        span = next_span((calendar,), zones, now=now)
        if span is None:
            yield _entry(group, group.due, "ended")
        elif span.opens_at > now:
            yield _entry(group, group.due, "window", opens_at=span.opens_at)
        else:
            yield _entry(group, group.due, "pacing")
    if group.later_from is not None:
        span = next_span((calendar,), zones, now=group.later_from)
        if span is None:
            yield _entry(group, group.later, "ended")
        else:
            opens_at = max(group.later_from, span.opens_at)
            yield _entry(group, group.later, "retry", opens_at=opens_at)


def _entry(
    group: Pending, contacts: int, reason: str, *, opens_at: datetime | None = None
) -> WaitingGroup:
    return WaitingGroup.model_validate(
        {
            "zones": list(group.zones),
            "contacts": contacts,
            "reason": reason,
            "opens_at": opens_at,
        }
    )
