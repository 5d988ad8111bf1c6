"""Numbers are read as phonenumbers reads them, but faster, and only from plain spellings."""

import re
import subprocess
import sys
from collections.abc import Iterator
from random import Random

import phonenumbers
import pytest
from phonenumbers import (
    COUNTRY_CODE_TO_REGION_CODE,
    SUPPORTED_REGIONS,
    NumberParseException,
    PhoneMetadata,
    PhoneNumberFormat,
    PhoneNumberType,
)
from phonenumbers.tzdata import TIMEZONE_DATA

from shared.domain.places.number_kinds import KIND_OF_CODE, NumberKind
from shared.domain.places.number_plans import recognise
from shared.domain.places.number_zones import zones_of
from shared.domain.places.numbers import REMEDIES, InvalidNumber, PhoneNumber, parse_number
from tests.support.numbers import REGIONS, count_of_cells, digits, example_numbers

# Characters that people write between and before digits, valid and invalid.
SEPARATORS = ("", "", "", " ", "-", ".", " (", ") ", "  ", "/", "\u00a0", "x", "#", "~", ",")
# Spellings that phonenumbers is not asked about.
NOT_PLAIN = {"decimal", "extension", "letters", "not_a_number", "several_numbers", "too_long"}
# The kinds of phonenumbers that cost more.
KINDS = {
    PhoneNumberType.PREMIUM_RATE: NumberKind.PREMIUM_RATE,
    PhoneNumberType.SHARED_COST: NumberKind.SHARED_COST,
    PhoneNumberType.PERSONAL_NUMBER: NumberKind.PERSONAL_NUMBER,
    PhoneNumberType.PAGER: NumberKind.PAGER,
    PhoneNumberType.VOICEMAIL: NumberKind.VOICEMAIL,
}
# Nothing but digits and the separators that stand between groups.
PLAIN = re.compile(r" *\+?[0-9]+(?:[ -][0-9]+)* *")
# The international prefix of most countries, which is read in North America, too.
PREFIX = re.compile(r"^[^0-9]*0[^0-9]*0")
FRENCH_OVERSEAS = {"BL", "GF", "GP", "MF", "MQ", "RE", "YT"}
# The numbers that the tables take.
E164 = re.compile(r"\+[1-9][0-9]{6,14}")
# The codes of numbers that phonenumbers gives to France or refuses as old spellings.
RENEWED = ("+52", "+55", "+57", "+84", "+225", "+229", "+262", "+508", "+590", "+594", "+596")


def by_phonenumbers(text: str, region: str | None) -> PhoneNumber | None:
    try:
        parsed = phonenumbers.parse(text, region)
    except NumberParseException:
        return None
    name = phonenumbers.region_code_for_number(parsed)
    if name is None or not phonenumbers.is_valid_number(parsed):
        return None
    e164 = phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
    kind = KIND_OF_CODE.get(str(parsed.country_code), KINDS.get(phonenumbers.number_type(parsed)))
    return PhoneNumber(e164=e164, region=name, zones=zones_of(e164, name), kind=kind)


def spellings(seed: int, count: int) -> Iterator[tuple[str, str | None]]:
    random = Random(seed)
    prefixes = sorted(TIMEZONE_DATA)
    for _ in range(count):
        region, code, national = random.choice(example_numbers())
        if random.random() < 0.2:
            text = random.choice(prefixes) + digits(random, random.randint(2, 9))
            yield "+" + text, None
            continue
        yield _spelled(random, region, code, _changed(random, national))


def _changed(random: Random, national: str) -> str:
    choice = random.random()
    kept = random.randint(0, len(national))
    if choice < 0.75:
        return national[:kept] + digits(random, len(national) - kept)
    if choice < 0.85:
        return national[:kept] + digits(random, random.randint(0, 12))
    if choice < 0.95:
        return national
    return digits(random, random.randint(1, 18))


def _spelled(random: Random, region: str, code: str, national: str) -> tuple[str, str | None]:
    home = region if region in SUPPORTED_REGIONS else None
    metadata = PhoneMetadata.metadata_for_region(region)
    trunk = (metadata.national_prefix if metadata else None) or "0"
    somewhere = random.choice((home, home, random.choice(REGIONS), None))
    text, default = random.choice(
        (
            (f"+{code}{national}", somewhere),
            (f"+{code}{national}", None),
            (f"+{code}{trunk}{national}", somewhere),
            (f"+{code}({trunk}){national}", somewhere),
            (f"{code}{national}", somewhere),
            (f"{trunk}{national}", somewhere),
            (f"{trunk}{national}", home),
            (national, somewhere),
            (national, home),
            (f"00{code}{national}", somewhere),
            (f"011{code}{national}", random.choice(("US", "CA", "JM", somewhere))),
        )
    )
    if random.random() < 0.4:
        text = "".join(
            letter + (random.choice(SEPARATORS) if random.random() < 0.3 else "") for letter in text
        )
    return random.choice(("", "", "", " ", "(", "'", "tel:")) + text, default


