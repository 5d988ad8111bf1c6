"""The area of a number by its digits, and how near another number is to it."""

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

import phonenumbers

from shared.domain.places import tables
from shared.domain.places.numbers import InvalidNumber, parse_number

# The plus and the longest prefix of the table: area code and exchange of the United States.
_LONGEST = len("+1") + 6
# The plus and the longest area code with its country code: numbers that begin alike are as near.
AREA_LONGEST = 10


class Nearness(IntEnum):
    """What two numbers have in common, from nothing to most."""

    ABROAD = 0
    COUNTRY = 1
    REGION = 2
    AREA_CODE = 3


@dataclass(frozen=True, slots=True)
class NumberArea:
    """`area_code` begins with the country code; None: the number is of no area, like a mobile.

    `places` are parts of countries, such as US-NY, and `zone` is the number's only zone, or UTC.
    """

    country_code: str
    area_code: str | None
    places: frozenset[str]
    zone: str

    def nearness(self, to: str) -> Nearness:
        """How near the number `to`, in E.164, is."""
        if self.area_code is not None and to.startswith(self.area_code):
            return Nearness.AREA_CODE
        if not to.startswith(self.country_code):
            return Nearness.ABROAD
        places = _places(to[:_LONGEST])
        if not self.places or not places:
            return Nearness.COUNTRY
        if not self.places.isdisjoint(places):
            return Nearness.REGION
        # The United States and Canada share a country code.
        is_same = not _countries(self.places).isdisjoint(_countries(places))
        return Nearness.COUNTRY if is_same else Nearness.ABROAD


@lru_cache(maxsize=10_000)
def area_of(number: str) -> NumberArea:
    """The area of a number in E.164."""
    parsed = phonenumbers.parse(number)
    country_code = f"+{parsed.country_code}"
    length = phonenumbers.length_of_geographical_area_code(parsed)
    known = parse_number(number, default_region=None, numbers="international")
    zones = () if isinstance(known, InvalidNumber) else known.zones
    return NumberArea(
        country_code=country_code,
        area_code=number[: len(country_code) + length] if length else None,
        places=frozenset(_places(number[:_LONGEST])),
        zone=zones[0] if len(zones) == 1 else "UTC",
    )


@lru_cache(maxsize=65_536)
def _places(prefix: str) -> tuple[str, ...]:
    """The places of the longest known prefix; empty: only the country is known."""
    for length in range(len(prefix), 1, -1):
        place = tables.prefixes().get(prefix[:length])
        if place is not None:
            return place.jurisdictions
    return ()


def _countries(places: frozenset[str] | tuple[str, ...]) -> set[str]:
    return {place.partition("-")[0] for place in places}
