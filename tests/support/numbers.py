"""Reads numbers, and makes valid ones of all regions at random."""

import os
from collections.abc import Iterator
from functools import cache
from random import Random

import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, SUPPORTED_REGIONS, PhoneNumberType

from shared.domain.places.number_plans import recognise
from shared.domain.places.numbers import Numbers, PhoneNumber, parse_number

REGIONS = sorted(SUPPORTED_REGIONS)


def read(text: str, region: str | None, numbers: Numbers | None = None) -> str:
    """The number, or the reason without it."""
    number = parse_number(text, default_region=region, numbers=numbers)
    return number.e164 if isinstance(number, PhoneNumber) else number.reason


def count_of_cells() -> int:
    """A number of cells that takes seconds; OUTDIAL_TEST_CELLS sets another, such as 1000000."""
    return int(os.environ.get("OUTDIAL_TEST_CELLS") or 20_000)


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


def valid_numbers(random: Random) -> Iterator[tuple[str, str, str]]:
    """(region, country calling code, national number) without end; their last digits vary."""
    while True:
        region, code, national = random.choice(example_numbers())
        kept = random.randint(len(national) // 2, len(national) - 1)
        changed = national[:kept] + digits(random, len(national) - kept)
        found = recognise(code + changed, international=True, default_region=None)
        if found and found.national == changed:
            yield region, code, changed


def digits(random: Random, count: int) -> str:
    return "".join(random.choices("0123456789", k=count))
