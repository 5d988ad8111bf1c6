"""Rule packs: their content, how each field is read, and which pack replaces which."""

import json
import tomllib
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from shared.domain.calendar.calendar import Calendar, WeeklyWindow
from shared.domain.calendar.holidays import HolidaySet
from shared.domain.outcomes import Outcome
from shared.domain.policy.frequency import CoolingOff, Event, FrequencyCap, Length, Scope
from shared.domain.policy.rules import (
    AbandonmentLimit,
    CallKind,
    Demand,
    Duty,
    RingTime,
    Rule,
    holds_on,
)
from shared.rulepacks import definition
from shared.rulepacks.faults import RulePackError
from shared.rulepacks.loader import RulePacks, load
from tests.unit.rulepacks.texts import HEAD, HOURS, PACK, RULE, written

HERE = resources.files("shared.rulepacks")


def the_demand(directory: Path, lines: str) -> Demand:
    written(directory, HEAD + RULE + lines)
    rule = load(directory).named("nz.quiet")
    assert rule is not None
    return rule.demand


def of_country(packs: RulePacks, country: str) -> list[Rule]:
    return [rule for rule in packs.rules if rule.pack.startswith(f"{country}@")]


def test_the_packs_of_five_countries_come_with_the_package() -> None:
    packs = load(None)

    assert packs.versions.keys() == {"AU", "CA", "FR", "GB", "US"}
    assert {rule.pack for rule in packs.rules} == {
        f"{country}@{version}" for country, version in packs.versions.items()
    }


def test_every_rule_has_one_name_and_begins_with_its_place() -> None:
    rules = load(None).rules

    assert len({rule.name for rule in rules}) == len(rules)
    assert all(rule.name.startswith(f"{rule.jurisdiction.lower()}.") for rule in rules)


def test_the_stored_schema_is_the_generated_one() -> None:
    """After a wanted change: python -m shared.rulepacks.definition > (this file)"""
    assert json.loads((HERE / "schema.json").read_text()) == definition.schema()


@pytest.mark.parametrize("name", ["au.toml", "ca.toml", "fr.toml", "gb.toml", "us.toml"])
def test_a_pack_that_comes_with_the_package_follows_the_schema(name: str) -> None:
    text = (HERE / name).read_text()

    assert text.startswith("#:schema ./schema.json\n")
    assert schema_faults(text) == []


def schema_faults(text: str) -> list[str]:
    written_down: dict[str, Any] = json.loads(json.dumps(tomllib.loads(text), default=str))
    validator = Draft202012Validator(definition.schema())
    return [error.message for error in validator.iter_errors(written_down)]


@pytest.mark.parametrize(
    "lines",
    [
        "",
        "colour = 1\n" + HOURS,
        HOURS + "ring_seconds = 15\n",
        "duty = false\n",
        'hours = { mon = "9-20" }\n',
        'hours = { monday = "09:00-20:00" }\n',
        "ring_seconds = 0\n",
        "abandonment = { ratio = 3, days = 30 }\n",
    ],
)
def test_an_editor_with_the_schema_sees_what_the_loader_refuses(lines: str, tmp_path: Path) -> None:
    written(tmp_path, HEAD + RULE + lines)

    assert schema_faults(PACK) == []
    assert schema_faults(HEAD + RULE + lines)
    with pytest.raises(RulePackError):
        load(tmp_path)


