"""The settings of SmartAlex as the policy of a campaign; each accepted field has an effect."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.api.dialects.smartalex.contacts import NewContact
from services.api.dialects.smartalex.settings import (
    BusinessHours,
    Hours,
    NewCampaign,
    Settings,
    business_hours_of,
    definition_of,
    settings_of,
)
from services.api.dialects.smartalex.webhooks import NewWebhook
from shared.definitions.call import CallTerms
from shared.definitions.campaign import CampaignDefinition
from shared.domain.calendar.calendar import is_open
from shared.domain.outcomes import Outcome
from shared.domain.policy.attempt_policy import History, next_attempt
from shared.domain.policy.rules import CallKind

ENDED = datetime(2026, 11, 27, 12, tzinfo=UTC)
NEW = {"name": "Q1 Outreach", "agent_id": "agent_1"}
HOUR = timedelta(hours=1)
DAY = 24 * HOUR


def a_definition(**parts: Any) -> CampaignDefinition:
    new = NewCampaign.model_validate(NEW | parts)
    return definition_of(new, CallTerms(), agent="renewals", trunk="north")


def retried(outcome: Outcome, attempts: int, **settings: Any) -> timedelta | None:
    """The time from the end of the n-th call to the next one, if all ended so."""
    policy = a_definition(settings=settings).attempts.policy()
    history = History(attempts=attempts, day=ENDED.date(), attempts_on_day=attempts)
    again = next_attempt(policy, history, outcome, zones=("Etc/UTC",), ended_at=ENDED, chance=0.5)
    return None if again is None else again.not_before - ENDED


@pytest.mark.parametrize(
    ("outcomes", "delay", "most"),
    [
        (("machine_no_message", "machine_message_left"), DAY, 3),
        (("no_answer", "declined"), DAY, 3),
        (("busy",), HOUR, 5),
        (("network_error", "overflow"), HOUR / 2, 3),
        (("invalid_number", "unobtainable"), None, 0),
        (("opt_out",), None, 0),
        (("answered_human", "fax", "unknown"), None, 0),
    ],
)
def test_each_row_of_the_table_of_retries(
    outcomes: tuple[str, ...], delay: timedelta | None, most: int
) -> None:
    for outcome in map(Outcome, outcomes):
        # With more retries in all than any row has.
        delays = [retried(outcome, attempts, max_retries=20) for attempts in range(1, 21)]
        assert delays == [delay] * most + [None] * (20 - most), outcome


@pytest.mark.parametrize(("most", "busy"), [(0, 0), (1, 1), (3, 3), (5, 5), (9, 5)])
def test_max_retries_is_a_cap_over_the_table(most: int, busy: int) -> None:
    delays = [retried(Outcome.BUSY, attempts, max_retries=most) for attempts in range(1, 12)]

    assert delays == [HOUR] * busy + [None] * (11 - busy)
    assert a_definition(settings={"max_retries": most}).attempts.max_total == 1 + most


def test_a_call_that_was_asked_for_comes_at_its_time_within_the_budget() -> None:
    policy = a_definition().attempts.policy()
    history = History(attempts=1, day=ENDED.date(), attempts_on_day=1)

    again = next_attempt(
        policy,
        history,
        Outcome.CALLBACK_REQUESTED,
        zones=("Etc/UTC",),
        ended_at=ENDED,
        chance=0.5,
        callback_at=ENDED + 2 * HOUR,
    )

    assert again is not None
    assert again.not_before == ENDED + 2 * HOUR


@pytest.mark.parametrize(
    ("parts", "at", "expected"),
    [
        ({}, "2026-11-28T08:59", False),
        ({}, "2026-11-28T09:00", True),
        ({}, "2026-11-29T16:59", True),
        ({}, "2026-11-29T17:00", False),
        ({"settings": {"timezone": "America/New_York"}}, "2026-11-28T09:00", False),
        ({"settings": {"timezone": "America/New_York"}}, "2026-11-28T14:00", True),
        ({"timezone": "America/New_York"}, "2026-11-28T14:00", True),
        ({"settings": {"calling_hours_end": "24:00"}}, "2026-11-28T23:59", True),
        (
            {"business_hours": {"friday": {"start": "09:00", "end": "10:00"}}},
            "2026-11-27T09:30",
            True,
        ),
        (
            {"business_hours": {"friday": {"start": "09:00", "end": "10:00"}}},
            "2026-11-28T09:30",
            False,
        ),
    ],
)
def test_hours_are_those_of_the_campaigns_zone_on_every_day(
    parts: dict[str, Any], at: str, expected: bool
) -> None:
    definition = a_definition(**parts)
    instant = datetime.fromisoformat(at).replace(tzinfo=UTC)

    # Wherever the contact is.
    for zone in ("Asia/Tokyo", "America/Los_Angeles"):
        assert is_open((definition.calendar.calendar(),), (zone,), at=instant) is expected


def test_the_agent_its_trunk_and_what_follows_a_machine_are_fixed() -> None:
    definition = a_definition()

    assert (definition.agent, definition.trunk) == ("renewals", "north")
    assert definition.machine is not None
    assert definition.machine.action == "hang_up"
    assert definition.default_zone == "UTC"
    assert definition.caps.max_concurrent == 1


def test_which_law_holds_is_a_term_of_the_clients_key() -> None:
    new = NewCampaign.model_validate(NEW)
    terms = CallTerms(kind=CallKind.INFORMATIONAL, automated=False)

    usual, own = (
        definition_of(new, given, agent="renewals", trunk="north") for given in (CallTerms(), terms)
    )

    assert (usual.kind, usual.automated) == (CallKind.SOLICITATION, True)
    assert (own.kind, own.automated) == (CallKind.INFORMATIONAL, False)


def test_a_campaign_that_was_made_in_another_way_has_null_for_what_has_no_word() -> None:
    windows = [
        {"days": ["mon"], "start": "09:00", "end": "12:00"},
        {"days": ["mon"], "start": "13:00", "end": "17:00"},
    ]
    own = CampaignDefinition.model_validate({"name": "own", "calendar": {"windows": windows}})

    assert settings_of(own) == {
        "calling_hours_start": None,
        "calling_hours_end": None,
        "timezone": None,
        "concurrent_calls": None,
        "max_retries": 0,
    }
    assert business_hours_of(own) is None


OPEN = {"start": "10:00", "end": "12:00"}
# Another value than the usual one for each field that a campaign accepts.
CHANGES: dict[type, dict[str, Any]] = {
    NewCampaign: {
        "name": "Q2",
        "description": "Follow up",
        "settings": {"max_retries": 1},
        "timezone": "Europe/Berlin",
        "business_hours": {"monday": OPEN},
    },
    Settings: {
        "calling_hours_start": "10:00",
        "calling_hours_end": "18:00",
        "timezone": "Europe/Berlin",
        "concurrent_calls": 2,
        "max_retries": 2,
    },
    BusinessHours: dict.fromkeys(
        ("tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"), OPEN
    )
    | {"monday": {"enabled": False}},
    Hours: {"enabled": False, "start": "11:00", "end": "13:00"},
}


def _within(model: type, changed: dict[str, Any]) -> dict[str, Any]:
    """The parts of a campaign in which the model stands, with these fields."""
    if model is NewCampaign:
        return changed
    if model is Settings:
        return {"settings": changed}
    days: dict[str, Any] = {"monday": OPEN, "friday": OPEN}
    if model is Hours:
        return {"business_hours": days | {"monday": OPEN | changed}}
    return {"business_hours": days | changed}


@pytest.mark.parametrize(
    ("model", "field"),
    [
        (model, field)
        for model in (NewCampaign, Settings, BusinessHours, Hours)
        for field in model.model_fields
        # Which agent it is, the definition learns from the agent's row.
        if field != "agent_id"
    ],
)
def test_no_field_of_a_campaign_is_without_effect(model: type, field: str) -> None:
    value = CHANGES[model][field]
    if model is BusinessHours and field == "friday":
        value = OPEN | {"end": "13:00"}

    changed = a_definition(**_within(model, {field: value}))

    assert changed != a_definition(**_within(model, {}))


def test_null_is_as_a_field_that_is_left_out() -> None:
    hours = {"monday": OPEN}
    daily = {"calling_hours_start": None, "calling_hours_end": None}

    settings = a_definition(settings=dict.fromkeys(Settings.model_fields))
    by_day = a_definition(business_hours={"monday": OPEN | {"enabled": None}}, settings=daily)

    assert settings == a_definition()
    assert by_day == a_definition(business_hours=hours)


def test_no_field_of_a_contact_is_without_effect() -> None:
    usual = NewContact(phone="+12025550100").entry()

    for field in NewContact.model_fields:
        sent = {"phone": "+12025550100"} | {field: "+12025550101"}
        assert NewContact.model_validate(sent).entry() != usual, field


def test_no_field_of_a_webhook_is_without_effect() -> None:
    # What each leads to is shown on the rows, in tests of the api.
    assert NewWebhook.model_fields.keys() == {
        "url",
        "events",
        "event_types",
        "secret",
        "enabled",
    }
