"""Makes the table of area codes: run it as a module, into shared/domain/places/data/area_codes.csv.

The geodata of phonenumbers, which is libphonenumber's, names the place of each area code of the
United States and Canada; the table has its state or province.
"""

import sys
from collections import defaultdict
from collections.abc import Iterator
from importlib.metadata import version

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberType
from phonenumbers.geodata import GEOCODE_DATA

from shared.domain.places import tables

HEADER = """\
# Area codes of the United States and Canada by state, province and territory (ISO 3166-2).
# Source: the geodata of phonenumbers {version} (libphonenumber, Apache License 2.0).
# Made by `python -m tools.area_codes`, which says why some lie in several; do not edit.
jurisdictions,area_codes
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
    by_place: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for code, country in geographic():
        by_place[_place(code, country)].append(code)
    lines = [f"{' '.join(place)},{' '.join(codes)}\n" for place, codes in sorted(by_place.items())]
    return HEADER.format(version=version("phonenumbers")) + "".join(lines)


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
    found = {tables.regions()[country].get(MISSPELLED.get(name, name).casefold()) for name in names}
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
    sys.stdout.write(table())
