"""Numbers are read exactly as phonenumbers reads them, but faster."""

import subprocess
import sys
from collections.abc import Iterator
from functools import cache
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
from phonenumbers.timezone import time_zones_for_number
from phonenumbers.tzdata import TIMEZONE_DATA

from shared.domain.places.number_plans import recognise
from shared.domain.places.numbers import InvalidNumber, PhoneNumber, parse_number

REGIONS = sorted(SUPPORTED_REGIONS)
# Characters that people write between and before digits, valid and invalid.
SEPARATORS = ("", "", "", " ", "-", ".", " (", ") ", "  ", "/", "\u00a0", "x", "#", "~", ",")
PARTS = 10
PER_PART = 20_000


def by_phonenumbers(text: str, region: str | None) -> PhoneNumber | None:
    try:
        parsed = phonenumbers.parse(text, region)
    except NumberParseException:
        return None
    name = phonenumbers.region_code_for_number(parsed)
    if name is None or not phonenumbers.is_valid_number(parsed):
        return None
    zones = sorted(set(time_zones_for_number(parsed)) - {"Etc/Unknown"})
    e164 = phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
    return PhoneNumber(e164=e164, region=name, zones=tuple(zones))


@cache
def example_numbers() -> tuple[tuple[str, str, str], ...]:
    """(region, country calling code, national number) of every kind in every region."""
    numbers: set[tuple[str, str, str]] = set()
    for region in REGIONS:
        for kind in PhoneNumberType.values():
            number = phonenumbers.example_number_for_type(region, kind)
            if number:
                national = phonenumbers.national_significant_number(number)
                numbers.add((region, str(number.country_code), national))
    for code, regions in COUNTRY_CODE_TO_REGION_CODE.items():
        number = phonenumbers.example_number_for_non_geo_entity(code)
        if regions == ("001",) and number:
            numbers.add(("001", str(code), phonenumbers.national_significant_number(number)))
    return tuple(sorted(numbers))


def spellings(seed: int, count: int) -> Iterator[tuple[str, str | None]]:
    random = Random(seed)
    prefixes = sorted(TIMEZONE_DATA)
    for _ in range(count):
        region, code, national = random.choice(example_numbers())
        if random.random() < 0.2:
            digits = random.choice(prefixes) + _digits(random, random.randint(2, 9))
            yield "+" + digits, None
            continue
        yield _spelled(random, region, code, _changed(random, national))


def _changed(random: Random, national: str) -> str:
    choice = random.random()
    kept = random.randint(0, len(national))
    if choice < 0.75:
        return national[:kept] + _digits(random, len(national) - kept)
    if choice < 0.85:
        return national[:kept] + _digits(random, random.randint(0, 12))
    if choice < 0.95:
        return national
    return _digits(random, random.randint(1, 18))


def _digits(random: Random, count: int) -> str:
    return "".join(random.choices("0123456789", k=count))


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


@pytest.mark.parametrize("part", range(PARTS))
def test_two_hundred_thousand_numbers_are_read_as_phonenumbers_reads_them(part: int) -> None:
    valid = 0
    for text, region in spellings(seed=20_260_000 + part, count=PER_PART):
        expected, result = by_phonenumbers(text, region), parse_number(text, default_region=region)

        if expected is None:
            assert isinstance(result, InvalidNumber), (text, region, result)
        else:
            valid += 1
            assert result == expected, (text, region)

    assert PER_PART * 0.3 < valid < PER_PART * 0.7


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
        ("+91 98765 43210", None, ("+919876543210", "IN", ("Asia/Calcutta",))),
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


def test_a_number_may_have_many_zones() -> None:
    free = parse_number("+18005551234", default_region=None)
    mobile = parse_number("+79161234567", default_region=None)

    assert isinstance(free, PhoneNumber)
    assert isinstance(mobile, PhoneNumber)
    assert len(free.zones) > 20
    assert {"Europe/Moscow", "Asia/Vladivostok"} <= set(mobile.zones)
    assert mobile.zones == tuple(sorted(mobile.zones))


def test_a_number_of_no_country_has_no_zone_of_its_own() -> None:
    result = parse_number("+80012345678", default_region=None)

    assert isinstance(result, PhoneNumber)
    assert result.region == "001"
    assert "Etc/Unknown" not in result.zones


@pytest.mark.parametrize(
    ("text", "region", "reason"),
    [
        ("", None, "empty"),
        (" \t\r\n", "US", "empty"),
        ("nobody", "US", "not_a_number"),
        ("\0", "US", "not_a_number"),
        ("=1+1", "US", "not_a_number"),
        ("020 7946 0000", None, "no_country"),
        ("020 7946 0000", "XX", "no_country"),
        ("+999 123 4567", None, "no_country"),
        ("+1 212 555", None, "too_short"),
        ("555 2671", "US", "too_short"),
        ("+44 20 7946 0000 0000", None, "too_long"),
        ("+1" + "2" * 300, None, "too_long"),
        (" " * 10_000_000 + "1", "US", "too_long"),
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
            assert result.reason.isascii()
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
