"""Makes the table of names of countries: run it as a module, into data/country_names.csv of places.

phonenumbers has the names in about twenty languages, tzdata further English ones, holidays the
codes of three letters; tools/data/country_spellings.csv has those that people write besides.
"""

import csv
import sys
from collections import defaultdict
from collections.abc import Iterator
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from holidays.registry import COUNTRIES
from phonenumbers import SUPPORTED_REGIONS
from phonenumbers.geodata.locale import LOCALE_DATA

from shared.domain.places.names import plain

HEADER = """\
# Names of countries as people write them, and their ISO 3166-1 codes of three letters.
# Names are from phonenumbers {phonenumbers} (libphonenumber, Apache License 2.0), tzdata {tzdata}
# (public domain) and holidays {holidays} (MIT License). A name of two countries is left out.
# Made by `python -m tools.country_names`, with tools/data/country_spellings.csv; do not edit.
country,names
"""
SPELLINGS = Path(__file__).parent / "data" / "country_spellings.csv"
# phonenumbers writes a name that another language has too as a reference to that language.
_REFERENCE = "*"
# A name is left out that is a code: Russia is Nga in Vietnamese, but NGA is Nigeria.
_CODES = {code for _, _, code, *_ in COUNTRIES.values()}


def table() -> str:
    names: defaultdict[str, dict[str, str]] = defaultdict(dict)
    owners: defaultdict[str, set[str]] = defaultdict(set)
    for country, name in _rows():
        if country in SUPPORTED_REGIONS and plain(name) and "," not in name:
            names[country].setdefault(plain(name), name)
            owners[plain(name)].add(country)
    lines = (
        f"{country},{'|'.join(sorted(name for key, name in of.items() if len(owners[key]) == 1))}\n"
        for country, of in sorted(names.items())
    )
    versions = {name: version(name) for name in ("phonenumbers", "tzdata", "holidays")}
    return HEADER.format(**versions) + "".join(lines)


def _rows() -> Iterator[tuple[str, str]]:
    """Country and name, the usual spelling of a name first."""
    for country, of_languages in LOCALE_DATA.items():
        for name in of_languages.values():
            if not name.startswith(_REFERENCE) and plain(name).upper() not in _CODES:
                yield country, name
    for line in files("tzdata").joinpath("zoneinfo", "iso3166.tab").read_text().splitlines():
        if line and not line.startswith("#"):
            country, _, name = line.partition("\t")
            yield country, name
    for name, country, code, *_ in COUNTRIES.values():
        yield country, name
        yield country, code
    lines = SPELLINGS.read_text(encoding="utf-8").splitlines()
    for row in csv.DictReader(line for line in lines if not line.startswith("#")):
        for name in row["names"].split("|"):
            yield row["country"], name


if __name__ == "__main__":
    sys.stdout.write(table())
