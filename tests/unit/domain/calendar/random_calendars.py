"""Random calendars, zones and instants of every kind, many of them near edge cases."""

from datetime import date, datetime, timedelta
from functools import cache
from random import Random

from shared.domain.calendar.calendar import Calendar, DatedWindow, WeeklyWindow
from shared.domain.calendar.holidays import HolidaySet
from tests.unit.domain.calendar.oracle import FIRST, LAST, all_zones, clock_changes, holidays_of

HOLIDAYS = tuple(
    HolidaySet(country=country, region=region)
    for country, region in (
        ("US", None),
        ("US", "LA"),
        ("US", "RI"),
        ("US", "UT"),
        ("GB", "SCT"),
        ("FR", None),
        ("CA", "QC"),
        ("AU", "NSW"),
        ("DE", "BY"),
        ("NZ", "CAN"),
    )
)


def random_calendars(random: Random, near: date) -> tuple[Calendar, ...]:
    """A campaign's calendar, sometimes with one or two calendars of law."""
    count = random.choice((1, 1, 1, 2, 3))
    return tuple(random_calendar(random, near) for _ in range(count))


def random_calendar(random: Random, near: date) -> Calendar:
    """Windows of every kind: split, touching, across midnight, whole days, a single minute."""
    windows = [
        WeeklyWindow(weekday=weekday, start=start, end=end)
        for weekday in random.sample(range(7), random.randint(1, 7))
        for start, end in _hours(random)
    ]
    dated = [
        DatedWindow(day=day, start=start, end=end)
        for day in _days_near(random, near)
        for start, end in _hours(random)
    ]
    first = near + timedelta(days=random.randint(-4, 9)) if random.random() < 0.3 else None
    last = near + timedelta(days=random.randint(9, 14)) if random.random() < 0.3 else None
    if first is None and last is not None:
        last -= timedelta(days=9)
    law = random.random() < 0.2
    return Calendar(
        windows=tuple(windows) if random.random() < 0.9 else (),
        dated=tuple(dated),
        excluded=frozenset(_days_near(random, near)),
        holidays=tuple(random.sample(HOLIDAYS, random.choice((0, 0, 1, 2)))),
        start_date=first,
        end_date=last,
        effective_from=near + timedelta(days=random.randint(-2, 3)) if law else None,
        effective_until=near + timedelta(days=random.randint(-2, 6)) if law else None,
        zone=random.choice(all_zones()) if random.random() < 0.1 else None,
    )


def _hours(random: Random) -> list[tuple[int, int]]:
    hours = []
    for _ in range(random.choice((1, 1, 2, 3))):
        start = random.choice((0, 60, 120, 180, 1_380, random.randrange(1_440)))
        longest = start + 1_440
        end = random.choice((start + 1, 1_440, longest, random.randint(start + 1, longest)))
        hours.append((start, end))
    return hours


def _days_near(random: Random, near: date) -> list[date]:
    days = random.sample(range(-2, 6), random.choice((0, 0, 0, 1, 1, 2, 3)))
    return [near + timedelta(days=day) for day in days]


def random_group(random: Random, name: str) -> tuple[str, ...]:
    return (name, random.choice(all_zones())) if random.random() < 0.2 else (name,)


def random_start(random: Random, name: str, days: int) -> datetime:
    """A start such that the next `days` often have a clock change, a holiday or a year's end."""
    changes = clock_changes(name)
    if changes and random.random() < 0.5:
        at = random.choice(changes) - timedelta(days=random.uniform(0.5, days - 0.5))
    elif random.random() < 0.3:
        at = FIRST + timedelta(days=(_some_holiday(random) - FIRST.date()).days - days / 2)
    else:
        at = FIRST + random.random() * (LAST - FIRST)
    return at.replace(second=0, microsecond=0)


def _some_holiday(random: Random) -> date:
    return random.choice(_listed(random.choice(HOLIDAYS)))


@cache
def _listed(chosen: HolidaySet) -> list[date]:
    days = sorted(holidays_of(chosen.country, chosen.region))
    return [day for day in days if FIRST.date() < day < LAST.date()]
