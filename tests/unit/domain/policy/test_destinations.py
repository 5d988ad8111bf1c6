"""Destinations: costly kinds and countries are refused unless a tenant chose otherwise."""

import phonenumbers
import pytest
from phonenumbers import SUPPORTED_REGIONS, PhoneNumberType

from shared.domain.places.number_kinds import NumberKind
from shared.domain.places.numbers import REMEDIES, PhoneNumber, parse_number
from shared.domain.policy.destinations import COUNTRY_NOT_CALLED, NO_CHOICE, Destinations
from tests.support.numbers import example_numbers

REFUSED = {
    "+19007654321": "premium_rate",
    "+449018790123": "premium_rate",
    "+33897123456": "premium_rate",
    "+979987654321": "premium_rate",
    "+491803123456": "shared_cost",
    "+611300123456": "shared_cost",
    "+447012345679": "personal_number",
    "+15002345678": "personal_number",
    "+878101234567890": "personal_number",
    "+870776123456": "satellite",
    "+881612345678": "satellite",
    "+882162345678": "international_network",
    "+883510012345678": "international_network",
    "+447640123456": "pager",
    # Ordinary numbers, freephone, voice over IP and numbers of companies.
    "+12025550123": None,
    "+447700900123": None,
    "+493012345678": None,
    "+18002345678": None,
    "+80012345678": None,
    "+443012345678": None,
    "+41581234567": None,
    "+252612345678": None,
}


@pytest.mark.parametrize("e164", REFUSED)
def test_costly_kinds_are_refused_by_their_names(e164: str) -> None:
    assert NO_CHOICE.refusal_of(e164) == REFUSED[e164]


def test_an_import_and_a_dial_refuse_the_same_numbers() -> None:
    for _, code, national in example_numbers():
        e164 = f"+{code}{national}"
        read = parse_number(e164, default_region=None)

        if isinstance(read, PhoneNumber) and read.e164 == e164:
            assert NO_CHOICE.refusal(region=read.region, kind=read.kind) == (
                NO_CHOICE.refusal_of(e164)
            )


def test_no_premium_rate_number_of_any_country_is_called() -> None:
    for region in sorted(SUPPORTED_REGIONS):
        number = phonenumbers.example_number_for_type(region, PhoneNumberType.PREMIUM_RATE)
        if number is not None:
            e164 = f"+{number.country_code}{phonenumbers.national_significant_number(number)}"
            assert NO_CHOICE.refusal_of(e164) == "premium_rate", e164


@pytest.mark.parametrize("e164", ["+19114206969", "+14115550123", "+1911", "+44999", "+49112"])
def test_no_choice_allows_emergency_and_short_numbers(e164: str) -> None:
    everything = Destinations(allowed_kinds=frozenset(NumberKind))

    assert everything.refusal_of(e164) == "short_number"


def test_a_number_that_left_its_plan_is_left_to_its_carrier() -> None:
    assert NO_CHOICE.refusal_of("+120255501") is None
    assert NO_CHOICE.refusal_of("+490000000") is None


def test_a_tenant_allows_a_kind() -> None:
    destinations = Destinations(allowed_kinds=frozenset({NumberKind.SHARED_COST}))

    assert destinations.refusal_of("+491803123456") is None
    assert destinations.refusal_of("+449018790123") == "premium_rate"


def test_a_tenant_blocks_countries() -> None:
    destinations = Destinations(countries=frozenset({"SO", "JM"}))

    assert destinations.refusal_of("+252612345678") == COUNTRY_NOT_CALLED
    # Jamaica shares +1 with the United States.
    assert destinations.refusal_of("+18765550123") == COUNTRY_NOT_CALLED
    assert destinations.refusal_of("+12025550123") is None


def test_a_tenant_calls_some_countries_only() -> None:
    destinations = Destinations(countries=frozenset({"GB"}), all_but_these=False)

    assert destinations.refusal_of("+447700900123") is None
    assert destinations.refusal_of("+12025550123") == COUNTRY_NOT_CALLED
    # Jersey shares +44, and is a country of its own.
    assert destinations.refusal_of("+447797712345") == COUNTRY_NOT_CALLED
    assert destinations.refusal_of("+80012345678") == COUNTRY_NOT_CALLED


def test_every_refusal_has_its_remedy() -> None:
    assert {*map(str, NumberKind), COUNTRY_NOT_CALLED, "short_number"} <= set(REMEDIES)
