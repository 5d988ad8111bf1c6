"""Tables of places in `data/`: numbers, postal codes, names and parts of countries.

Each is read once, when it is first needed. The files are part of the program and change with it.
"""

import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from shared.domain.places.names import plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """`zones` are all zones of the place; empty: it may be in any zone."""

    jurisdictions: tuple[str, ...]
    zones: tuple[str, ...]


def _lines(name: str) -> Iterator[dict[str, str]]:
    text = files("shared.domain.places").joinpath("data", name).read_text(encoding="utf-8")
    return csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))


@cache
def prefixes() -> dict[str, Place]:
    """Places by the first digits of a number in E.164, with the plus."""
    return {
        f"+{prefix}": Place(
            jurisdictions=tuple(line["place"].split()), zones=tuple(line["zones"].split())
        )
        for line in _lines("numbers.csv")
        for prefix in line["prefixes"].split()
    }


@cache
def area_codes() -> dict[str, tuple[str, ...]]:
    """Jurisdictions of the United States and Canada by area code, without codes of no place."""
    return {
        prefix[2:]: place.jurisdictions
        for prefix, place in prefixes().items()
        if prefix.startswith("+1") and len(prefix) == len("+1201")
    }


@cache
def countries() -> dict[str, tuple[str, ...]]:
    """Zones by ISO 3166-1 country: one for each clock that is kept in it."""
    return {
        line["place"]: tuple(line["zones"].split())
        for line in _lines("numbers.csv")
        if not line["prefixes"]
    }


@cache
def divided_countries() -> frozenset[str]:
    """The countries in which the first digits of a number may say more than the country."""
    places = (place for known in prefixes().values() for place in known.jurisdictions)
    return frozenset(place.partition("-")[0] for place in places)


@cache
def postal_codes() -> dict[str, dict[str, Place]]:
    """Places by country and by the first characters of a postal code."""
    return {country: _postal_codes(country) for country in ("AU", "CA", "FR", "GB", "US")}


def _postal_codes(country: str) -> dict[str, Place]:
    return {
        code: Place(
            jurisdictions=tuple(line["jurisdictions"].split()), zones=tuple(line["zones"].split())
        )
        for line in _lines(f"postal_codes_{country.lower()}.csv")
        for code in _span(line["first"], line["last"])
    }


def _span(first: str, last: str) -> list[str]:
    """All codes from first to last: numbers, or codes that differ in their last letter."""
    if first.isdigit():
        return [str(number).zfill(len(first)) for number in range(int(first), int(last) + 1)]
    return [first[:-1] + chr(letter) for letter in range(ord(first[-1]), ord(last[-1]) + 1)]


@cache
def regions() -> dict[str, dict[str, str]]:
    """ISO 3166-2 by country and by the names that people write, as `names.plain` has them."""
    codes: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for line in _lines("regions.csv"):
        code = line["code"]
        country, _, part = code.partition("-")
        codes[country] |= {plain(line["name"]): code, plain(part): code}
    return dict(codes)


@cache
def country_names() -> dict[str, str]:
    """ISO 3166-1 countries by their plain names in several languages and codes of three letters."""
    return {
        plain(name): line["country"]
        for line in _lines("country_names.csv")
        for name in line["names"].split("|")
    }


@cache
def english_country_names() -> dict[str, str]:
    """The English names of ISO 3166-1 countries, as the zone data have them."""
    text = files("tzdata.zoneinfo").joinpath("iso3166.tab").read_text(encoding="utf-8")
    lines = (line.split("\t") for line in text.splitlines() if not line.startswith("#"))
    return {country: name for country, name, *_ in lines}


@cache
def zones() -> dict[str, tuple[str, ...]]:
    """All zones of each part of a country."""
    zones_of: defaultdict[str, set[str]] = defaultdict(set)
    for places in postal_codes().values():
        for place in places.values():
            for jurisdiction in place.jurisdictions:
                zones_of[jurisdiction].update(place.zones)
    return {jurisdiction: tuple(sorted(names)) for jurisdiction, names in zones_of.items()}
