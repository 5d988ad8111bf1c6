"""What a simulation found, added up while it ran and asked of the contacts at its end."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from outdial.simulation.engine import Call, Contact, Room
from shared.domain.calendar.intervals import Intervals, instant_of, union
from shared.domain.decision.gates import NEVER
from shared.domain.decision.reachability import Unreachable, unreachable
from shared.domain.decision.verdict import decide
from shared.domain.forecast.inputs import openings
from shared.domain.outcomes import Outcome
from shared.domain.policy.calling_rules import CallingRules
from shared.domain.reasons import Reason

HOUR = 3_600


@dataclass(slots=True)
class Tally:
    """Calls by the hour in which they were placed and the place of their room, and by outcome."""

    by_hour: Counter[tuple[int, int]] = field(default_factory=Counter)
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    first_at: datetime | None = None
    last_at: datetime | None = None
    ends_at: datetime | None = None

    def add(self, call: Call) -> None:
        self.by_hour[int(call.at.timestamp()) // HOUR, call.contact.room.place] += 1
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
    """Contacts that wait for the same thing; `next_at` is when the first may be called."""

    reason: str
    contacts: int
    next_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """`finished_at` is None when somebody still waits at the end of `until`."""

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
        found: Counter[int] = Counter()
        for zone in self.zones:
            found.update(zone.hours)
        return found

    @property
    def busiest(self) -> tuple[datetime, int] | None:
        """The first of the hours with the most calls."""
        hours = self.by_hour
        if not hours:
            return None
        hour = min(hours, key=lambda each: (-hours[each], each))
        return instant_of(hour * HOUR), hours[hour]

    @property
    def end(self) -> datetime:
        """Of what there is to show."""
        return self.finished_at or self.until


def result(
    tally: Tally,
    rooms: Sequence[Room],
    contacts: Sequence[Contact],
    *,
    start: datetime,
    until: datetime,
    peak: int,
) -> Result:
    shut = {room.place: unreachable(room.rules, now=start) for room in rooms}
    finished: Counter[Outcome] = Counter()
    waits: dict[str, tuple[int, datetime]] = {}
    never: Counter[Unreachable] = Counter()
    for contact in contacts:
        why = shut[contact.room.place]
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
        zones=_zones(tally, rooms, contacts, start=start, until=until),
    )


def _note(
    contact: Contact,
    finished: Counter[Outcome],
    waits: dict[str, tuple[int, datetime]],
    *,
    at: datetime,
) -> None:
    """Somebody who waits at the end, or who waited for a window that will not come."""
    if contact.room.rules.opening(now=max(at, contact.due)) is None:
        finished[Outcome.OUT_OF_TIME] += 1
        return
    verdict = decide(contact.room.rules, contact.facts(), now=at)
    reason = str(Reason.PACING)
    if verdict.binding is not None:
        blocked, rule = verdict.binding.reason, verdict.binding.rule
        reason = str(contact.waits_for or Reason.RETRY if blocked is Reason.WAIT else blocked)
        reason += f": {rule.name}" if rule is not None else ""
    count, earliest = waits.get(reason, (0, NEVER))
    waits[reason] = count + 1, min(earliest, verdict.next_at or NEVER)


def _zones(
    tally: Tally,
    rooms: Sequence[Room],
    contacts: Iterable[Contact],
    *,
    start: datetime,
    until: datetime,
) -> list[Zone]:
    """The largest first."""
    sizes: Counter[tuple[str, ...]] = Counter(each.room.rules.group.zones for each in contacts)
    together: dict[tuple[str, ...], list[Room]] = {}
    for room in rooms:
        together.setdefault(room.rules.group.zones, []).append(room)
    hours: dict[tuple[str, ...], Counter[int]] = {zones: Counter() for zones in together}
    for (hour, place), count in tally.by_hour.items():
        hours[rooms[place].rules.group.zones][hour] += count
    found = [
        Zone(
            label=label(zones),
            contacts=sizes[zones],
            calls=sum(hours[zones].values()),
            hours=dict(sorted(hours[zones].items())),
            windows=_windows((room.rules for room in each), start=start, until=until),
        )
        for zones, each in together.items()
    ]
    return sorted(found, key=lambda zone: (-zone.contacts, zone.label))


def _windows(rules: Iterable[CallingRules], *, start: datetime, until: datetime) -> Intervals:
    """When any of the groups is open: law may differ within a zone."""
    hour = timedelta(seconds=HOUR)
    return union(
        span for each in rules for span in openings(each, start=start - hour, end=until + hour)
    )


def label(zones: tuple[str, ...]) -> str:
    if not zones:
        return "unknown zone"
    return zones[0] if len(zones) == 1 else f"{zones[0]} and {len(zones) - 1} more"
