"""What a simulation found, added up while it ran and asked of the contacts at its end."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from outdial.simulation.engine import Call, Contact, GroupQueue
from shared.domain.calendar.intervals import NEVER, Intervals, instant_of, union
from shared.domain.decision.reachability import Unreachable, unreachable
from shared.domain.decision.verdict import decide
from shared.domain.forecast.inputs import openings
from shared.domain.outcomes import Outcome
from shared.domain.policy.calling_rules import CallingRules
from shared.domain.reasons import Reason

HOUR = 3_600


@dataclass(slots=True)
class Tally:
    """Calls by hour and queue, and by outcome."""

    by_hour: Counter[tuple[int, int]] = field(default_factory=Counter)
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    first_at: datetime | None = None
    last_at: datetime | None = None
    ends_at: datetime | None = None

    def add(self, call: Call) -> None:
        self.by_hour[int(call.at.timestamp()) // HOUR, call.contact.queue.index] += 1
        self.outcomes[call.outcome] += 1
        if self.first_at is None:
            self.first_at = call.at
        self.last_at = call.at
        if self.ends_at is None or call.ended_at > self.ends_at:
            self.ends_at = call.ended_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """Contacts whose zones are the same; `hours` are calls by hours since 1970."""

    label: str
    contacts: int
    calls: int
    hours: dict[int, int]
    windows: Intervals


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """Contacts that wait for the same thing; `next_at`: when the first may be called."""

    reason: str
    contacts: int
    next_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """`finished_at` is None when contacts still wait at `until`."""

    start: datetime
    until: datetime
    contacts: int
    calls: int
    peak: int
    first_at: datetime | None
    last_at: datetime | None
    finished_at: datetime | None
    outcomes: Counter[Outcome]
    finished: Counter[Outcome]
    waiting: list[Waits]
    never: list[tuple[Unreachable, int]]
    zones: list[Zone]

    @property
    def by_hour(self) -> Counter[int]:
        hours: Counter[int] = Counter()
        for zone in self.zones:
            hours.update(zone.hours)
        return hours

    @property
    def busiest(self) -> tuple[datetime, int] | None:
        """The first of the hours with the most calls."""
        hours = self.by_hour
        if not hours:
            return None
        hour = min(hours, key=lambda hour: (-hours[hour], hour))
        return instant_of(hour * HOUR), hours[hour]

    @property
    def end(self) -> datetime:
        """The end of the chart."""
        return self.finished_at or self.until


def result(
    tally: Tally,
    queues: Sequence[GroupQueue],
    contacts: Sequence[Contact],
    *,
    start: datetime,
    until: datetime,
    peak: int,
) -> Result:
    shut = {queue.index: unreachable(queue.rules, now=start) for queue in queues}
    finished: Counter[Outcome] = Counter()
    waits: dict[str, tuple[int, datetime]] = {}
    never: Counter[Unreachable] = Counter()
    for contact in contacts:
        why = shut[contact.queue.index]
        if contact.outcome is not None:
            finished[contact.outcome] += 1
        elif why is not None:
            never[why] += 1
        else:
            _note(contact, finished, waits, at=until)
    return Result(
        start=start,
        until=until,
        contacts=len(contacts),
        calls=sum(tally.outcomes.values()),
        peak=peak,
        first_at=tally.first_at,
        last_at=tally.last_at,
        finished_at=None if waits else tally.ends_at,
        outcomes=tally.outcomes,
        finished=finished,
        waiting=[
            Waits(reason=reason, contacts=count, next_at=None if at >= NEVER else at)
            for reason, (count, at) in sorted(waits.items(), key=lambda item: -item[1][0])
        ],
        never=never.most_common(),
        zones=_zones(tally, queues, contacts, start=start, until=until),
    )


def _note(
    contact: Contact,
    finished: Counter[Outcome],
    waits: dict[str, tuple[int, datetime]],
    *,
    at: datetime,
) -> None:
    """Count a contact without an outcome: still waiting, or out of time."""
    if contact.queue.rules.opening(now=max(at, contact.due)) is None:
        finished[Outcome.OUT_OF_TIME] += 1
        return
    verdict = decide(contact.queue.rules, contact.facts(), now=at)
    reason = str(Reason.PACING)
    if verdict.binding is not None:
        blocked, rule = verdict.binding.reason, verdict.binding.rule
        reason = str(contact.waits_for or Reason.RETRY if blocked is Reason.WAIT else blocked)
        reason += f": {rule.name}" if rule is not None else ""
    count, earliest = waits.get(reason, (0, NEVER))
    waits[reason] = count + 1, min(earliest, verdict.next_at or NEVER)


def _zones(
    tally: Tally,
    queues: Sequence[GroupQueue],
    contacts: Iterable[Contact],
    *,
    start: datetime,
    until: datetime,
) -> list[Zone]:
    """One row per set of zones, the largest first."""
    sizes: Counter[tuple[str, ...]] = Counter(each.queue.rules.group.zones for each in contacts)
    together: dict[tuple[str, ...], list[GroupQueue]] = {}
    for queue in queues:
        together.setdefault(queue.rules.group.zones, []).append(queue)
    hours: dict[tuple[str, ...], Counter[int]] = {zones: Counter() for zones in together}
    for (hour, index), count in tally.by_hour.items():
        hours[queues[index].rules.group.zones][hour] += count
    rows = [
        Zone(
            label=label(zones),
            contacts=sizes[zones],
            calls=sum(hours[zones].values()),
            hours=dict(sorted(hours[zones].items())),
            windows=_windows((queue.rules for queue in each), start=start, until=until),
        )
        for zones, each in together.items()
    ]
    return sorted(rows, key=lambda zone: (-zone.contacts, zone.label))


def _windows(rules: Iterable[CallingRules], *, start: datetime, until: datetime) -> Intervals:
    """The hours in which any of the groups is open: the law may differ within a zone."""
    hour = timedelta(seconds=HOUR)
    return union(
        span for each in rules for span in openings(each, start=start - hour, end=until + hour)
    )


def label(zones: tuple[str, ...]) -> str:
    if not zones:
        return "unknown zone"
    return zones[0] if len(zones) == 1 else f"{zones[0]} and {len(zones) - 1} more"
