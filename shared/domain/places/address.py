"""Jurisdictions and zones of a contact, from its address and its number."""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from phonenumbers import SUPPORTED_REGIONS

from shared.domain.places import tables
from shared.domain.places.names import plain
from shared.domain.places.number_zones import zones_of_country
from shared.domain.places.numbers import PhoneNumber
from shared.domain.places.tables import Place

# The region that phonenumbers gives to numbers of no country.
NO_COUNTRY = "001"

Source = Literal["contact", "postal_code"]

# Countries by ISO 3166-1 that are under the law of another; those of the United States are parts.
_PARENT_COUNTRIES = {country: f"US-{country}" for country in ("AS", "GU", "MP", "PR", "VI")} | {
    "CC": "AU",
    "CX": "AU",
    "NF": "AU",
    "BL": "FR",
    "GF": "FR",
    "GP": "FR",
    "MF": "FR",
    "MQ": "FR",
    "NC": "FR",
    "PF": "FR",
    "PM": "FR",
    "RE": "FR",
    "WF": "FR",
    "YT": "FR",
}
_POST_OFFICES = {"GG": "GB", "IM": "GB", "JE": "GB", "MC": "FR"}
_LONGEST_TEXT = 64
_ISO_REGION = re.compile(r"([A-Z]{2})-[A-Z0-9]{1,3}")

# The groups of each pattern are keys of the table of its country, the most precise first.
_CODES = {
    "AU": re.compile(r"(\d{4})"),
    "CA": re.compile(r"(([ABCEGHJ-NPRSTVXY])\d)[ABCEGHJ-NPRSTV-Z](?:[ -]?\d[ABCEGHJ-NPRSTV-Z]\d)?"),
    "FR": re.compile(r"((\d\d)\d)\d\d"),
    "GB": re.compile(r"([A-Z]{1,2})\d[A-Z\d]?(?: ?\d[A-Z]{2})?"),
    "US": re.compile(r"((\d{3})\d\d)(?:[ -]?\d{4})?"),
}
# Of codes that are digits and may begin with zeros. A spreadsheet takes them for numbers and writes
# 2134 or 2134.0 for 02134; none begins with more than two zeros.
_LENGTHS = {"AU": 4, "FR": 5, "US": 5}
_SHORTEST_CODE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """The address of a contact as its owner wrote it; each field may be missing."""

    zone: str | None = None
    postal_code: str | None = None
    country: str | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InvalidAddress:
    """`reason` is a stable code and never contains the text that was read."""

    field: Literal["zone", "postal_code", "country", "region"]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Residence:
    """The jurisdictions and zones of an address; empty where the address says nothing of them."""

    jurisdictions: tuple[str, ...] = ()
    jurisdiction_source: Source | None = None
    zones: tuple[str, ...] = ()
    zone_source: Source | None = None


def jurisdictions_of(number: PhoneNumber) -> tuple[str, ...]:
    """By area code in the United States and Canada, by the country of the number elsewhere."""
    if number.region in {"CA", "US"}:
        return tables.area_codes().get(number.e164[2:5], (number.region,))
    return (_parent_country(number.region),)


def locate(number: PhoneNumber, address: Address) -> Residence | InvalidAddress:
    """Read region and postal code by the country of the address, or else of the number."""
    given = country_of(address.country, address.region)
    if isinstance(given, InvalidAddress):
        return given
    region = _region(address.region, given or number.region)
    if isinstance(region, InvalidAddress):
        return region
    postal = _postal(address.postal_code, given or number.region, number.zones)
    if isinstance(postal, InvalidAddress):
        return postal
    jurisdictions, jurisdiction_source = _jurisdictions(region, postal, given)
    zones, zone_source = _zones(number, region, postal, given)
    return Residence(
        jurisdictions=jurisdictions,
        jurisdiction_source=jurisdiction_source,
        zones=zones,
        zone_source=zone_source,
    )


def _jurisdictions(
    region: str | None, postal: Place | None, country: str | None
) -> tuple[tuple[str, ...], Source | None]:
    if region:
        return (region,), "contact"
    if postal:
        return postal.jurisdictions, "postal_code"
    return ((_parent_country(country),), "contact") if country else ((), None)


def _zones(
    number: PhoneNumber, region: str | None, postal: Place | None, country: str | None
) -> tuple[tuple[str, ...], Source | None]:
    """The zones of the number are more exact than those of a region or country it belongs to."""
    if postal:
        return postal.zones, "postal_code"
    if region:
        return (
            ((), None)
            if region in jurisdictions_of(number)
            else (tables.zones()[region], "contact")
        )
    if (
        country is None
        or number.region == country
        or _parent_country(number.region).startswith(country)
    ):
        return (), None
    return zones_of_country(country), "contact"


def country_of(country: str | None, region: str | None) -> str | InvalidAddress | None:
    """The country by ISO 3166-1 that an address has, alone or in a region such as US-FL.

    It is written by a code of ISO 3166-1, or by its name in one of several languages.
    """
    if country:
        code = country.strip().upper()
        known = code if code in SUPPORTED_REGIONS else _named(country)
        return known or InvalidAddress(field="country", reason="unknown_country")
    part = _ISO_REGION.fullmatch((region or "").strip().upper())
    return part[1] if part and part[1] in SUPPORTED_REGIONS else None


@lru_cache(maxsize=1024)
def _named(name: str) -> str | None:
    return tables.country_names().get(plain(name)) if len(name) <= _LONGEST_TEXT else None


def _region(text: str | None, country: str) -> str | InvalidAddress | None:
    """None without a text, and in a country whose regions are not in the tables."""
    if not text:
        return None
    unknown = InvalidAddress(field="region", reason="unknown_region")
    if country == NO_COUNTRY or len(text) > _LONGEST_TEXT:
        return unknown
    parent = _parent_country(country)[:2]
    regions = tables.regions().get(parent)
    if regions is None:
        return None
    name = plain(text.strip().casefold().removeprefix(f"{parent.lower()}-"))
    return regions.get(name) or unknown


def _postal(
    text: str | None, country: str, number_zones: tuple[str, ...]
) -> Place | InvalidAddress | None:
    """None without a text, and in a country whose postal codes are not in the tables.

    A code that lost the zeros at its beginning gets them back. It may have lost its end instead,
    so the zones of the number hold there, too.
    """
    if not text:
        return None
    invalid = InvalidAddress(field="postal_code", reason="invalid_postal_code")
    if len(text) > _LONGEST_TEXT:
        return invalid
    office = _POST_OFFICES.get(country, _parent_country(country)[:2])
    if office not in _CODES:
        return None
    code = text.strip().upper().removesuffix(".0")
    length = _LENGTHS.get(office, 0)
    is_short = code.isdecimal() and _SHORTEST_CODE <= len(code) < length
    place = _place_of_code(code.zfill(length) if is_short else code, office)
    if place is None or (is_short and not place.zones):
        return invalid
    if is_short:
        return replace(place, zones=tuple(sorted({*place.zones, *number_zones})))
    return place


def _place_of_code(code: str, office: str) -> Place | None:
    match = _CODES[office].fullmatch(code)
    if match is None:
        return None
    places = tables.postal_codes()[office]
    return next((places[key] for key in match.groups() if key in places), None)


def _parent_country(country: str) -> str:
    return _PARENT_COUNTRIES.get(country, country)
