"""Why a group can never be called (windows, law, zones), and the smallest change that helps."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest

from shared.definitions.campaign import CampaignDefinition
from shared.definitions.words import unreachable_text
from shared.domain.calendar.calendar import Calendar, WeeklyWindow
from shared.domain.decision.reachability import unreachable
from shared.domain.places.calling_groups import CallingGroup
from shared.domain.policy.calling_rules import CallingRules, TenantRules, calling_rules
from shared.domain.policy.rules import CallKind, Rule
from shared.domain.reasons import Reason
from shared.rulepacks import loader

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
EVENINGS = {"windows": [{"days": ["mon", "tue"], "start": "18:00", "end": "21:00"}]}


def rules(
    calendar: dict[str, Any],
    *zones: str,
    places: tuple[str, ...] = ("US-NY",),
    source: str = "number",
    added: Sequence[Rule] = (),
    **campaign: Any,
) -> CallingRules:
    definition = CampaignDefinition.model_validate(
        {"name": "test", "calendar": calendar, **campaign}
    )
    group = CallingGroup(
        zones=zones, source=source, jurisdictions=places, jurisdiction_source="number"
    )
    tenant = TenantRules(added=tuple(added))
    return calling_rules(definition.rules(), tenant, loader.load(None).rules, group)


def test_a_group_that_can_be_called_is_not_unreachable() -> None:
    assert unreachable(rules(EVENINGS, "America/New_York"), now=NOW) is None


def test_a_group_without_a_zone_is_never_called() -> None:
    result = unreachable(rules(EVENINGS), now=NOW)

    assert result is not None
    assert result.reason is Reason.UNKNOWN_ZONE


def test_an_end_date_that_is_over_is_reported() -> None:
    over = EVENINGS | {"end_date": "2026-11-20"}
    result = unreachable(rules(over, "America/New_York"), now=NOW)

    assert result is not None
    assert (result.reason, result.rules) == (Reason.ENDED, ())
    assert "end_date 2026-11-20" in unreachable_text(result)


def test_zones_that_are_never_open_at_once_are_reported() -> None:
    result = unreachable(rules(EVENINGS, "America/New_York", "Asia/Tokyo"), now=NOW)

    assert result is not None
    assert result.reason is Reason.ZONES
    assert "in all of America/New_York, Asia/Tokyo at once" in unreachable_text(result)


def test_law_without_any_hour_is_reported_by_its_rule() -> None:
    recorded = rules(EVENINGS, "America/Los_Angeles", places=("US-WA",), automated=True)
    spoken = rules(EVENINGS, "America/Los_Angeles", places=("US-WA",), automated=False)

    result = unreachable(recorded, now=NOW)

    assert unreachable(spoken, now=NOW) is None
    assert result is not None
    assert (result.reason, [rule.name for rule in result.rules]) == (Reason.LAW, ["us-wa.adad"])
    assert unreachable_text(result).endswith("inside us-wa.adad; the law's are none")


def test_default_zone_hours_that_leave_none_are_reported() -> None:
    result = unreachable(
        rules(
            EVENINGS,
            "America/New_York",
            source="campaign",
            default_zone="America/New_York",
            default_zone_windows=[{"days": ["mon"], "start": "10:00", "end": "12:00"}],
        ),
        now=NOW,
    )

    assert result is not None
    assert result.reason is Reason.DEFAULT_ZONE_WINDOWS
    assert unreachable_text(result).endswith("those are Mon 10:00-12:00")


@pytest.mark.parametrize(
    ("windows", "change"),
    [
        (
            [{"days": ["mon", "tue"], "start": "18:00", "end": "21:00"}],
            "let the window of Mon 18:00-21:00 begin before 18:00",
        ),
        (
            [{"days": ["wed"], "start": "06:00", "end": "08:30"}],
            "let the window of Wed 06:00-08:30 end after 09:00",
        ),
        (
            [{"days": ["sun"], "start": "10:00", "end": "12:00"}],
            "add a window on one of Mon-Sat",
        ),
        (
            [{"days": ["fri"], "start": "22:00", "end": "08:00", "crosses_midnight": True}],
            "let the window of Sat 00:00-08:00 end after 10:00",
        ),
    ],
)
def test_law_without_a_common_hour_is_reported_with_hours_and_smallest_change(
    windows: list[dict[str, Any]], change: str
) -> None:
    result = unreachable(
        rules({"windows": windows}, "America/New_York", places=("US-RI",)), now=NOW
    )

    assert result is not None
    assert result.reason is Reason.LAW
    assert result.rules[0].name == "us-ri.hours"
    assert unreachable_text(result) == (
        "no hour of the campaign's windows is inside us-ri.hours; the law's are "
        "Mon-Fri 09:00-18:00, Sat 10:00-17:00, except on holidays of US and US-RI "
        f"(with 05-04, Tue from 11-02); the smallest change: {change}"
    )


def test_a_holiday_as_the_only_date_asks_for_other_dates() -> None:
    thanksgiving = {
        "dates": [{"date": "2026-11-26", "windows": [{"start": "10:00", "end": "12:00"}]}]
    }
    result = unreachable(rules(thanksgiving, "America/New_York", places=("US-RI",)), now=NOW)

    assert result is not None
    assert result.reason is Reason.LAW
    assert unreachable_text(result).endswith(
        "choose a date in dates that the law allows, or add weekly windows"
    )


def test_an_end_on_a_sunday_asks_for_a_later_one() -> None:
    weekend = {
        "windows": [{"days": ["mon", "sun"], "start": "10:00", "end": "12:00"}],
        "start_date": "2026-11-28",
        "end_date": date(2026, 11, 29).isoformat(),
    }
    result = unreachable(rules(weekend, "America/New_York", places=("US-RI",)), now=NOW)

    assert result is not None
    assert unreachable_text(result).endswith(
        "the smallest change: a later end_date than 2026-11-29"
    )


def test_rules_that_only_together_leave_no_hour_are_all_reported() -> None:
    halves = [a_rule("own.mornings", 540, 720), a_rule("own.afternoons", 720, 900)]
    day = {"windows": [{"days": ["mon"], "start": "09:00", "end": "15:00"}]}
    result = unreachable(
        rules(day, "America/New_York", kind="informational", added=halves), now=NOW
    )

    assert result is not None
    assert [rule.name for rule in result.rules] == ["own.mornings", "own.afternoons"]
    assert unreachable_text(result) == (
        "no hour of the campaign's windows is inside all of own.mornings, own.afternoons; the "
        "law's are own.mornings: Mon 09:00-12:00; own.afternoons: Mon 12:00-15:00"
    )


def a_rule(name: str, start: int, end: int) -> Rule:
    return Rule(
        name=name,
        pack="own",
        jurisdiction="US",
        says="",
        source="",
        demand=Calendar(windows=(WeeklyWindow(weekday=0, start=start, end=end),)),
        kinds=frozenset({CallKind.INFORMATIONAL}),
    )
