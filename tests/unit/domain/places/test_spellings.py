"""A cell spells one number plainly, or is refused for a reason of its own."""

import re

import phonenumbers
import pytest
from phonenumbers import PhoneMetadata

from shared.domain.places.numbers import REMEDIES, InvalidNumber, parse_number
from tests.support.numbers import REGIONS, read

REFUSED = [InvalidNumber(reason=reason) for reason in REMEDIES]
BERLIN = "+49301234567"
MANHATTAN = "+12125552671"


@pytest.mark.parametrize(
    "text",
    [
        "+49301234567",
        "0301234567",
        "030 1234567",
        "030/1234567",
        "030 / 123 45 67",
        "030 123456-7",
        "(030) / 1234567",
        "(030) 123-4567",
        "030 - 1234567",
        "030.123.45.67",
        "030.1234567",
        "0049 30 1234567",
        "0049 (0)30 1234567",
        "+49 (0) 30 1234567",
        "(+49) 30 1234567",
        "+49 30/1234567",
        "+49.301234567",
        "+49/30/1234567",
        "0049/30/123 45 67",
        "  +49 30  1234567 ",
        "tel:+49-30-1234567",
        "'0301234567",
        '="0301234567"',
        "\u202a+49 30 1234567\u202c",
        "\u202d030 1234567\u202c",
        "+49\u00a030\u202f123\u20094567",
        "030\u20111234567",
        "030\u20131234567",
        "\uff0b\uff14\uff19 30 1234567",
        "\uff08030\uff09 123\uff0d4567",
        "+\u0664\u0669 \u0663\u0660 \u0661\u0662\u0663\u0664\u0665\u0666\u0667",
    ],
)
def test_plain_spellings_of_one_number(text: str) -> None:
    assert read(text, "DE") == BERLIN


@pytest.mark.parametrize(
    "text",
    [
        "2125552671",
        "(212) 555-2671",
        "212.555.2671",
        "(212) 555.2671",
        "212 - 555 - 2671",
        "212/555-2671",
        "212/555/2671",
        "1/212/555/2671",
        "212 / 555 / 2671",
        "1-212-555-2671",
        "1 (212) 555 2671",
        "+1.2125552671",
        "+1-212-555-2671",
        "011 1 212 555 2671",
        "212-555-2671",
    ],
)
def test_north_american_spellings(text: str) -> None:
    assert read(text, "US") == MANHATTAN


def test_pairs_of_digits_between_dots_are_no_decimals() -> None:
    assert read("01.42.68.53.00", "FR") == "+33142685300"
    assert read("02/512.45.00", "BE") == "+3225124500"
    assert read("06/30 123-4567", "HU") == "+36301234567"


def test_pairs_of_digits_between_long_dashes_are_no_range() -> None:
    assert read("06\u201312\u201334\u201356\u201378", "FR") == "+33612345678"
    assert read("8 (495) 123\u201345\u201367", "RU") == "+74951234567"
    assert read("8 495 123\u221245\u221267", "RU") == "+74951234567"


@pytest.mark.parametrize(
    "text",
    [
        "491701234568.0",
        "+39333123456.0",
        "+4366412345.00",
        "+49 170 1234567.0",
        "0301234567.5",
        "491701234568.",
        "491701234568,0",
        "491,701,234,568.00",
        "491.701.234.568,00",
        "49.1701234567",
        "0.301234567",
        "030.1234567.0",
        "018132.0000000",
        "608.555.0190.00",
        "491701234568\u066b0",
    ],
)
@pytest.mark.parametrize("region", ["DE", "IT", "US", None])
def test_decimals_are_refused(text: str, region: str | None) -> None:
    assert read(text, region) == "decimal"


@pytest.mark.parametrize(
    "text",
    ["4.47712E+11", "1.701234567E9", "4.4771234e11", "4,47712E11", "+4.9E11", "4.9\u00d710^11"],
)
def test_scientific_notation_is_refused(text: str) -> None:
    assert read(text, "DE") == "scientific_notation"


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("0301234567/68", "DE"),
        ("030/1234567/68", "DE"),
        ("030-123456 / 123457", "DE"),
        ("030123456 - 123457", "DE"),
        ("0301234567 - 68", "DE"),
        ("0171/0172 1234567", "DE"),
        ("12345/67890", "DE"),
        ("0301234567\u201368", "DE"),
        ("+49301234567 \u2014 8", "DE"),
        ("030 12345\u201367\u201369", "DE"),
        ("212/555/2671/72", "US"),
        ("0301234567, 0301234568", "DE"),
        ("0301234567 oder 0301234568", "DE"),
        ("0301234567 (68)", "DE"),
        ("0301234567\n0301234568", "DE"),
        ("0301234567\t0301234568", "DE"),
        ("07712000127;07712000128", "GB"),
        ("07712000127 or 07712000128", "GB"),
        ("+447712000127+447712000128", None),
        ("(212) 555-2671 & 555-2672", "US"),
        ("03-1234-5678\u301c9", "JP"),
    ],
)
def test_two_numbers_in_one_cell_are_refused(text: str, region: str | None) -> None:
    assert read(text, region) == "several_numbers"


