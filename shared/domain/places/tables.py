"""Tables of places in `data/`: area codes, postal codes and the parts of countries.

Each is read once, when it is first needed. The files are part of the program and change with it.
"""

import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """`zones` are all zones of the place; empty: it may be in any zone."""

    jurisdictions: tuple[str, ...]
    zones: tuple[str, ...]


def _lines(name: str) -> Iterator[dict[str, str]]:
    text = files("shared.domain.places").joinpath("data", name).read_text(encoding="utf-8")
    return csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))


@cache
def area_codes() -> dict[str, tuple[str, ...]]:
    """Jurisdictions of the United States and Canada by area code, without codes of no place."""
    return {
        code: tuple(line["jurisdictions"].split())
        for line in _lines("area_codes.csv")
        for code in line["area_codes"].split()
    }


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
    """ISO 3166-2 by country and by the names that people write, casefolded: FL or florida."""
    codes: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for line in _lines("regions.csv"):
        code = line["code"]
        country, _, part = code.partition("-")
        codes[country] |= {line["name"].casefold(): code, part.casefold(): code}
    return dict(codes)


@cache
def zones() -> dict[str, tuple[str, ...]]:
    """All zones of each part of a country."""
    zones_of: defaultdict[str, set[str]] = defaultdict(set)
    for places in postal_codes().values():
        for place in places.values():
            for jurisdiction in place.jurisdictions:
                zones_of[jurisdiction].update(place.zones)
    return {jurisdiction: tuple(sorted(names)) for jurisdiction, names in zones_of.items()}
