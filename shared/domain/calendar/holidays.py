"""Public holidays by country and region, each on its date and on the day it is observed."""

from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from importlib import import_module, metadata
from typing import Any


class UnknownHolidaysError(ValueError):
    """The library has no holidays of this country or region; the text lists the valid codes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HolidaySet:
    """The public holidays of a country (ISO 3166-1, two letters), and of one region (-2) of it."""

    country: str
    region: str | None = None

    def __post_init__(self) -> None:
        regions = known_regions(self.country)
        if self.region is not None and self.region not in regions:
            right = ", ".join(regions) or "none: leave the region out"
            raise UnknownHolidaysError(
                f"no holidays are known of region {self.region[:16]!r} of {self.country}; "
                f"its regions are {right}"
            )

    def dates(self, year: int) -> frozenset[date]:
        return _dates(self.country, self.region, year)


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
def _dates(country: str, region: str | None, year: int) -> frozenset[date]:
    # The first holiday of the next year may be observed in this year.
    holidays = _library().country_holidays(country, subdiv=region, years=(year, year + 1))
    return frozenset(day for day in holidays if day.year == year)


@cache
def holidays_version() -> str:
    return metadata.version("holidays")


def _library() -> Any:
    # Imported late, because it takes 0.2 s and most processes look up no holidays.
    return import_module("holidays")
