"""Public holidays by country and region, each on its date and on the day it is observed."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, lru_cache
from importlib import import_module, metadata
from typing import Any

from dateutil.easter import easter

# A day of every year: 11-01, or fri>=11-23 for the first Friday from that date on (as the time zone
# database writes it), or easter-2 for Good Friday.
DAY_PATTERN = r"(?:(mon|tue|wed|thu|fri|sat|sun)>=)?([01][0-9]-[0-3][0-9])|easter([+-][0-9]{1,2})"
# The name of a holiday that the library does not know.
FURTHER = "legal holiday"
# A year without 29 February, which is no day of every year.
_COMMON_YEAR = 2001
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class UnknownHolidaysError(ValueError):
    """The library has no holidays of this country or region; the text lists the valid codes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HolidaySet:
    """The public holidays of a country (ISO 3166-1, two letters), and of one region (-2) of it.

    `days` are further holidays, as DAY_PATTERN writes them, which keep their date at a weekend.
    """

    country: str
    region: str | None = None
    days: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        regions = known_regions(self.country)
        if self.region is not None and self.region not in regions:
            right = ", ".join(regions) or "none: leave the region out"
            raise UnknownHolidaysError(
                f"no holidays are known of region {self.region[:16]!r} of {self.country}; "
                f"its regions are {right}"
            )
        for day in self.days:
            _refuse_rare(day)

    def dates(self, year: int) -> frozenset[date]:
        return _dates(self.country, self.region, self.days, year)

    def name(self, day: date) -> str | None:
        """The name of the holiday on this date in its country's language; None if it is none."""
        if day not in self.dates(day.year):
            return None
        years = (day.year, day.year + 1)
        known = _library().country_holidays(self.country, subdiv=self.region, years=years)
        return str(known.get(day, FURTHER))


def _refuse_rare(day: str) -> None:
    try:
        _date(day, _COMMON_YEAR)
    except ValueError:
        raise ValueError(f"{day[:16]} is no day of every year") from None


def _date(day: str, year: int) -> date:
    """The date of such a day; ValueError if there is none."""
    written = re.fullmatch(DAY_PATTERN, day)
    if written is None:
        raise ValueError
    weekday, first, from_easter = written.groups()
    if from_easter:
        sunday: date = easter(year)
        return sunday + timedelta(days=int(from_easter))
    begins = date.fromisoformat(f"{year}-{first}")
    later = (_WEEKDAYS.index(weekday) - begins.weekday()) % 7 if weekday else 0
    return begins + timedelta(days=later)


@cache
def known_regions(country: str) -> tuple[str, ...]:
    """The codes of the regions that have holidays of their own."""
    try:
        known = _library().country_holidays(country)
    except NotImplementedError:
        known = None
    # The library also accepts other names, like UK and GBR; here a place has one name only.
    if known is None or known.country != country:
        raise UnknownHolidaysError(
            f"no holidays are known of country {country[:16]!r}; "
            "use an ISO 3166 code of two capital letters, such as US or GB"
        )
    return tuple(known.subdivisions)


@lru_cache(maxsize=4_096)
def _dates(country: str, region: str | None, days: tuple[str, ...], year: int) -> frozenset[date]:
    # A holiday of the next year may be observed in this one, and one of the last year be so late.
    known = _library().country_holidays(country, subdiv=region, years=(year, year + 1))
    further = (_date(day, near) for day in days for near in (year - 1, year, year + 1))
    return frozenset(day for day in (*known, *further) if day.year == year)


@cache
def holidays_version() -> str:
    return metadata.version("holidays")


def _library() -> Any:
    # Imported late, because it takes 0.2 s and most processes look up no holidays.
    return import_module("holidays")
