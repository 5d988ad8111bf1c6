"""Rules that ask for all places: hours where the number may be and where the address is."""

from datetime import datetime

import pytest

from shared.domain.decision.details import HoursDetail
from shared.domain.decision.gates import NEW_CONTACT, first_block
from shared.domain.places import tables
from shared.domain.places.address import Address
from shared.domain.places.calling_groups import CallingGroup, calling_group, unread_number_zones
from shared.domain.places.numbers import PhoneNumber, parse_number
from shared.domain.policy.calling_rules import (
    CallingRules,
    CampaignRules,
    TenantRules,
    calling_rules,
)
from shared.domain.policy.rules import CallKind
from shared.rulepacks.definition import RuleDefinition
from tests.unit.rulepacks.law_support import (
    ALWAYS,
    DEBT,
    EASTERN,
    NOTICE,
    PACIFIC,
    PACKS,
    TICK,
    is_open,
    local,
)

NEW_YORKER, FREEPHONE = "+12125552671", "+18005551234"
LOS_ANGELES = Address(postal_code="90210")


def group_of(number: str, address: Address) -> CallingGroup:
    parsed = parse_number(number, default_region=None)
    assert isinstance(parsed, PhoneNumber)
    group = calling_group(parsed, address=address, default_zone=None)
    assert isinstance(group, CallingGroup)
    return group


def rules_of(
    kind: CallKind,
    number: str = NEW_YORKER,
    address: Address = LOS_ANGELES,
    *,
    automated: bool = False,
) -> CallingRules:
    campaign = CampaignRules(kind=kind, automated=automated, subject="debt 1", calendar=ALWAYS)
    return calling_rules(campaign, TenantRules(), PACKS.rules, group_of(number, address))


def opening_of(rules: CallingRules, day: str) -> tuple[datetime, datetime]:
    span = rules.opening(now=local(f"{day} 00:00", EASTERN))
    assert span is not None
    return span.opens_at, span.closes_at


@pytest.mark.parametrize(
    ("address", "source"),
    [
        (LOS_ANGELES, "postal_code"),
        (Address(zone=PACIFIC), "contact"),
        (Address(region="CA"), "contact"),
    ],
)
def test_a_debtor_is_called_while_number_and_address_are_both_in_the_hours(
    address: Address, source: str
) -> None:
    rules = rules_of(DEBT, address=address)

    opens, closes = local("2026-11-23 08:00", PACIFIC), local("2026-11-23 21:00", EASTERN)
    assert (is_open(rules, opens - TICK), is_open(rules, opens)) == (False, True)
    assert (is_open(rules, closes - TICK), is_open(rules, closes)) == (True, False)
    block = first_block(rules, NEW_CONTACT, now=closes)
    assert block is not None
    assert block.rule is not None
    assert block.rule.name == "us.regf.hours"
    assert block.detail == HoursDetail((PACIFIC, EASTERN), f"{source}+number")


def test_the_summer_time_of_both_places_counts() -> None:
    """On the night of 1 November both clocks go back, Eastern ones three hours before."""
    rules = rules_of(DEBT)

    assert opening_of(rules, "2026-11-01") == (
        local("2026-11-01 08:00", PACIFIC),
        local("2026-11-01 21:00", EASTERN),
    )


def test_recorded_calls_to_a_californian_number_keep_californian_time_elsewhere_too() -> None:
    new_york = Address(postal_code="10001")

    rules = rules_of(NOTICE, "+12135552671", new_york, automated=True)

    assert opening_of(rules, "2026-11-23") == (
        local("2026-11-23 09:00", PACIFIC),
        local("2026-11-23 21:00", EASTERN),
    )


def test_other_calls_go_by_the_address() -> None:
    rules = rules_of(NOTICE)

    assert is_open(rules, local("2026-11-23 23:00", EASTERN))
    assert all(hours.calendar.also_in == () for hours in rules.hours)


