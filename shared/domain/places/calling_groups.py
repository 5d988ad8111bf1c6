"""The calling group of a contact: the zones that must all be open before it may be called."""

from dataclasses import dataclass

from shared.domain.calendar.zones import UnknownZoneError, is_zone
from shared.domain.places.address import (
    NO_COUNTRY,
    Address,
    InvalidAddress,
    Residence,
    jurisdictions_of,
    locate,
)
from shared.domain.places.numbers import PhoneNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class CallingGroup:
    """Contacts of one group open and close together; no zones means that no call is allowed.

    `source` says where the zones came from: contact, postal_code, number, campaign or unknown.
    `jurisdictions` are ISO 3166 codes, of a country like GB or of a part like US-FL, sorted: the
    rules of all of them hold. 001 is for numbers of no country. `jurisdiction_source` says where
    they came from, like postal_code+number.
    """

    zones: tuple[str, ...]
    source: str
    jurisdictions: tuple[str, ...]
    jurisdiction_source: str


def calling_group(
    number: PhoneNumber, *, address: Address, default_zone: str | None
) -> CallingGroup | InvalidAddress:
    """The zone of the contact wins, then its address, its number, the default of the campaign."""
    if address.zone and not is_zone(address.zone):
        return InvalidAddress(field="zone", reason="unknown_zone")
    home = locate(number, address)
    if isinstance(home, InvalidAddress):
        return home
    zones, source = _zones(number, address.zone, home, default_zone)
    jurisdictions, jurisdiction_source = _jurisdictions(number, home)
    return CallingGroup(
        zones=zones,
        source=source,
        jurisdictions=jurisdictions,
        jurisdiction_source=jurisdiction_source,
    )


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
