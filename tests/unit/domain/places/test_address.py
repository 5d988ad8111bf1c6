"""Reads a contact's place from region, country and number, and picks the postal code's country."""

from itertools import pairwise

import pytest

from shared.domain.calendar.zones import is_zone
from shared.domain.places import tables
from shared.domain.places.address import (
    Address,
    Residence,
    country_of,
    jurisdictions_of,
    locate,
)
from shared.domain.places.numbers import PhoneNumber, parse_number
from tests.support.places import number_of, said


def test_the_country_that_is_given_says_how_the_postal_code_is_read() -> None:
    assert said("DE", postal_code="33101", country="US") == ("US-FL", "America/New_York")
    assert said("DE", postal_code="33101", country="usa") == ("US-FL", "America/New_York")
    assert said("US", postal_code="SW1A 1AA", country="UK") == ("GB-ENG", "Europe/London")
    assert said("US", postal_code="75008", region="FR-75") == ("FR", "Europe/Paris")
    assert said("PR", postal_code="00901") == ("US-PR", "America/Puerto_Rico")


@pytest.mark.parametrize(
    ("country", "region", "expected"),
    [
        ("US", "FL", "US-FL"),
        ("US", " fl ", "US-FL"),
        ("US", "US-FL", "US-FL"),
        ("US", "us-fl", "US-FL"),
        ("US", "Florida", "US-FL"),
        ("US", "NEW YORK", "US-NY"),
        ("US", "Puerto Rico", "US-PR"),
        ("US", "CA-ON", "CA-ON"),
        ("CA", "ON", "CA-ON"),
        ("CA", "québec", "CA-QC"),
        ("CA", "Quebec", "CA-QC"),
        ("US", "D.C.", "US-DC"),
        ("US", "N.Y.", "US-NY"),
        ("AU", "Australian Capital Territory", "AU-ACT"),
        ("GB", "Scotland", "GB-SCT"),
        ("GB", "NIR", "GB-NIR"),
        ("AU", "nsw", "AU-NSW"),
        ("PR", "FL", "US-FL"),
        ("001", "US-FL", "US-FL"),
        ("DE", "Bayern", ""),
        ("FR", "Bretagne", ""),
        ("DE", "DE-BY", "DE"),
    ],
)
def test_regions(country: str, region: str, expected: str) -> None:
    assert said(country, region=region)[0] == expected


@pytest.mark.parametrize(
    ("country", "region"),
    [
        ("US", "XX"),
        ("US", "US-XX"),
        ("US", "Ontario"),
        ("CA", "Cape"),
        ("US", " "),
        ("GB", "FL"),
        ("001", "FL"),
        ("DE", "x" * 65),
    ],
)
def test_an_unknown_region_is_reported(country: str, region: str) -> None:
    assert said(country, region=region) == "region: unknown_region"


def test_a_region_must_be_of_the_country_that_is_given() -> None:
    assert said("US", country="CA", region="US-FL") == "region: unknown_region"
    assert said("US", country="PR", region="US-PR") == ("US-PR", "America/Puerto_Rico")


@pytest.mark.parametrize(
    "country", ["XX", "Atlantis", "Congo", "001", " ", "XYZ", "+49", "49", "x" * 70_000]
)
def test_an_unknown_country_is_reported(country: str) -> None:
    assert said("US", country=country) == "country: unknown_country"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Germany", "DE"),
        ("Deutschland", "DE"),
        ("DEU", "DE"),
        ("ALLEMAGNE", "DE"),
        ("U.S.A.", "US"),
        ("united states", "US"),
        ("United States of America", "US"),
        ("UK", "GB"),
        ("Great Britain", "GB"),
        ("Royaume-Uni", "GB"),
        (" england ", "GB"),
        ("México", "MX"),
        ("Mexico", "MX"),
        ("Côte d'Ivoire", "CI"),
        ("Cote d\u2019Ivoire", "CI"),
        ("Bosnia & Herzegovina", "BA"),
        ("Czech Republic", "CZ"),
        ("Türkiye", "TR"),
        ("Россия", "RU"),
        ("日本", "JP"),
        ("Nigeria", "NG"),
        ("NGA", "NG"),
        ("U.S.", "US"),
        ("Niger", "NE"),
        ("Georgia", "GE"),
    ],
)
def test_a_country_is_known_by_its_names_and_codes(name: str, code: str) -> None:
    assert country_of(name, None) == code


def test_a_country_alone_has_all_of_its_zones() -> None:
    assert said("US", country="DE") == ("DE", "Europe/Berlin")
    assert said("US", country="GB") == ("GB", "Europe/London")
    assert said("FR", country="RE") == ("FR", "Indian/Reunion")
    assert said("US", country="PT") == ("PT", "Atlantic/Azores Europe/Lisbon")
    assert said("RE", country="FR") == ("FR", "")


def test_an_empty_address_has_no_place() -> None:
    assert locate(number_of("US"), Address()) == Residence()
    assert locate(number_of("US"), Address(postal_code="", country="", region="")) == Residence()


@pytest.mark.parametrize(
    ("text", "jurisdictions"),
    [
        ("+13055550123", ("US-FL",)),
        ("+12025550123", ("US-DC",)),
        ("+12035550123", ("US-CT",)),
        ("+19835345678", ("US-CO",)),
        ("+12575345678", ("CA-BC",)),
        ("+19025550123", ("CA-NS", "CA-PE")),
        ("+18679795555", ("CA-NT", "CA-NU", "CA-YT")),
        ("+18005551234", ("US",)),
        ("+17872345678", ("US-PR",)),
        ("+16712345678", ("US-GU",)),
        ("+18769221234", ("JM",)),
        ("+442079460000", ("GB",)),
        ("+441534456789", ("JE",)),
        ("+33199001282", ("FR",)),
        ("+262262161234", ("FR",)),
        ("+61291920123", ("AU",)),
        ("+80012345678", ("001",)),
    ],
)
def test_jurisdictions_of_numbers(text: str, jurisdictions: tuple[str, ...]) -> None:
    number = parse_number(text, default_region=None)

    assert isinstance(number, PhoneNumber)
    assert jurisdictions_of(number) == jurisdictions


def test_every_place_in_the_tables_has_known_zones_in_order() -> None:
    places = [place for table in tables.postal_codes().values() for place in table.values()]

    for place in places:
        assert all(is_zone(zone) for zone in place.zones)
        assert all(first < second for first, second in pairwise(place.zones))
        assert all(first < second for first, second in pairwise(place.jurisdictions))


def test_every_part_of_a_country_has_a_name_and_zones_and_no_other_is_named() -> None:
    known = {code for regions in tables.regions().values() for code in regions.values()}
    named = {
        place
        for table in tables.postal_codes().values()
        for p in table.values()
        for place in p.jurisdictions
    }
    by_number = {place for places in tables.area_codes().values() for place in places}

    assert {place for place in named | by_number if "-" in place} == known
    assert all(tables.zones()[code] for code in known)
