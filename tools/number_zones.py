"""Zones by prefix of a number, for the table of tools.area_codes.

Sources, each overruled by the next: the zones of a country in zone.tab of tzdata, the zones of a
state or province in the postal tables, the towns of `data/towns.csv` at the exchanges that the
geodata of phonenumbers give them, and the lines of `data/zone_facts.csv`. The zones that
phonenumbers itself has for numbers are not used: they are those of a neighbour for some countries,
and a default for each exchange that it does not list (`python -m tools.area_codes --report`).
"""

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path

from phonenumbers.geodata import GEOCODE_DATA

from shared.domain.calendar.zones import utc_offset
from shared.domain.places import tables

# Two zones are the same clock if they agree at each of these instants. The first is to be moved on
# when a change of clocks before it has become history.
_FIRST = datetime(2026, 12, 1, tzinfo=UTC)
_LAST = datetime(2034, 1, 1, tzinfo=UTC)
INSTANTS = tuple(range(int(_FIRST.timestamp()), int(_LAST.timestamp()), 86_400))

_EXCHANGE = len("1201234")
_DATA = Path(__file__).parent / "data"


class ZoneFactsError(Exception):
    """The facts about zones lack a country of several clocks, or contradict one another."""


@cache
def clock(zone: str) -> tuple[int, ...]:
    """The offsets of a zone from UTC, in seconds, at each of INSTANTS."""
    return tuple(utc_offset(zone, at) for at in INSTANTS)


def of_country(country: str) -> tuple[str, ...]:
    """One zone for each clock of an ISO 3166-1 country."""
    known = facts().get(country)
    if known:
        return known
    zones = _zone_tab().get(country, [])
    if not zones or (len(zones) > 1 and len({clock(zone) for zone in zones}) > 1):
        raise ZoneFactsError(f"{country} has {zones} in zone.tab and no line in zone_facts.csv")
    return (zones[0],)


def of_area_code(code: str, places: tuple[str, ...]) -> tuple[str, ...]:
    """The zones of an area code: all of its states or provinces, if no line narrows it."""
    known = facts().get(f"1{code}")
    zones = known or {zone for place in places for zone in tables.zones()[place]}
    return _one_per_clock(zones, of_country(places[0][:2]))


def of_exchanges(code: str, places: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Zones by exchange, for each exchange of the area code with fewer zones than the code."""
    around = of_area_code(code, places)
    if len(around) == 1:
        return {}
    found: dict[str, tuple[str, ...]] = {
        prefix: (zone,)
        for prefix, town in _exchanges().get(code, {}).items()
        if (zone := _zone_of_town(town, places[0][:2]))
    }
    found |= {prefix: zones for prefix, zones in facts().items() if prefix.startswith(f"1{code}")}
    found.pop(f"1{code}", None)
    for prefix, zones in found.items():
        _require_within(prefix, zones, around)
    return found


def of_prefixes(country: str) -> dict[str, tuple[str, ...]]:
    """Zones by prefix in a country other than the United States and Canada."""
    if country in {"CA", "US"}:
        return {}
    found = {prefix: zones for prefix, zones in _lines_of(country) if prefix}
    for prefix, zones in found.items():
        _require_within(prefix, zones, of_country(country), _zone_tab()[country])
    return found


@cache
def _exchanges() -> dict[str, dict[str, str]]:
    """Town, as in Miami, FL, by exchange and area code."""
    towns: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for prefix, name in GEOCODE_DATA.items():
        if prefix[0] == "1" and len(prefix) == _EXCHANGE:
            towns[prefix[1:4]][prefix] = name["en"]
    return dict(towns)


def _zone_of_town(name: str, country: str) -> str | None:
    town, _, state = name.rpartition(", ")
    return _towns().get((f"{country}-{state}", town))


def _one_per_clock(zones: Iterable[str], preferred: tuple[str, ...]) -> tuple[str, ...]:
    chosen: dict[tuple[int, ...], str] = {}
    for zone in sorted(zones, key=lambda name: (name not in preferred, name)):
        chosen.setdefault(clock(zone), zone)
    return tuple(sorted(chosen.values()))


def _require_within(prefix: str, zones: tuple[str, ...], *around: Iterable[str]) -> None:
    allowed = {clock(zone) for names in around for zone in names}
    if not {clock(zone) for zone in zones} <= allowed:
        raise ZoneFactsError(f"+{prefix} has {zones}, which are not clocks of its place")


@cache
def facts() -> dict[str, tuple[str, ...]]:
    """Zones by prefix without the plus, and by country where a line has no prefix."""
    return {
        prefix or country: zones
        for country in sorted({line["country"] for line in _read("zone_facts.csv")})
        for prefix, zones in _lines_of(country)
    }


def _lines_of(country: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    for line in _read("zone_facts.csv"):
        if line["country"] == country:
            for prefix in line["prefixes"].split() or [""]:
                yield prefix, tuple(sorted(line["zones"].split()))


@cache
def _towns() -> dict[tuple[str, str], str]:
    return {
        (line["place"], town): line["zone"]
        for line in _read("towns.csv")
        for town in line["towns"].split("; ")
    }


@cache
def _read(name: str) -> tuple[dict[str, str], ...]:
    lines = (_DATA / name).read_text(encoding="utf-8").splitlines()
    return tuple(csv.DictReader(line for line in lines if not line.startswith("#")))


@cache
def _zone_tab() -> dict[str, list[str]]:
    """The zones of each country, in the order of tzdata: the most populous first."""
    text = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    zones: defaultdict[str, list[str]] = defaultdict(list)
    for line in text.splitlines():
        if not line.startswith("#"):
            country, _, zone, *_ = line.split("\t")
            zones[country].append(zone)
    return dict(zones)