EXTENSIONS = [" x11", "x11", "-x13", " ext 12", " ext. 12", " extension 12", ";ext=5", " #44"]
EXTENSIONS += [
    "#44",
    "*101",
    ",,44",
    "p44",
    "w44",
    " Durchwahl 12",
    " DW 12",
    " poste 12",
    " int 3",
]


@pytest.mark.parametrize("end", [*EXTENSIONS, " \u0434\u043e\u0431. 12"])
def test_extensions_are_refused(end: str) -> None:
    assert read(f"608-555-0190{end}", "US") == "extension"
    assert read(f"+49 30 1234567{end}", None) == "extension"


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("+44 7712 OOO 131", "GB"),
        ("O7712000129", "GB"),
        ("0771200013O", "GB"),
        ("0800 FLOWERS", "GB"),
        ("1-800-FLOWERS", "GB"),
        ("608-555-OOOO", "US"),
        ("608-555-O19O", "US"),
        ("608-210-lZoI", "US"),
        ("call 608-555-0190", "US"),
        ("1-800-FLOWERSHOP", "US"),
    ],
)
def test_letters_are_refused_where_they_are_no_keypad_words(text: str, region: str) -> None:
    assert read(text, region) == "letters"


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("1-800-FLOWERS", "US"),
        ("(800) FLOWERS", "CA"),
        ("800-FLO-WERS", "JM"),
        ("1-800-356-WERS", "US"),
        ("+1 800 flowers", "DE"),
    ],
)
def test_words_of_a_keypad_are_digits_in_north_america(text: str, region: str) -> None:
    assert read(text, region) == "+18003569377"


@pytest.mark.parametrize(
    ("text", "region"),
    [("911", "US"), ("+1911", None), ("411", "US"), ("112", "DE"), ("+49110", None), ("999", "GB")],
)
def test_emergency_and_short_numbers_are_refused(text: str, region: str | None) -> None:
    assert read(text, region) == "short_number"


@pytest.mark.parametrize("region", REGIONS)
def test_an_emergency_number_of_a_country_is_read_in_no_spelling(region: str) -> None:
    short = PhoneMetadata.short_metadata_for_region(region)
    known = short.emergency.national_number_pattern if short and short.emergency else None
    every = (f"{n:0{length}}" for length in (2, 3, 4) for n in range(10**length))
    numbers = [number for number in every if re.fullmatch(known or "112", number)]
    code = phonenumbers.country_code_for_region(region)

    for number in numbers:
        for text in (number, " ".join(number), f"+{code}{number}", f"+{code} {number}"):
            assert parse_number(text, default_region=region) in REFUSED, text


@pytest.mark.parametrize("text", ["+19114206969", "+1 911 555 0123", "9115550123"])
def test_a_number_that_begins_like_an_emergency_number_is_refused(text: str) -> None:
    assert read(text, "US") == "not_assigned"


@pytest.mark.parametrize(
    "text",
    [
        "-49301234567",
        "(0301234567",
        "030) 1234567",
        "+",
        "++49301234567",
        "\u202e0301234567",
        "\u00b2",
        "030\u00b21234567",
    ],
)
def test_other_texts_are_not_numbers(text: str) -> None:
    assert read(text, "DE") == "not_a_number"


@pytest.mark.parametrize(
    ("text", "region"),
    [("03012345678901234", "DE"), ("+4930123456123457", None), ("+49" + "1" * 300, None)],
)
def test_more_digits_than_e164_has_are_refused(text: str, region: str | None) -> None:
    assert read(text, region) == "too_long"


def test_each_reason_has_a_remedy() -> None:
    assert all(remedy[-1] not in ".;" and len(remedy) > 10 for remedy in REMEDIES.values())
    assert InvalidNumber(reason="empty").reason in REMEDIES