@pytest.mark.parametrize(
    ("lines", "demand"),
    [
        pytest.param(
            'hours = { sun = "12:00-24:00", mon-tue = "10:00-13:00, 14:00-20:30" }\n'
            'holidays = [{ country = "NZ" }, { country = "NZ", region = "AUK" }]\n',
            Calendar(
                windows=(
                    WeeklyWindow(weekday=0, start=600, end=780),
                    WeeklyWindow(weekday=0, start=840, end=1230),
                    WeeklyWindow(weekday=1, start=600, end=780),
                    WeeklyWindow(weekday=1, start=840, end=1230),
                    WeeklyWindow(weekday=6, start=720, end=1440),
                ),
                holidays=(HolidaySet(country="NZ"), HolidaySet(country="NZ", region="AUK")),
            ),
            id="hours",
        ),
        pytest.param(
            'hours = { sun = "12:00-13:00" }\nholiday_hours = "13:00-14:00, 15:00-24:00"\n'
            'holidays = [{ country = "NZ", days = ["easter-47", "fri>=11-23", "01-08"] }]\n',
            Calendar(
                windows=(WeeklyWindow(weekday=6, start=720, end=780),),
                holidays=(HolidaySet(country="NZ", days=("01-08", "easter-47", "fri>=11-23")),),
                holiday_hours=((780, 840), (900, 1440)),
            ),
            id="hours on holidays",
        ),
        pytest.param("hours = {}\n", Calendar(windows=()), id="no hours"),
        pytest.param(
            'cap = { max_calls = 2, hours = 48, by = "person", ignore = ["busy"] }\n',
            FrequencyCap(
                max_calls=2,
                within=Length(hours=48),
                by=Scope.PERSON,
                ignore=frozenset({Outcome.BUSY}),
            ),
            id="cap",
        ),
        pytest.param(
            'silence = { after = "refusal", local_days = 30, by = "subject" }\n',
            CoolingOff(after=Event.REFUSAL, lasts=Length(local_days=30), by=Scope.SUBJECT),
            id="silence",
        ),
        pytest.param("ring_seconds = 20\n", RingTime(20), id="ring time"),
        pytest.param(
            "abandonment = { ratio = 0.01, days = 7 }\n", AbandonmentLimit(0.01, 7), id="abandoned"
        ),
        pytest.param("duty = true\n", Duty(), id="duty"),
    ],
)
def test_each_demand_is_read_as_its_value(lines: str, demand: Demand, tmp_path: Path) -> None:
    assert the_demand(tmp_path, lines) == demand


def test_all_fields_of_a_rule_are_read(tmp_path: Path) -> None:
    more = (
        "automated_only = true\nverified = false\n"
        "effective_from = 2026-01-01\neffective_until = 2027-01-01\nduty = true\n"
    )
    written(tmp_path, HEAD + RULE + more)

    assert load(tmp_path).named("nz.quiet") == Rule(
        name="nz.quiet",
        pack="NZ@2026-11-21",
        jurisdiction="NZ",
        says="Not before nine.",
        source="a test",
        grade="D",
        demand=Duty(),
        kinds=frozenset({CallKind.SOLICITATION}),
        automated_only=True,
        verified=False,
        effective_from=date(2026, 1, 1),
        effective_until=date(2027, 1, 1),
    )


def test_a_pack_of_an_operator_is_added_to_those_of_the_package(tmp_path: Path) -> None:
    written(tmp_path, PACK)

    packs = load(tmp_path)

    assert packs.versions == {**load(None).versions, "NZ": "2026-11-21"}
    assert [rule.name for rule in of_country(packs, "NZ")] == ["nz.quiet"]


def test_a_pack_of_an_operator_replaces_the_one_of_the_same_country(tmp_path: Path) -> None:
    text = (PACK).replace("NZ", "AU").replace("nz.", "au.")
    written(tmp_path, text.replace("2026-11-21", "2026-12-01"), "ours.toml")

    packs = load(tmp_path)

    assert packs.versions == {**load(None).versions, "AU": "2026-12-01"}
    assert [rule.name for rule in of_country(packs, "AU")] == ["au.quiet"]


def test_of_two_rules_over_time_one_holds_on_each_day() -> None:
    packs = load(None)
    before, now = packs.named("us-pa.hours-before-act-47"), packs.named("us-pa.hours")
    assert before is not None
    assert now is not None

    last, first = date(2026, 10, 17), date(2026, 10, 18)
    assert (holds_on(before, day=last), holds_on(now, day=last)) == (True, False)
    assert (holds_on(before, day=first), holds_on(now, day=first)) == (False, True)
