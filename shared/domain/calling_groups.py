"""The calling group of a contact: the zones that must all be open before it may be called."""

from dataclasses import dataclass

from shared.domain.numbers import PhoneNumber
from shared.domain.zones import UnknownZoneError, is_zone


@dataclass(frozen=True, slots=True, kw_only=True)
class CallingGroup:
    """Contacts of one group open and close together; no zones means that no call is allowed.

    `source` says where the zones came from: contact, number, campaign or unknown.
    `jurisdictions` are ISO 3166 codes, of a country like GB or of a part like US-FL, sorted: the
    rules of all of them hold. 001 is for numbers of no country.
    """

    zones: tuple[str, ...]
    source: str
    jurisdictions: tuple[str, ...]
    jurisdiction_source: str


def calling_group(
    number: PhoneNumber, *, contact_zone: str | None, default_zone: str | None
) -> CallingGroup:
    """The contact's own zone wins, then all zones of its number, then the campaign's default."""
    zones, source = _candidates(number, contact_zone, default_zone)
    return CallingGroup(
        zones=zones, source=source, jurisdictions=(number.region,), jurisdiction_source="number"
    )


def _candidates(
    number: PhoneNumber, contact_zone: str | None, default_zone: str | None
) -> tuple[tuple[str, ...], str]:
    if contact_zone:
        return (_known(contact_zone),), "contact"
    if number.zones:
        return number.zones, "number"
    if default_zone:
        return (_known(default_zone),), "campaign"
    return (), "unknown"


def _known(name: str) -> str:
    if not is_zone(name):
        raise UnknownZoneError(f"unknown time zone: {name[:64]!r}")
    return name