def test_numbers_are_read_as_phonenumbers_reads_them() -> None:
    count = count_of_cells()
    valid = 0
    for text, region in spellings(seed=20_260_000, count=count):
        expected, result = by_phonenumbers(text, region), parse_number(text, default_region=region)

        if isinstance(result, InvalidNumber):
            assert expected is None or is_refused_with_reason(text, expected, result.reason)
        else:
            valid += 1
            if expected is None:
                expected = in_further_spellings(text, region)
            is_renewed = expected is None or expected.e164.startswith("+33")
            if is_renewed and result.e164.startswith(RENEWED):
                expected = by_phonenumbers(result.e164, None)
            assert result == expected, (text, region)

    assert count * 0.25 < valid < count * 0.7


def in_further_spellings(text: str, region: str | None) -> PhoneNumber | None:
    """Numbers that are dialed from the region although its plan does not list them."""
    if region in COUNTRY_CODE_TO_REGION_CODE[1]:
        return by_phonenumbers(PREFIX.sub("+", text), None)
    if region in FRENCH_OVERSEAS:
        return by_phonenumbers(text, "FR")
    return None


def is_refused_with_reason(text: str, expected: PhoneNumber, reason: str) -> bool:
    if reason in {"too_short", "too_long"} and not E164.fullmatch(expected.e164):
        return True
    if reason == "ambiguous":
        return text.strip(" ('")[0] not in "+0"
    if PLAIN.fullmatch(text):
        return False
    return reason in NOT_PLAIN


def test_plain_spellings_do_not_need_phonenumbers() -> None:
    valid = [
        (code, national)
        for _, code, national in example_numbers()
        if by_phonenumbers(f"+{code}{national}", None)
    ]

    recognised = [
        recognise(code + national, international=True, default_region=None)
        for code, national in valid
    ]

    assert len(valid) > 1_000
    assert all(recognised)


@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        ("+1 212 555 2671", None, ("+12125552671", "US", ("America/New_York",))),
        ("(212) 555-2671", "US", ("+12125552671", "US", ("America/New_York",))),
        ("020 7946 0000", "GB", ("+442079460000", "GB", ("Europe/London",))),
        ("0044 20 7946 0000", "DE", ("+442079460000", "GB", ("Europe/London",))),
        ("+91 98765 43210", None, ("+919876543210", "IN", ("Asia/Kolkata",))),
        ("+1 876 922 1234", None, ("+18769221234", "JM", ("America/Jamaica",))),
        ("+39 06 1234 5678", None, ("+390612345678", "IT", ("Europe/Rome",))),
        ("'+442079460000", None, ("+442079460000", "GB", ("Europe/London",))),
        ("+٤٤٢٠٧٩٤٦٠٠٠٠", None, ("+442079460000", "GB", ("Europe/London",))),
    ],
)
def test_numbers(text: str, region: str | None, expected: tuple[str, str, tuple[str, ...]]) -> None:
    e164, home, zones = expected

    result = parse_number(text, default_region=region)

    assert result == PhoneNumber(e164=e164, region=home, zones=zones)


@pytest.mark.parametrize(
    ("text", "region", "reason"),
    [
        ("", None, "empty"),
        (" \t\r\n", "US", "empty"),
        ("nobody", "US", "not_a_number"),
        ("\0", "US", "not_a_number"),
        ("020 7946 0000", None, "no_country"),
        ("020 7946 0000", "XX", "no_country"),
        ("+999 123 4567", None, "no_country"),
        ("+1 212 555", None, "too_short"),
        ("555 2671", "US", "too_short"),
        ("+44 20 7946 0000 0000", None, "too_long"),
        ("+1" + "2" * 300, None, "too_long"),
        (" " * 10_000_000 + "1", "US", "not_a_number"),
        ("1" * 10_000_000, "US", "too_long"),
        ("\u0661 " * 1_000_000, "US", "too_long"),
        ("+49 1", "DE", "too_short"),
        ("07700 900123", "GB", "not_assigned"),
        ("+1 555 555 5555", None, "not_assigned"),
    ],
)
def test_reasons(text: str, region: str | None, reason: str) -> None:
    assert parse_number(text, default_region=region) == InvalidNumber(reason=reason)


def test_a_reason_never_repeats_the_input() -> None:
    for text, region in spellings(seed=5, count=2_000):
        result = parse_number(text, default_region=region)
        if isinstance(result, InvalidNumber):
            assert result.reason in REMEDIES
            assert not any(letter.isdigit() for letter in result.reason)


def test_the_heavy_parts_of_phonenumbers_stay_out_of_memory() -> None:
    script = (
        "import sys; from shared.domain.places import calling_groups, numbers;"
        "numbers.parse_number('+442079460000', default_region=None);"
        "print([name for name in sys.modules if name.startswith('phonenumbers.')"
        " and name.split('.')[1] in ('geodata', 'carrierdata', 'geocoder', 'carrier')])"
    )

    shown = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert shown.stdout.strip() == "[]"
