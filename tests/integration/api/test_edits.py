"""Edits replace whole parts of a campaign, are validated like a creation, and are recorded."""

import asyncio
import json
from typing import Any

import pytest

from tests.support.api import ALWAYS, DEFINITION, Api

MONDAYS = {"windows": [{"days": ["mon"], "start": "09:00", "end": "10:00"}]}


async def edit(api: Api, campaign_id: int, body: Any, *, status: int = 200) -> dict[str, Any]:
    response = await api.ask("PATCH", f"/v1/campaigns/{campaign_id}", json=body)
    assert response.status_code == status, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def definition(api: Api, campaign_id: int) -> dict[str, Any]:
    stored: dict[str, Any] = (await api.get(f"/v1/campaigns/{campaign_id}"))["definition"]
    return stored


async def trace(api: Api) -> list[dict[str, Any]]:
    rows = await api.pool.fetch(
        "SELECT definition FROM campaign_edits WHERE api_key_id IS NOT NULL ORDER BY id"
    )
    return [json.loads(row["definition"]) for row in rows]


PARTS: list[dict[str, Any]] = [
    {"name": "Another name"},
    {"calendar": MONDAYS},
    {"attempts": {"max_total": 2, "retry": {"busy": {"delay_seconds": 60}}}},
    {"caps": {"max_concurrent": 3}},
    {"share": {"weight": 7, "priority": 2}},
    {"frequency_caps": [{"max_calls": 1, "hours": 24}]},
    {"silences": [{"after": "conversation", "hours": 24}]},
    {"subject": "loans"},
    {"kind": "informational"},
    {"automated": False},
    {"ring_seconds": 30},
    {"default_zone_windows": [ALWAYS]},
]


async def test_each_part_replaces_the_one_before_and_leaves_the_others(api: Api) -> None:
    campaign_id = await api.campaign(default_zone="Europe/London", caps={"calls_per_second": 5})
    before = await definition(api, campaign_id)

    for part in PARTS:
        answer = await edit(api, campaign_id, part)
        after = await definition(api, campaign_id)
        [name] = part
        assert answer["definition"] == after
        assert {key for key in after if after[key] != before[key]} == {name}
        before = after

    assert before["caps"] == {"max_concurrent": 3, "calls_per_second": None}
    assert (await api.get(f"/v1/campaigns/{campaign_id}"))["name"] == "Another name"
    assert [edit["ring_seconds"] for edit in (await trace(api))[-3:]] == [None, 30, 30]
    assert len(await trace(api)) == len(PARTS)


async def test_null_removes_an_optional_part(api: Api) -> None:
    campaign_id = await api.campaign(ring_seconds=30, subject="loans")

    await edit(api, campaign_id, {"ring_seconds": None, "subject": None})

    after = await definition(api, campaign_id)
    assert (after["ring_seconds"], after["subject"]) == (None, None)


@pytest.mark.parametrize("body", [{}, {"name": DEFINITION["name"]}, {"caps": {}}])
async def test_an_edit_without_a_change_is_not_recorded(api: Api, body: dict[str, Any]) -> None:
    campaign_id = await api.campaign()

    await edit(api, campaign_id, body)

    assert await trace(api) == []


@pytest.mark.parametrize(
    "fixed", ["trunk", "caller_id", "call_flow", "default_region", "default_zone", "webhook"]
)
async def test_a_fixed_field_is_refused_by_its_name(api: Api, fixed: str) -> None:
    campaign_id = await api.campaign()

    answer = await edit(api, campaign_id, {"name": "x", fixed: None}, status=422)

    [error] = answer["errors"]
    assert error["pointer"] == f"/{fixed}"
    assert (error["reason"], error["detail"]) == (
        "not_editable",
        "cannot be changed after creation",
    )


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"name": " "}, "/name"),
    ({"name": None}, "/name"),
    ({"name": "a\x00b"}, "/name"),
    ({"calendar": None}, "/calendar"),
    ({"calendar": {"windows": []}}, "/calendar/windows"),
    (
        {"calendar": {"windows": [MONDAYS["windows"][0] | {"end": "09:00"}]}},
        "/calendar/windows/0/end",
    ),
    ({"calendar": MONDAYS | {"end_date": "2020-02-01"}}, "/calendar/end_date"),
    (
        {"calendar": MONDAYS | {"start_date": "2030-02-05", "end_date": "2030-02-06"}},
        "/calendar/windows",
    ),
    ({"attempts": {"max_total": 1, "max_per_day": 2}}, "/attempts/max_per_day"),
    ({"caps": {"max_concurrent": 0}}, "/caps/max_concurrent"),
    ({"subject": "Not A Subject"}, "/subject"),
    ({"kind": "begging"}, "/kind"),
    ({"ring_seconds": 1}, "/ring_seconds"),
    ({"default_zone_windows": [ALWAYS]}, "/default_zone_windows"),
    (
        {"frequency_caps": [{"max_calls": 3, "hours": 24}, {"max_calls": 2, "hours": 48}]},
        "/frequency_caps",
    ),
    ({"colour": "red"}, "/colour"),
]


@pytest.mark.parametrize(("body", "pointer"), WRONG)
async def test_an_invalid_whole_is_refused_by_its_field(
    api: Api, body: dict[str, Any], pointer: str
) -> None:
    campaign_id = await api.campaign()
    before = await definition(api, campaign_id)

    answer = await edit(api, campaign_id, body, status=422)

    assert [error["pointer"] for error in answer["errors"]] == [pointer]
    assert await definition(api, campaign_id) == before
    assert await trace(api) == []


async def test_a_campaign_whose_dates_are_over_can_still_be_renamed(api: Api) -> None:
    campaign_id = await api.campaign()
    await api.pool.execute(
        """
        UPDATE campaigns
        SET definition = jsonb_set(definition, '{calendar,end_date}', '"2020-01-01"')
        """
    )

    await edit(api, campaign_id, {"name": "Over"})


@pytest.mark.parametrize(
    "change",
    [
        "wanted_state = 'cancelled'",
        "wanted_state = 'running', state = 'completed', started_at = now(), ended_at = now()",
    ],
)
async def test_an_ended_campaign_is_not_edited(api: Api, change: str) -> None:
    campaign_id = await api.campaign()
    await api.pool.execute("UPDATE campaigns SET " + change)

    answer = await edit(api, campaign_id, {"name": "x"}, status=409)

    assert answer["code"] == "campaign_ended"


async def test_an_object_of_another_tenant_is_not_found(api: Api) -> None:
    campaign_id = await api.campaign()

    await edit(await api.another(), campaign_id, {"name": "x"}, status=404)


async def test_edits_of_two_parts_at_once_are_both_kept(api: Api) -> None:
    campaign_id = await api.campaign()

    await asyncio.gather(
        edit(api, campaign_id, {"caps": {"max_concurrent": 3}}),
        edit(api, campaign_id, {"ring_seconds": 30}),
        edit(api, campaign_id, {"share": {"weight": 7}}),
    )

    after = await definition(api, campaign_id)
    assert after["caps"]["max_concurrent"] == 3
    assert after["ring_seconds"] == 30
    assert after["share"]["weight"] == 7
