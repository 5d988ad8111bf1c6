"""The owner's wishes as plain values, and which calls they forbid by the wall clock."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from functools import cache
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

from tests.state_machine.people import PEOPLE

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EVERY_DAY = frozenset(range(7))
# The limits that both campaigns on the subject have: calls in rolling hours, and a silence.
CALLS_MOST, CALLS_WITHIN = 3, timedelta(hours=24)
SILENCE = timedelta(hours=168)


@dataclass(frozen=True, slots=True)
class Hours:
    """Wall time, in minutes of the day on which the hours begin."""

    days: frozenset[int]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Plan:
    hours: tuple[Hours, ...]
    excluded: frozenset[date] = frozenset()
    end_date: date | None = None

    def definition(self) -> dict[str, Any]:
        return {
            "windows": [
                {
                    "days": [DAYS[day] for day in sorted(hours.days)],
                    "start": _wall(hours.start),
                    "end": _wall(hours.end if hours.end <= 1_440 else hours.end - 1_440),
                    "crosses_midnight": hours.end > 1_440,
                }
                for hours in self.hours
            ],
            "excluded_dates": [str(day) for day in sorted(self.excluded)],
            "end_date": self.end_date and str(self.end_date),
        }

    def allows(self, zones: tuple[str, ...], at: datetime) -> bool:
        """A contact without a zone is never called."""
        return bool(zones) and all(self._allows_in(zone, at) for zone in zones)

    def _allows_in(self, zone: str, at: datetime) -> bool:
        wall = at.astimezone(zone_of(zone)).replace(tzinfo=None)
        return any(
            begun.weekday() in hours.days
            and timedelta(minutes=hours.start)
            <= wall - datetime.combine(begun, time())
            < timedelta(minutes=hours.end)
            for hours in self.hours
            for begun in (wall.date(), wall.date() - timedelta(days=1))
            if self._has(begun) and self._has(wall.date())
        )

    def _has(self, day: date) -> bool:
        return day not in self.excluded and (self.end_date is None or day <= self.end_date)


PLANS = {
    "always": Plan((Hours(EVERY_DAY, 0, 1_440),)),
    "office": Plan((Hours(frozenset(range(5)), 540, 1_020),)),
    "split": Plan((Hours(EVERY_DAY, 480, 720), Hours(EVERY_DAY, 780, 1_200))),
    "night": Plan((Hours(EVERY_DAY, 1_200, 1_560),)),
    "weekend": Plan((Hours(frozenset({5, 6}), 600, 960),)),
}


@dataclass(slots=True)
class Campaign:
    """`flow` is the call flow; the carrier finds the campaign by it."""

    id: int
    kind: str
    flow: str
    plan: Plan = PLANS["always"]
    wanted: str = "draft"
    # By number: the zones at its first import.
    zones: dict[str, tuple[str, ...]] = field(default_factory=dict)
    expires_at: dict[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Blackout:
    id: int
    area: str | None
    starts_at: datetime
    ends_at: datetime


@dataclass(slots=True)
class Owner:
    campaigns: list[Campaign] = field(default_factory=list)
    # By (number, campaign or 0 for all campaigns): the end of the suppression.
    suppressed: dict[tuple[str, int], datetime] = field(default_factory=dict)
    blackouts: list[Blackout] = field(default_factory=list)

    def forbids(self, campaign: Campaign, number: str, at: datetime) -> Iterator[str]:
        """Each reason why the owner does not want a call at this instant."""
        if campaign.wanted != "running":
            yield f"the campaign should be {campaign.wanted}"
        for list_ in (0, campaign.id):
            if self.suppressed.get((number, list_), at) > at:
                yield "the number is suppressed"
        if campaign.expires_at.get(number, at + SILENCE) <= at:
            yield "the request is void"
        if self.blacked_out(number, at):
            yield "a black-out"
        if not campaign.plan.allows(campaign.zones[number], at):
            yield f"outside the window in {campaign.zones[number]}"

    def blacked_out(self, number: str, at: datetime) -> bool:
        areas = (None, PEOPLE[number].country)
        return any(
            blackout.starts_at <= at < blackout.ends_at and blackout.area in areas
            for blackout in self.blackouts
        )

    def end_blackout(self, ended: Blackout, at: datetime) -> None:
        ends_at = min(ended.ends_at, max(ended.starts_at, at))
        self.blackouts[self.blackouts.index(ended)] = replace(ended, ends_at=ends_at)


@cache
def zone_of(name: str) -> ZoneInfo:
    with resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def _wall(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