def test_the_campaigns_own_hours_go_by_the_address_also_for_debt() -> None:
    own, *law = rules_of(DEBT).hours

    assert own.calendar.also_in == ()
    assert {hours.calendar.also_in for hours in law} == {(EASTERN,)}


@pytest.mark.parametrize(
    ("number", "address", "zones", "number_zones"),
    [
        (NEW_YORKER, LOS_ANGELES, (PACIFIC,), (EASTERN,)),
        (NEW_YORKER, Address(zone=PACIFIC), (PACIFIC,), (EASTERN,)),
        (NEW_YORKER, Address(), (EASTERN,), ()),
        (NEW_YORKER, Address(postal_code="10001"), (EASTERN,), ()),
        # A freephone number is in no place, so it narrows nothing.
        (FREEPHONE, LOS_ANGELES, (PACIFIC,), ()),
        ("+80012345678", Address(zone=PACIFIC), (PACIFIC,), ()),
        ("+4930123456", Address(country="US", region="CA"), (PACIFIC,), ("Europe/Berlin",)),
    ],
)
def test_a_group_knows_the_zones_of_its_numbers_that_the_address_lacks(
    number: str, address: Address, zones: tuple[str, ...], number_zones: tuple[str, ...]
) -> None:
    group = group_of(number, address)

    assert (group.zones, group.number_zones) == (zones, number_zones)


@pytest.mark.parametrize(
    ("zones", "source", "jurisdictions", "number_zones"),
    [
        ((PACIFIC,), "postal_code", ("US-CA", "US-NY"), (EASTERN,)),
        ((PACIFIC,), "contact", ("US-CA", "US-FL"), ("America/Chicago", EASTERN)),
        ((PACIFIC,), "contact", ("DE", "US-CA"), ("Europe/Berlin",)),
        ((PACIFIC,), "postal_code", ("US-CA",), ()),
        # A freephone number, and zones that are those of the number or of no one.
        ((PACIFIC,), "contact", ("US",), ()),
        ((EASTERN,), "number", ("US-FL",), ()),
        ((EASTERN,), "campaign", ("001",), ()),
        ((), "unknown", ("US-CA", "US-NY"), ()),
    ],
)
def test_a_number_that_was_not_read_may_be_anywhere_in_the_places_of_its_group(
    zones: tuple[str, ...],
    source: str,
    jurisdictions: tuple[str, ...],
    number_zones: tuple[str, ...],
) -> None:
    assert unread_number_zones(zones, source, jurisdictions) == number_zones


def test_the_places_of_each_area_code_have_all_its_zones() -> None:
    for prefix, place in tables.prefixes().items():
        if prefix.startswith("+1"):
            known = unread_number_zones(("UTC",), "contact", place.jurisdictions)
            assert set(place.zones) <= set(known), prefix


def test_an_address_without_a_zone_stays_without_one() -> None:
    group = CallingGroup(
        zones=(),
        source="unknown",
        jurisdictions=("US",),
        jurisdiction_source="number",
        number_zones=(EASTERN,),
    )
    campaign = CampaignRules(kind=DEBT, automated=False, subject="", calendar=ALWAYS)

    rules = calling_rules(campaign, TenantRules(), PACKS.rules, group)

    assert rules.opening(now=local("2026-11-23 12:00", EASTERN)) is None


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ({"duty": True, "places": "all"}, "places belongs to hours"),
        ({"hours": {"mon": "08:00-21:00"}, "places": "any"}, "Input should be 'all'"),
    ],
)
def test_a_wrong_flag_is_refused(written: dict[str, object], text: str) -> None:
    rule = {
        "name": "us.test",
        "jurisdiction": "US",
        "says": "a rule",
        "source": "a law",
        "grade": "D",
        "kinds": ["debt_collection"],
    }

    with pytest.raises(ValueError, match=text):
        RuleDefinition.model_validate(rule | written)
