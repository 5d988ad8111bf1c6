"""The why answers show the tenant's choices about rules, and the duties that remain the owner's."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.integration.api.test_why import an_attempt, why
from tests.support.api import ALWAYS, Api
from tests.support.why_situations import a_contact

WHO = {"person": "Dana Reyes, compliance", "reason": "All of them agreed in writing."}
DAKOTA = "+16055550101"
FLORIDA = "+13055550102"
ALL_DAY = {"calendar": {"windows": [ALWAYS]}}


def in_short(choices: list[dict[str, Any]]) -> list[tuple[str, str, str, str, str]]:
    return [
        (
            choice["rule"]["name"],
            choice["standing"],
            choice["grade"],
            choice["person"],
            choice["reason"],
        )
        for choice in choices
    ]


@pytest.mark.parametrize(
    ("number", "rule", "act", "standing", "grade"),
    [
        (FLORIDA, "us-fl.hours", "override", "overridden", "S"),
        (DAKOTA, "us-sd.hours", "turn-on", "turned_on", "3"),
    ],
)
async def test_a_choice_is_shown_with_person_and_reason(
    api: Api, number: str, rule: str, act: str, standing: str, grade: str
) -> None:
    contact_id = await a_contact(api, number, **ALL_DAY)
    before = await why(api, contact_id)

    await api.ask("PUT", f"/v1/rules/{rule}/{act}", json=WHO)

    after = await why(api, contact_id)
    assert before["choices"] == []
    assert in_short(after["choices"]) == [(rule, standing, grade, WHO["person"], WHO["reason"])]
    [choice] = after["choices"]
    assert datetime.fromisoformat(choice["at"]) <= datetime.now(UTC)
    assert choice["rule"]["source"]


async def test_a_choice_about_other_calls_is_not_shown(api: Api) -> None:
    contact_id = await a_contact(api, FLORIDA, **ALL_DAY)
    await api.ask("PUT", "/v1/rules/us-tx.hours/override", json=WHO)
    await api.ask("PUT", "/v1/rules/us.regf.hours/override", json=WHO)

    assert (await why(api, contact_id))["choices"] == []


async def test_an_attempt_shows_the_choices_of_the_time_when_it_was_claimed(api: Api) -> None:
    contact_id = await a_contact(api, FLORIDA, **ALL_DAY)
    await api.ask("PUT", "/v1/rules/us-fl.hours/override", json=WHO)
    await api.pool.execute(
        "UPDATE tenant_rule_changes SET at = at - interval '1 day' WHERE tenant_id = $1",
        api.tenant_id,
    )
    attempt_id = await an_attempt(api, contact_id, "dropped")
    await api.ask("DELETE", "/v1/rules/us-fl.hours/override")
    await api.pool.execute(
        "UPDATE tenant_rule_changes SET at = $2 WHERE tenant_id = $1 AND at > $3",
        api.tenant_id,
        datetime.now(UTC) + timedelta(hours=1),
        datetime.now(UTC) - timedelta(hours=1),
    )

    answer = await api.get(f"/v1/attempts/{attempt_id}/why")

    assert in_short(answer["choices"]) == [
        ("us-fl.hours", "overridden", "S", WHO["person"], WHO["reason"])
    ]
    assert answer["contact"]["choices"] == []


async def test_duties_in_effect_are_listed_for_the_calls_that_they_are_about(api: Api) -> None:
    recorded = await a_contact(api, FLORIDA, automated=True, **ALL_DAY)
    spoken = await a_contact(api, FLORIDA, automated=False, name="spoken", **ALL_DAY)

    names = [
        {duty["name"] for duty in (await why(api, contact_id))["duties"]}
        for contact_id in (recorded, spoken)
    ]

    assert names[0] - names[1] == {"us.artificial-voice", "us.artificial-voice-mobiles"}
    assert names[1] >= {"us.dnc-copy-31d", "us.dnc-listed", "us-fl.consent"}
    assert "us-tx.registration" not in names[1]
