"""Each rule of hours by its name and source: the last call allowed, the first refused.

Also that no rule is without such a test, and when a rule holds at all.
"""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from shared.domain.calendar.zones import day_start, zone
from shared.domain.policy.rules import Duty
from tests.unit.rulepacks import law_names
from tests.unit.rulepacks.law_hours_abroad import ABROAD
from tests.unit.rulepacks.law_hours_us import UNITED_STATES
from tests.unit.rulepacks.law_limits import ABANDONMENT, CAPS, RING_TIMES, SILENCES
from tests.unit.rulepacks.law_support import (
    DEBT,
    EASTERN,
    MOUNTAIN,
    NOT_BOUND,
    PACIFIC,
    PACKS,
    SALES,
    TICK,
    HoursOfLaw,
    by_name,
    compiled,
    is_open,
    local,
    the_rule,
)

HOURS = UNITED_STATES | ABROAD
QUARTER = timedelta(minutes=15)
MONDAY = date(2026, 11, 16)


def test_the_tables_are_complete() -> None:
    decidable = {rule.name for rule in PACKS.rules if not isinstance(rule.demand, Duty)}
    in_tables = [*HOURS, *CAPS, *SILENCES, *RING_TIMES, *ABANDONMENT]

    assert sorted(in_tables) == sorted(decidable)
    assert {rule.name for rule in PACKS.rules} - decidable == law_names.DUTIES


def test_every_collected_rule_is_in_the_packs() -> None:
    names = {rule.name for rule in PACKS.rules}

    assert len(law_names.COLLECTED) == 56
    assert names == law_names.COLLECTED | law_names.FOUND_SINCE


def test_a_rule_is_off_if_it_was_not_read_or_is_about_some_calls_only() -> None:
    off = {rule.name for rule in PACKS.rules if not rule.verified}
    unread = {rule.name for rule in PACKS.rules if rule.grade in {"3", "K", "design"}}

    assert off == law_names.UNVERIFIED
    assert off - unread == law_names.ABOUT_SOME
    assert unread <= off


def test_every_rule_has_a_sentence_and_a_source_that_is_more_than_a_name() -> None:
    for rule in PACKS.rules:
        assert rule.says.endswith("."), rule.name
        assert len(rule.source) >= 8, rule.name


def days_of(case: HoursOfLaw) -> Iterator[tuple[date, str]]:
    for number, spans in enumerate(case.week):
        yield MONDAY + timedelta(days=number), spans
    for day, spans in case.dates.items():
        yield date.fromisoformat(day), spans


@pytest.mark.parametrize(("name", "case"), by_name(HOURS))
def test_hours_allow_the_last_moment_and_refuse_the_next(name: str, case: HoursOfLaw) -> None:
    rule = the_rule(name, case.source)
    rules = compiled([rule], (case.place,), (case.zone,), kind=case.kinds[0])

    for day, spans in days_of(case):
        if spans == NOT_BOUND:
            continue
        for span in spans.split():
            first, end = (local(f"{day} {time}", case.zone) for time in span.split("-"))
            assert (is_open(rules, first - TICK), is_open(rules, first)) == (False, True), day
            assert (is_open(rules, end - TICK), is_open(rules, end)) == (True, False), day


@pytest.mark.parametrize(("name", "case"), by_name(HOURS))
def test_hours_hold_all_day_long(name: str, case: HoursOfLaw) -> None:
    rule = the_rule(name, case.source)
    rules = compiled([rule], (case.place,), (case.zone,), kind=case.kinds[0])

    for day, spans in days_of(case):
        at, end = day_start(case.zone, day), day_start(case.zone, day + timedelta(days=1))
        while at < end:
            wall = f"{at.astimezone(zone(case.zone)):%H:%M}"
            expected = any(
                opens <= wall < closes for opens, closes in (s.split("-") for s in spans.split())
            )
            assert is_open(rules, at) is expected, f"{day} {wall}"
            at += QUARTER


def test_debt_is_collected_when_all_places_where_the_consumer_may_be_are_open() -> None:
    rule = the_rule("us.regf.hours", HOURS["us.regf.hours"].source)
    zones = (EASTERN, PACIFIC)

    rules = compiled([rule], ("US-CA", "US-NY"), zones, kind=DEBT)

    opens, closes = local("2026-11-23 08:00", PACIFIC), local("2026-11-23 21:00", EASTERN)
    assert (is_open(rules, opens - TICK), is_open(rules, opens)) == (False, True)
    assert (is_open(rules, closes - TICK), is_open(rules, closes)) == (True, False)


def test_rules_of_a_state_hold_beside_those_of_its_country() -> None:
    rules = compiled(PACKS.rules, ("US-NM",), (MOUNTAIN,))

    names = [hours.rule.name for hours in rules.hours if hours.rule]
    assert names == ["us.hours", "us-nm.hours"]
    assert is_open(rules, local("2026-11-23 08:59", MOUNTAIN)) is False
    assert rules.ring_seconds == 15
    assert rules.versions == f"US@{PACKS.versions['US']}"


def test_the_strictest_of_two_states_decides() -> None:
    rules = compiled(PACKS.rules, ("US-CT", "US-KY"), (EASTERN,))

    opens, closes = local("2026-11-23 10:00", EASTERN), local("2026-11-23 20:00", EASTERN)
    assert (is_open(rules, opens - TICK), is_open(rules, opens)) == (False, True)
    assert (is_open(rules, closes - TICK), is_open(rules, closes)) == (True, False)


@pytest.mark.parametrize("name", sorted(law_names.UNVERIFIED - law_names.DUTIES))
def test_an_unverified_rule_is_off_until_it_is_turned_on(name: str) -> None:
    rule = PACKS.named(name)
    assert rule is not None

    for kind in rule.kinds:
        for turned_on in (frozenset[str](), frozenset({name})):
            rules = compiled([rule], (rule.jurisdiction,), ("UTC",), kind=kind, turned_on=turned_on)
            assert rules.versions == (rule.pack if turned_on else "")


@pytest.mark.parametrize("name", sorted(law_names.AUTOMATED))
def test_rules_for_automated_calls_do_not_apply_to_live_speakers(name: str) -> None:
    rule = PACKS.named(name)
    assert rule is not None

    for kind in rule.kinds:
        for automated in (True, False):
            rules = compiled([rule], (rule.jurisdiction,), ("UTC",), kind=kind, automated=automated)
            assert rules.versions == (rule.pack if automated else "")


def test_no_other_rule_is_about_automated_calls_alone() -> None:
    assert {rule.name for rule in PACKS.rules if rule.automated_only} == law_names.AUTOMATED


def test_each_rule_is_about_calls_of_its_kind() -> None:
    tables = HOURS | CAPS | SILENCES
    expected = {name: set(case.kinds) for name, case in tables.items()} | law_names.KINDS

    for rule in PACKS.rules:
        assert rule.kinds == expected.get(rule.name, {SALES}), rule.name
