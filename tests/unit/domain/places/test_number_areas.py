"""How near two numbers are, and the zone in which a number's day begins."""

import pytest

from shared.domain.places.number_areas import Nearness, area_of


@pytest.mark.parametrize(
    ("own", "to", "nearness"),
    [
        ("+12125550100", "+12125559999", Nearness.AREA_CODE),
        ("+12125550100", "+17165559999", Nearness.REGION),
        ("+12125550100", "+13035559999", Nearness.COUNTRY),
        ("+12125550100", "+14165559999", Nearness.ABROAD),
        ("+12125550100", "+18005559999", Nearness.COUNTRY),
        ("+12125550100", "+442079460123", Nearness.ABROAD),
        ("+4930231251", "+49302312519", Nearness.AREA_CODE),
        ("+4930231251", "+4940669691", Nearness.COUNTRY),
        ("+447700900155", "+447700900199", Nearness.COUNTRY),
        ("+61255501234", "+61255509999", Nearness.AREA_CODE),
    ],
)
def test_nearness(own: str, to: str, nearness: Nearness) -> None:
    assert area_of(own).nearness(to) is nearness


@pytest.mark.parametrize(
    ("number", "zone"),
    [
        ("+12125550100", "America/New_York"),
        ("+442079460123", "Europe/London"),
        # Many zones, or none.
        ("+18005550199", "UTC"),
        ("+80012345678", "UTC"),
    ],
)
def test_the_zone_of_a_number(number: str, zone: str) -> None:
    assert area_of(number).zone == zone
