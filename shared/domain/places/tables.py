"""Tables of places, read once from `data/`: area codes, postal codes and the parts of countries.

They belong to the program as its code does, and change with it only.
"""

import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """`zones` are all zones of the place; empty: it may be in any zone."""

    jurisdictions: tuple[str, ...]
    zones: tuple[str, ...]


def _lines(name: str) -> Iterator[dict[str, str]]:
    text = files("shared.domain.places").joinpath("data", name).read_text(encoding="utf-8")
    return csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))


def _area_codes() -> dict[str, tuple[str, ...]]:
    return {
        code: tuple(line["jurisdictions"].split())
        for line in _lines("area_codes.csv")
        for code in line["area_codes"].split()
    }


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


def _regions() -> dict[str, dict[str, str]]:
    regions: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for line in _lines("regions.csv"):
        code = line["code"]
        country, _, part = code.partition("-")
        regions[country] |= {line["name"].casefold(): code, part.casefold(): code}
    return dict(regions)


def _zones() -> dict[str, tuple[str, ...]]:
    zones: defaultdict[str, set[str]] = defaultdict(set)
    for places in POSTAL_CODES.values():
        for place in places.values():
            for jurisdiction in place.jurisdictions:
                zones[jurisdiction].update(place.zones)
    return {jurisdiction: tuple(sorted(names)) for jurisdiction, names in zones.items()}


# ISO 3166-2 by country and by what people write for it, casefolded: FL or florida.
REGIONS = _regions()
# By country and by the first characters of a code.
POSTAL_CODES = {country: _postal_codes(country) for country in ("AU", "CA", "FR", "GB", "US")}
# All zones of each part of a country.
ZONES = _zones()
# Of the United States and Canada; codes of no place, like 800, are left out.
AREA_CODES = _area_codes()
