"""Makes the table of numbers: run it as a module, into shared/domain/places/data/numbers.csv.

The geodata of phonenumbers, which is libphonenumber's, names the place of each area code of the
United States and Canada; the table has its state or province. The zones are of tools.number_zones.
With `--report` it compares them with those that phonenumbers has for the same numbers.
"""

import sys
from collections import defaultdict
from collections.abc import Iterator
from importlib.metadata import version

import phonenumbers
from phonenumbers import SUPPORTED_REGIONS, PhoneNumber, PhoneNumberType
from phonenumbers.geodata import GEOCODE_DATA

from shared.domain.places import tables
from shared.domain.places.names import plain
from tools import number_zones, zone_report

HEADER = """\
# Numbers by their first digits without the plus: state, province or country (ISO 3166) and zones.
# A line without prefixes is of a whole country, with one zone for each clock that it keeps.
# Places are from the geodata of phonenumbers {version} (libphonenumber, Apache License 2.0).
# Made by `python -m tools.area_codes` from the sources that tools/data names; do not edit.
place,zones,prefixes
"""

# Each of them really is one area code of several provinces or territories.
SHARED = {
    "Nova Scotia/Prince Edward Island": ("CA-NS", "CA-PE"),
    "Northwest Territories/Nunavut/Yukon": ("CA-NT", "CA-NU", "CA-YT"),
}
# libphonenumber writes one province wrong for one of its area codes.
MISSPELLED = {"British Colombia": "British Columbia"}

# Seven digits that a subscriber may have, so that only the area code is in question.
_SUBSCRIBER = "5345678"


class AreaCodeError(Exception):
    """An area code is in no place of its country, or in several without a reason in `SHARED`."""


def table() -> str:
    prefixes: defaultdict[tuple[str, str, bool], set[str]] = defaultdict(set)
    for place, zones, prefix in _rows():
        prefixes[place, " ".join(zones), prefix != ""].add(prefix)
    lines = (
        f"{place},{zones},{' '.join(sorted(known))}\n"
        for (place, zones, _), known in sorted(prefixes.items())
    )
    return HEADER.format(version=version("phonenumbers")) + "".join(lines)


def _rows() -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Place, zones and prefix; the prefix of a whole country is empty."""
    for country in sorted(SUPPORTED_REGIONS):
        yield country, number_zones.of_country(country), ""
        for prefix, zones in number_zones.of_prefixes(country).items():
            yield country, zones, prefix
    for code, country in geographic():
        places = _place(code, country)
        yield " ".join(places), number_zones.of_area_code(code, places), f"1{code}"
        for prefix, zones in number_zones.of_exchanges(code, places).items():
            yield " ".join(places), zones, prefix


def geographic() -> Iterator[tuple[str, str]]:
    """Every area code of fixed lines in the numbering plans of both countries, with its country."""
    for code in range(200, 1000):
        number = PhoneNumber(country_code=1, national_number=int(f"{code}{_SUBSCRIBER}"))
        country = phonenumbers.region_code_for_number(number)
        kind = phonenumbers.number_type(number)
        if country in {"CA", "US"} and kind == PhoneNumberType.FIXED_LINE_OR_MOBILE:
            yield str(code), country


def _place(code: str, country: str) -> tuple[str, ...]:
    names = _names(f"1{code}")
    if names and names <= SHARED.keys():
        return SHARED[names.pop()]
    found = {tables.regions()[country].get(plain(MISSPELLED.get(name, name))) for name in names}
    (place,) = found if len(found) == 1 else (None,)
    if place is None:
        raise AreaCodeError(f"area code {code} of {country} is not in one place: {sorted(names)}")
    return (place,)


def _names(prefix: str) -> set[str]:
    """States and provinces; from all longer prefixes where the area code itself has no name."""
    named = (
        [prefix] if prefix in GEOCODE_DATA else [p for p in GEOCODE_DATA if p.startswith(prefix)]
    )
    # A city's name is followed by the two letters of its state.
    return {GEOCODE_DATA[each]["en"].rpartition(", ")[2] for each in named}


if __name__ == "__main__":
    sys.stdout.write(zone_report.report() if sys.argv[1:] == ["--report"] else table())
