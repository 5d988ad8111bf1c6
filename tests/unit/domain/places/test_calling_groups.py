"""The zones and the jurisdictions of a contact, and the sources that they come from."""

import pytest

from shared.domain.calendar.zones import UnknownZoneError
from shared.domain.places.address import Address, InvalidAddress
from shared.domain.places.calling_groups import CallingGroup, calling_group
from shared.domain.places.numbers import PhoneNumber, parse_number

PLACED = PhoneNumber(e164="+12125552671", region="US", zones=("America/New_York",))
PLACELESS = PhoneNumber(e164="+80012345678", region="001", zones=())
SPREAD = PhoneNumber(
    e164="+16055551234", region="US", zones=("America/Denver", "America/North_Dakota/Center")
)
NOWHERE = Address()


def number_of(text: str) -> PhoneNumber:
    number = parse_number(text, default_region=None)
    assert isinstance(number, PhoneNumber)
    return number


def group_of(
    number: PhoneNumber, address: Address = NOWHERE, default_zone: str | None = None
) -> CallingGroup:
    group = calling_group(number, address=address, default_zone=default_zone)
    assert isinstance(group, CallingGroup)
    return group


@pytest.mark.parametrize(
    ("number", "address", "default_zone", "zones", "source"),
    [
        (PLACED, Address(zone="Asia/Tokyo"), "Europe/Paris", ("Asia/Tokyo",), "contact"),
        (
            PLACED,
            Address(zone="Asia/Tokyo", postal_code="90210"),
            None,
            ("Asia/Tokyo",),
            "contact",
        ),
        (PLACED, Address(postal_code="90210"), None, ("America/Los_Angeles",), "postal_code"),
        (PLACED, NOWHERE, "Europe/Paris", ("America/New_York",), "number"),
        (SPREAD, NOWHERE, None, SPREAD.zones, "number"),
        (PLACELESS, NOWHERE, "Europe/Paris", ("Europe/Paris",), "campaign"),
        (PLACELESS, NOWHERE, None, (), "unknown"),
        (PLACELESS, Address(zone=""), "", (), "unknown"),
    ],
)
def test_the_first_source_with_a_zone_wins(
    number: PhoneNumber,
    address: Address,
    default_zone: str | None,
    zones: tuple[str, ...],
    source: str,
) -> None:
    group = group_of(number, address, default_zone)

    assert (group.zones, group.source) == (zones, source)


@pytest.mark.parametrize(
    ("address", "zones", "source"),
    [
        (Address(region="NY"), ("America/New_York",), "number"),
        (Address(country="US"), ("America/New_York",), "number"),
        (Address(region="FL"), ("America/Chicago", "America/New_York"), "contact"),
        (Address(region="HI"), ("Pacific/Honolulu",), "contact"),
        (Address(country="FR"), ("Europe/Paris",), "contact"),
        (Address(country="PR"), ("America/Puerto_Rico",), "contact"),
        (Address(region="HI", postal_code="10001"), ("America/New_York",), "postal_code"),
    ],
)
def test_a_number_of_another_place_than_its_owner_says_no_zone(
    address: Address, zones: tuple[str, ...], source: str
) -> None:
    group = group_of(PLACED, address, "Asia/Tokyo")

    assert (group.zones, group.source) == (zones, source)


@pytest.mark.parametrize("postal_code", ["09012", "34012", "96201"])
def test_a_soldier_abroad_is_nowhere_and_not_where_the_number_is(postal_code: str) -> None:
    group = group_of(PLACED, Address(postal_code=postal_code), "America/New_York")

    assert (group.zones, group.source) == ((), "unknown")
    assert group.jurisdictions == ("US-NY",)


MIAMI, TORONTO, LONDON = "+13055550123", "+14165550123", "+442079460000"
FREE = "+18005551234"


