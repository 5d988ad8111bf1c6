"""I3: each originate is inside the hours, by wall time in every zone where the contact may be."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

import holidays
import phonenumbers
from dateutil.easter import easter
from phonenumbers.timezone import UNKNOWN_TIMEZONE, time_zones_for_number

from tests.oracle.facts import Campaign, Contact, Facts, Violation
from tests.oracle.law import Law, Rule

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def outside_hours(facts: Facts) -> Iterator[Violation]:
    law = Law(facts.tenant_rules)
    for line, attempt, contact, campaign in facts.known():
        at = datetime.fromtimestamp(line.at, UTC)
        legal = (_forbidden(rule, contact, at) for rule in law.rules(campaign, contact))
        for why in (_closed(campaign, contact, at), *legal):
            if why is not None:
                evidence = f"originated at {at.isoformat()}: {why}"
                yield Violation(invariant="I3", id=str(attempt.id), evidence=evidence)


def open_at(calendar: dict[str, Any], zone: str, at: datetime) -> bool:
    """Compares naive wall times, so that no wrong offset can enter."""
    wall = at.astimezone(_zone(zone)).replace(tzinfo=None)
    today, yesterday = wall.date(), wall.date() - timedelta(days=1)
    if calendar.get("holiday_windows") and _is_holiday(calendar, today):
        return any(_holds(window, today, wall) for window in calendar["holiday_windows"])
    hours = _hours(calendar, today)
    if not _special(calendar, today) or _special(calendar, yesterday):
        hours += _hours(calendar, yesterday)
    return _allowed(calendar, today) and any(
        _allowed(calendar, began) and _holds(window, began, wall) for began, window in hours
    )


def _closed(campaign: Campaign, contact: Contact, at: datetime) -> str | None:
    if not contact.zones:
        return "its zone is unknown"
    missing = _zones_of_number(contact.number) - set(contact.zones)
    if contact.zone_source == "number" and missing:
        return f"its number may also be in {', '.join(sorted(missing))}"
    calendars = [campaign.definition["calendar"]]
    by_default = campaign.definition.get("default_zone_windows")
    if by_default and contact.zone_source == "campaign":
        calendars.append({"windows": by_default})
    closed = [
        zone
        for zone in contact.zones
        if not all(open_at(calendar, calendar.get("zone") or zone, at) for calendar in calendars)
    ]
    return f"closed in {', '.join(closed)}" if closed else None


def _forbidden(rule: Rule, contact: Contact, at: datetime) -> str | None:
    """A rule is in effect on local dates; on other dates every minute is open."""
    hours = rule.hours
    if hours is None:
        return None
    places = set(contact.zones)
    if rule.in_all_places:
        places |= _zones_by_number(contact.number)
    closed = [
        zone
        for zone in sorted(places)
        if rule.holds_on(local_date(zone, at.timestamp())) and not open_at(hours, zone, at)
    ]
    return f"closed in {', '.join(closed)} by {rule.name}" if closed else None


def _hours(calendar: dict[str, Any], day: date) -> list[tuple[date, dict[str, Any]]]:
    """The windows that begin on this date: its special hours, or else the weekly ones."""
    weekly = (window for window in calendar["windows"] if _DAYS[day.weekday()] in window["days"])
    return [(day, window) for window in _special(calendar, day) or weekly]


def _special(calendar: dict[str, Any], day: date) -> list[dict[str, Any]]:
    listed = (
        special for special in calendar.get("dates", ()) if special["date"] == day.isoformat()
    )
    return [window for special in listed for window in special["windows"]]


def _holds(window: dict[str, Any], began: date, wall: datetime) -> bool:
    midnight = datetime(began.year, began.month, began.day)  # noqa: DTZ001
    opens = midnight + _since_midnight(window["start"])
    closes = midnight + _since_midnight(window["end"])
    if window.get("crosses_midnight", closes <= opens):
        closes += timedelta(days=1)
    return opens <= wall < closes


def _since_midnight(wall_time: str) -> timedelta:
    hours, minutes = wall_time.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes))


def _allowed(calendar: dict[str, Any], day: date) -> bool:
    first, last = calendar.get("start_date"), calendar.get("end_date")
    after_start = not first or date.fromisoformat(first) <= day
    in_range = after_start and (not last or day <= date.fromisoformat(last))
    excluded = day.isoformat() in calendar.get("excluded_dates", ())
    return in_range and not excluded and not _is_holiday(calendar, day)


def _is_holiday(calendar: dict[str, Any], day: date) -> bool:
    return any(
        day in _holidays(holiday["country"], holiday.get("region"))
        or any(_is_further(written, day) for written in holiday.get("days", ()))
        for holiday in calendar.get("holidays", ())
    )


def _is_further(written: str, day: date) -> bool:
    """11-01, fri>=11-23 or easter-2, each within one year."""
    if written.startswith("easter"):
        sunday: date = easter(day.year)
        return (day - sunday).days == int(written.removeprefix("easter"))
    weekday, _, first = written.rpartition(">=")
    since = (day - date.fromisoformat(f"{day.year}-{first}")).days
    if weekday:
        return 0 <= since < 7 and weekday == _DAYS[day.weekday()]
    return since == 0


@cache
def _holidays(country: str, region: str | None) -> holidays.HolidayBase:
    """For the years around: New Year's Day may be observed on 31 December of the year before."""
    return holidays.country_holidays(country, subdiv=region, years=range(2020, 2041))


@cache
def _zone(name: str) -> ZoneInfo:
    """Read the zone from the tzdata package, not from the search path of the process."""
    with files("tzdata.zoneinfo").joinpath(*name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


@cache
def _zones_of_number(number: str) -> frozenset[str]:
    return frozenset(time_zones_for_number(phonenumbers.parse(number))) - {UNKNOWN_TIMEZONE}


def _zones_by_number(number: str) -> frozenset[str]:
    """None for a number that says no place, like one of freephone."""
    is_placed = phonenumbers.is_number_geographical(phonenumbers.parse(number))
    return _zones_of_number(number) if is_placed else frozenset()


def local_date(zone: str, at: float) -> date:
    return datetime.fromtimestamp(at, UTC).astimezone(_zone(zone)).date()
