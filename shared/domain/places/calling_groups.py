"""The calling group of a contact: the zones that must all be open before it may be called."""

from dataclasses import dataclass

from shared.domain.calendar.zones import UnknownZoneError, has_summer_time, is_offset, is_zone
from shared.domain.places import tables
from shared.domain.places.address import (
    NO_COUNTRY,
    Address,
    InvalidAddress,
    Residence,
    country_of,
    jurisdictions_of,
    locate,
)
from shared.domain.places.number_zones import zones_of_country
from shared.domain.places.numbers import PhoneNumber

# Their area codes are in the tables, but for those of no place, like 800.
_SHARED_PLAN = {"CA", "US"}
# The sources of zones that say nothing of the number.
_ADDRESS = {"contact", "postal_code"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CallingGroup:
    """Contacts of one group open and close together; no zones means that no call is allowed.

    `source` says where the zones came from: contact, postal_code, number, campaign or unknown.
    `jurisdictions` are ISO 3166 codes, of a country like GB or of a part like US-FL, sorted: the
    rules of all of them hold. 001 is for numbers of no country. `jurisdiction_source` says where
    they came from, like postal_code+number. `number_zones` are further zones in which the number
    may be; rules that ask for all places hold there, too.
    """

    zones: tuple[str, ...]
    source: str
    jurisdictions: tuple[str, ...]
    jurisdiction_source: str
    number_zones: tuple[str, ...] = ()


def calling_group(
    number: PhoneNumber, *, address: Address, default_zone: str | None
) -> CallingGroup | InvalidAddress:
    """The zone of the contact wins, then its address, its number, the default of the campaign."""
    if address.zone and not is_zone(address.zone):
        return InvalidAddress(field="zone", reason="unknown_zone")
    home = locate(number, address)
    if isinstance(home, InvalidAddress):
        return home
    if address.zone and is_offset(address.zone) and _may_have_summer_time(number, address):
        return InvalidAddress(field="zone", reason="fixed_offset")
    zones, source = _zones(number, address.zone, home, default_zone)
    jurisdictions, jurisdiction_source = _jurisdictions(number, home)
    return CallingGroup(
        zones=zones,
        source=source,
        jurisdictions=jurisdictions,
        jurisdiction_source=jurisdiction_source,
        number_zones=_further_zones(number, zones),
    )


def unread_number_zones(
    zones: tuple[str, ...], source: str, jurisdictions: tuple[str, ...]
) -> tuple[str, ...]:
    """The further zones of a number that nobody read, in a group that was stored without them.

    These are the zones of all places that its number or its address point to. The United States or
    Canada without a part are of an area code of no place.
    """
    if not zones or source not in _ADDRESS:
        return ()
    names = {
        name
        for place in set(jurisdictions) - _SHARED_PLAN
        for name in tables.zones().get(place) or zones_of_country(place)
    }
    return tuple(sorted(names - set(zones)))


def _may_have_summer_time(number: PhoneNumber, address: Address) -> bool:
    """Whether clocks change in a part of the person's country, or the country is unknown."""
    country = country_of(address.country, address.region)
    home = country if isinstance(country, str) else number.region
    zones = zones_of_country(home)
    return not zones or any(has_summer_time(zone) for zone in zones)


def _further_zones(number: PhoneNumber, zones: tuple[str, ...]) -> tuple[str, ...]:
    """The zones of the number without those that are known; none for an area code of no place."""
    is_placeless = number.region in _SHARED_PLAN and number.e164[2:5] not in tables.area_codes()
    if not zones or is_placeless or set(number.zones) <= set(zones):
        return ()
    return tuple(name for name in number.zones if name not in zones)


def _zones(
    number: PhoneNumber, contact_zone: str | None, home: Residence, default_zone: str | None
) -> tuple[tuple[str, ...], str]:
    if contact_zone:
        return (contact_zone,), "contact"
    if home.zone_source:
        # An address without zones may be anywhere, and the number is no better guess.
        return home.zones, home.zone_source if home.zones else "unknown"
    if number.zones:
        return number.zones, "number"
    if default_zone:
        return (_known(default_zone),), "campaign"
    return (), "unknown"


def _jurisdictions(number: PhoneNumber, home: Residence) -> tuple[tuple[str, ...], str]:
    """The jurisdictions of address and number together, so that the stricter law wins."""
    if not home.jurisdiction_source:
        return jurisdictions_of(number), "number"
    if number.region == NO_COUNTRY:
        return home.jurisdictions, home.jurisdiction_source
    both = {*home.jurisdictions, *jurisdictions_of(number)}
    # A country is left out beside a part of it: its rules hold in all its parts.
    wholes = {part.partition("-")[0] for part in both if "-" in part}
    return tuple(sorted(both - wholes)), f"{home.jurisdiction_source}+number"


def _known(name: str) -> str:
    if not is_zone(name):
        raise UnknownZoneError(f"unknown time zone: {name[:64]!r}")
    return name
