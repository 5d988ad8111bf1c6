"""The zones of each area code and country beside those of phonenumbers alone, in Markdown."""

from collections.abc import Iterable, Iterator

from phonenumbers import SUPPORTED_REGIONS, country_code_for_region
from phonenumbers.tzdata import TIMEZONE_DATA

from shared.domain.places import tables
from tools.number_zones import clock

# The name of a line, its zones, and the zones that phonenumbers alone has.
_Row = tuple[str, tuple[str, ...], tuple[str, ...]]


def report() -> str:
    """Three tables with their counts; `changed` compares clocks, not names."""
    return "\n".join(
        (
            _table("Area codes of the United States and Canada", "area code", _area_codes()),
            _table("Countries of several zones, and those that changed", "country", _countries()),
            _table("Prefixes of other countries", "prefix", _prefixes()),
        )
    )


def _table(title: str, first: str, rows: Iterable[_Row]) -> str:
    lines = [_line(*row) for row in rows]
    changed = sum(line.endswith("| yes |\n") for line in lines)
    head = f"| {first} | zones | by phonenumbers alone | changed |\n|---|---|---|---|\n"
    return f"## {title}\n\n{len(lines)} lines, {changed} changed.\n\n{head}{''.join(lines)}"


def _area_codes() -> Iterator[_Row]:
    for code, places in sorted(tables.area_codes().items()):
        zones = tables.prefixes()[f"+1{code}"].zones
        yield f"{code} {' '.join(places)}", zones, _alone(f"1{code}")


def _countries() -> Iterator[_Row]:
    for country in sorted(SUPPORTED_REGIONS):
        zones, alone = tables.countries()[country], _alone(str(country_code_for_region(country)))
        if len(zones) > 1 or country in tables.divided_countries() or _changed(zones, alone):
            yield country, zones, alone


def _prefixes() -> Iterator[_Row]:
    for prefix, place in sorted(tables.prefixes().items()):
        if not prefix.startswith("+1"):
            yield f"{prefix} {place.jurisdictions[0]}", place.zones, _alone(prefix[1:])


def _alone(prefix: str) -> tuple[str, ...]:
    """The zones of a number of this prefix of which phonenumbers knows no more."""
    known = (TIMEZONE_DATA.get(prefix[:length]) for length in range(len(prefix), 0, -1))
    return tuple(sorted(set(next((zones for zones in known if zones), ()))))


def _line(name: str, zones: tuple[str, ...], alone: tuple[str, ...]) -> str:
    changed = "yes" if _changed(zones, alone) else ""
    return f"| {name} | {_names(zones)} | {_names(alone)} | {changed} |\n"


def _names(zones: tuple[str, ...]) -> str:
    several = f"{len(zones)} zones from {zones[0]} to {zones[-1]}" if len(zones) > 16 else None
    return several or ", ".join(zones)


def _changed(zones: Iterable[str], alone: Iterable[str]) -> bool:
    return {clock(zone) for zone in zones} != {clock(zone) for zone in alone}