@pytest.mark.parametrize(
    ("number", "address", "jurisdictions", "source"),
    [
        (MIAMI, NOWHERE, ("US-FL",), "number"),
        (MIAMI, Address(zone="Asia/Tokyo"), ("US-FL",), "number"),
        (MIAMI, Address(postal_code="30301"), ("US-FL", "US-GA"), "postal_code+number"),
        (MIAMI, Address(region="GA"), ("US-FL", "US-GA"), "contact+number"),
        (MIAMI, Address(region="GA", postal_code="33101"), ("US-FL", "US-GA"), "contact+number"),
        (MIAMI, Address(country="US"), ("US-FL",), "contact+number"),
        (MIAMI, Address(country="FR"), ("FR", "US-FL"), "contact+number"),
        (MIAMI, Address(postal_code="42223"), ("US-FL", "US-KY", "US-TN"), "postal_code+number"),
        (TORONTO, NOWHERE, ("CA-ON",), "number"),
        (TORONTO, Address(country="US", region="NY"), ("CA-ON", "US-NY"), "contact+number"),
        (FREE, NOWHERE, ("US",), "number"),
        (FREE, Address(postal_code="33101"), ("US-FL",), "postal_code+number"),
        (LONDON, NOWHERE, ("GB",), "number"),
        (LONDON, Address(postal_code="EH1 1AA"), ("GB-SCT",), "postal_code+number"),
        (LONDON, Address(postal_code="JE2 3AB"), ("GB", "JE"), "postal_code+number"),
        (LONDON, Address(postal_code="SY16 1AA"), ("GB-ENG", "GB-WLS"), "postal_code+number"),
        ("+80012345678", NOWHERE, ("001",), "number"),
        ("+80012345678", Address(country="GB"), ("GB",), "contact"),
    ],
)
def test_the_rules_of_the_address_and_of_the_number_both_hold(
    number: str, address: Address, jurisdictions: tuple[str, ...], source: str
) -> None:
    group = group_of(number_of(number), address)

    assert (group.jurisdictions, group.jurisdiction_source) == (jurisdictions, source)


def test_contacts_alike_share_one_group() -> None:
    groups = {group_of(number) for number in (PLACED, PLACED, SPREAD)}

    assert len(groups) == 2


@pytest.mark.parametrize("zone", ["Mars/Olympus", "UTC+2", "EST5EDT6", "Factory", "Etc/Unknown"])
def test_an_unknown_zone_is_reported(zone: str) -> None:
    result = calling_group(PLACED, address=Address(zone=zone), default_zone=None)

    assert result == InvalidAddress(field="zone", reason="unknown_zone")
    with pytest.raises(UnknownZoneError):
        calling_group(PLACELESS, address=NOWHERE, default_zone=zone)


@pytest.mark.parametrize(
    "zone", ["EST", "MST", "HST", "UTC", "GMT0", "Zulu", "Etc/GMT+5", "Etc/UTC"]
)
def test_an_offset_is_no_zone_of_a_person_whose_country_has_summer_time(zone: str) -> None:
    refused = InvalidAddress(field="zone", reason="fixed_offset")
    french = Address(zone=zone, country="FR")
    ghana, india = number_of("+233302123456"), number_of("+919876543210")

    assert calling_group(PLACED, address=Address(zone=zone), default_zone=None) == refused
    assert calling_group(PLACELESS, address=Address(zone=zone), default_zone=None) == refused
    assert calling_group(ghana, address=french, default_zone=None) == refused
    assert group_of(ghana, Address(zone=zone)).zones == (zone,)
    assert group_of(india, Address(zone=zone)).zones == (zone,)
    assert group_of(PLACED, Address(zone=zone, country="IN")).zones == (zone,)


@pytest.mark.parametrize("zone", ["EST5EDT", "US/Eastern", "Jamaica", "Japan", "America/Phoenix"])
def test_other_names_of_places_are_zones_of_a_person(zone: str) -> None:
    assert group_of(PLACED, Address(zone=zone)).zones == (zone,)
