"""I3: no originate outside the hours, by wall time in every zone the contact may be in."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers.timezone import UNKNOWN_TIMEZONE, time_zones_for_number

from tests.support.judging.facts import Contact, Facts, Violation

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def outside_hours(facts: Facts) -> Iterator[Violation]:
    for line, attempt, contact, campaign in facts.known():
        at = datetime.fromtimestamp(line.at, UTC)
        why = _closed(campaign.definition["calendar"], contact, at)
        if why is not None:
            evidence = f"originated at {at.isoformat()}: {why}"
            yield Violation(invariant="I3", id=str(attempt.id), evidence=evidence)


def open_at(calendar: dict[str, Any], zone: str, at: datetime) -> bool:
    """Wall clocks are compared as people read them, so no offset is ever kept."""
    wall = at.astimezone(_zone(zone)).replace(tzinfo=None)
    for began in (wall.date(), wall.date() - timedelta(days=1)):
        if not (_in_range(calendar, wall.date()) and _in_range(calendar, began)):
            continue
        for window in calendar["windows"]:
            if _DAYS[began.weekday()] in window["days"] and _holds(window, began, wall):
                return True
    return False


def _closed(calendar: dict[str, Any], contact: Contact, at: datetime) -> str | None:
    if not contact.zones:
        return "its zone is unknown"
    missing = _zones_of_number(contact.number) - set(contact.zones)
    if contact.zone_source == "number" and missing:
        return f"its number may also be in {', '.join(sorted(missing))}"
    closed = [zone for zone in contact.zones if not open_at(calendar, zone, at)]
    return f"closed in {', '.join(closed)}" if closed else None


def _holds(window: dict[str, Any], began: date, wall: datetime) -> bool:
    midnight = datetime(began.year, began.month, began.day)  # noqa: DTZ001
    opens = midnight + _since_midnight(window["start"])
    closes = midnight + _since_midnight(window["end"])
    if closes <= opens:
        closes += timedelta(days=1)
    return opens <= wall < closes


def _since_midnight(wall_time: str) -> timedelta:
    hours, minutes = wall_time.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes))


def _in_range(calendar: dict[str, Any], day: date) -> bool:
    first, last = calendar.get("start_date"), calendar.get("end_date")
    after_start = not first or date.fromisoformat(first) <= day
    return after_start and (not last or day <= date.fromisoformat(last))


@cache
def _zone(name: str) -> ZoneInfo:
    """Straight from the tzdata package, whatever the process made of its search path."""
    with files("tzdata.zoneinfo").joinpath(*name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


@cache
def _zones_of_number(number: str) -> frozenset[str]:
    return frozenset(time_zones_for_number(phonenumbers.parse(number))) - {UNKNOWN_TIMEZONE}


def local_date(zone: str, at: float) -> date:
    return datetime.fromtimestamp(at, UTC).astimezone(_zone(zone)).date()
