"""A number is read by its region, by the word of the list's owner, and by the plan of today."""

import pytest

from shared.domain.places.numbers import PhoneNumber, parse_number
from tests.support.numbers import read


@pytest.mark.parametrize(
    ("text", "region", "national", "international"),
    [
        # An area code of East Frisia, or the country code of Germany before a mobile.
        ("491701234567", "DE", "+49491701234567", "+491701234567"),
        # A German mobile without its zero, or Austin in Texas.
        ("15123456789", "DE", "+4915123456789", "+15123456789"),
        # A Mexican mobile as it was once dialed from abroad, or New Jersey.
        ("15512345678", "MX", "+525512345678", "+15512345678"),
        # A number of Bielefeld, or a Mexican mobile as it was once dialed from abroad.
        ("5215512345678", "DE", "+495215512345678", "+525512345678"),
        # A number of London without its zero, or Alexandria in Egypt.
        ("2031234567", "GB", "+442031234567", "+2031234567"),
    ],
)
def test_a_number_with_two_readings_is_read_as_its_owner_says(
    text: str, region: str, national: str, international: str
) -> None:
    assert read(text, region) == "ambiguous"
    assert read(text, region, "national") == national
    assert read(text, region, "international") == international
    assert read(f"+{text}", region) == international


@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        ("2079460018", "GB", "+442079460018"),
        ("612345678", "FR", "+33612345678"),
        ("1701234567", "DE", "+491701234567"),
        ("9845551234", "IN", "+919845551234"),
        ("5512345678", "MX", "+525512345678"),
        ("9161234567", "RU", "+79161234567"),
        ("15123456789", "CN", "+8615123456789"),
        ("4722234567", "US", "+14722234567"),
        ("3933312345", "IT", "+393933312345"),
        ("612345678", "ES", "+34612345678"),
    ],
)
def test_a_national_number_is_not_ambiguous_where_it_is_complete_or_means_one_thing(
    text: str, region: str, expected: str
) -> None:
    assert read(text, region) == expected
    assert read(text, region, "national") == expected


@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        ("442079460000", "GB", "+442079460000"),
        ("393331234567", "IT", "+393331234567"),
        ("79161234567", "RU", "+79161234567"),
        ("4312345678", "AT", "+4312345678"),
        ("33262161234", "FR", "+262262161234"),
    ],
)
def test_a_missing_plus_is_assumed_only_where_no_national_number_is_meant(
    text: str, region: str, expected: str
) -> None:
    assert read(text, region) == expected
    assert read(text, region, "international") == expected
    assert read(text, region, "national") == "not_assigned"


def test_numbers_said_to_be_international_need_no_region_but_keep_the_prefixes() -> None:
    assert read("442079460000", None, "international") == "+442079460000"
    assert read("0301234567", "DE", "international") == "+49301234567"
    assert read("00442079460000", "DE", "international") == "+442079460000"
    assert read("0301234567", None, "international") == "no_country"


@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        ("+52 1 55 1234 5678", None, "+525512345678"),
        ("5215512345678", "MX", "+525512345678"),
        ("044 55 1234 5678", "MX", "+525512345678"),
        ("01 55 1234 5678", "MX", "+525512345678"),
        ("+55 31 8888-8888", None, "+5531988888888"),
        ("(31) 8888-8888", "BR", "+5531988888888"),
        ("+55 31 3333-8888", None, "+553133338888"),
        ("+54 11 15 5550 0123", None, "+5491155500123"),
        ("011 15 5550 0123", "AR", "+5491155500123"),
        ("+54 9 11 5550 0123", None, "+5491155500123"),
        ("+84 120 123 4567", None, "+84701234567"),
        ("0169 123 4567", "VN", "+84391234567"),
        ("+229 97 12 34 56", None, "+2290197123456"),
        ("97 12 34 56", "BJ", "+2290197123456"),
        ("+57 1 345 6789", None, "+576013456789"),
        ("(4) 444 5566", "CO", "+576044445566"),
        ("+57 601 345 6789", None, "+576013456789"),
        ("+57 300 123 4567", None, "+573001234567"),
        ("+225 07 12 34 56", None, "+2250707123456"),
        ("44 12 34 56", "CI", "+2250544123456"),
        ("+225 71 12 34 56", None, "+2250171123456"),
        ("+225 20 21 34 56", None, "+2252720213456"),
        ("+225 22 00 34 56", None, "+2252522003456"),
        ("+225 07 07 12 34 56", None, "+2250707123456"),
        ("+39 06 1234 5678", None, "+390612345678"),
    ],
)
def test_old_spellings_are_read_as_the_plan_of_today(
    text: str, region: str | None, expected: str
) -> None:
    assert read(text, region) == expected


@pytest.mark.parametrize("text", ["+225 80 12 34 56", "+225 90 12 34 56", "+225 99 12 34 56"])
def test_a_number_that_its_plan_did_not_renew_is_refused(text: str) -> None:
    assert read(text, None) == "too_short"


@pytest.mark.parametrize(
    ("text", "expected", "home"),
    [
        ("0262 16 12 34", "+262262161234", "RE"),
        ("0692 12 34 56", "+262692123456", "RE"),
        ("0269 60 12 34", "+262269601234", "YT"),
        ("0639 01 23 45", "+262639012345", "YT"),
        ("0508 41 23 45", "+508412345", "PM"),
        ("0590 20 12 34", "+590590201234", "GP"),
        ("0690 00 12 34", "+590690001234", "GP"),
        ("0594 10 12 34", "+594594101234", "GF"),
        ("0694 20 12 34", "+594694201234", "GF"),
        ("0596 30 12 34", "+596596301234", "MQ"),
        ("0696 20 12 34", "+596696201234", "MQ"),
        ("0709 20 12 34", "+262709201234", "RE"),
    ],
)
def test_french_numbers_overseas_get_their_own_country_code(
    text: str, expected: str, home: str
) -> None:
    dialed = parse_number(text, default_region="FR")
    from_abroad = parse_number(f"+33 {text[1:]}", default_region=None)

    assert isinstance(dialed, PhoneNumber)
    assert (dialed.e164, dialed.region) == (expected, home)
    assert from_abroad == dialed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0693 12 34 56", "+262693123456"),
        ("0690 00 12 34", "+590690001234"),
        ("01 42 68 53 00", "+33142685300"),
        ("0612345678", "+33612345678"),
        ("33 1 42 68 53 00", "+33142685300"),
    ],
)
@pytest.mark.parametrize("region", ["FR", "RE", "GP", "MQ", "GF", "YT"])
def test_all_of_france_dials_alike(region: str, text: str, expected: str) -> None:
    assert read(text, region) == expected


@pytest.mark.parametrize("region", ["US", "CA", "JM"])
def test_no_number_of_north_america_begins_with_0_so_00_is_a_prefix_of_other_countries(
    region: str,
) -> None:
    assert read("0044 20 7946 0123", region) == "+442079460123"
    assert read("00 1 212 555 2671", region) == "+12125552671"
    assert read("011 44 20 7946 0123", region) == "+442079460123"
    assert read("00442079460123", region, "national") == "+442079460123"


def test_a_prefix_after_the_plus_is_one_too_many_and_means_the_same() -> None:
    assert read("+0044 20 7946 0123", None) == "+442079460123"
    assert read("+044 20 7946 0123", None) == "no_country"


def test_numbers_of_metropolitan_france_keep_their_code() -> None:
    assert read("01 42 68 53 00", "FR") == "+33142685300"
    assert read("0806 12 34 56", "FR") == "+33806123456"
    assert read("05 56 12 34 56", "FR") == "+33556123456"
