"""Which zones a contact is called by, and where they come from."""

import pytest

from shared.domain.calling_groups import CallingGroup, calling_group
from shared.domain.numbers import PhoneNumber
from shared.domain.zones import UnknownZoneError

PLACED = PhoneNumber(e164="+12125552671", region="US", zones=("America/New_York",))
PLACELESS = PhoneNumber(e164="+80012345678", region="001", zones=())
SPREAD = PhoneNumber(
    e164="+16055551234", region="US", zones=("America/Denver", "America/North_Dakota/Center")
)


@pytest.mark.parametrize(
    ("number", "contact_zone", "default_zone", "zones", "source"),
    [
        (PLACED, "Asia/Tokyo", "Europe/Paris", ("Asia/Tokyo",), "contact"),
        (PLACED, None, "Europe/Paris", ("America/New_York",), "number"),
        (SPREAD, None, None, SPREAD.zones, "number"),
        (PLACELESS, None, "Europe/Paris", ("Europe/Paris",), "campaign"),
        (PLACELESS, None, None, (), "unknown"),
        (PLACELESS, "", "", (), "unknown"),
    ],
)
def test_the_first_source_with_a_zone_wins(
    number: PhoneNumber,
    contact_zone: str | None,
    default_zone: str | None,
    zones: tuple[str, ...],
    source: str,
) -> None:
    group = calling_group(number, contact_zone=contact_zone, default_zone=default_zone)

    assert group == CallingGroup(
        zones=zones,
        source=source,
        jurisdictions=(number.region,),
        jurisdiction_source="number",
    )


def test_a_number_that_was_ported_keeps_its_jurisdiction() -> None:
    group = calling_group(PLACED, contact_zone="America/Los_Angeles", default_zone=None)

    assert (group.zones, group.jurisdictions) == (("America/Los_Angeles",), ("US",))


def test_contacts_alike_share_one_group() -> None:
    groups = {
        calling_group(number, contact_zone=None, default_zone=None)
        for number in (PLACED, PLACED, SPREAD)
    }

    assert len(groups) == 2


@pytest.mark.parametrize("zone", ["Mars/Olympus", "UTC+2", "EST5EDT6", "Factory", "Etc/Unknown"])
def test_an_unknown_zone_is_an_error(zone: str) -> None:
    with pytest.raises(UnknownZoneError):
        calling_group(PLACED, contact_zone=zone, default_zone=None)
    with pytest.raises(UnknownZoneError):
        calling_group(PLACELESS, contact_zone=None, default_zone=zone)
