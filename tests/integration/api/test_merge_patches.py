"""PATCH takes a JSON merge patch as well as whole parts."""

from typing import Any

import httpx2
import pytest

from tests.support.api import Api

HEADERS = {"Content-Type": "application/merge-patch+json"}


async def merge(api: Api, path: str, patch: Any) -> httpx2.Response:
    return await api.ask("PATCH", path, json=patch, headers=HEADERS)


async def definition(api: Api, campaign_id: int) -> Any:
    return (await api.get(f"/v1/campaigns/{campaign_id}"))["definition"]


async def test_a_merge_patch_changes_inside_a_part_and_null_removes(api: Api) -> None:
    campaign_id = await api.campaign(
        caps={"max_concurrent": 50, "calls_per_second": 20}, share={"weight": 5}, subject="loans"
    )
    before = await definition(api, campaign_id)

    patch = {"caps": {"calls_per_second": None}, "share": None, "subject": None, "name": "Other"}
    answer = await merge(api, f"/v1/campaigns/{campaign_id}", patch)

    assert answer.status_code == 200, answer.text
    assert await definition(api, campaign_id) == before | {
        "caps": {"max_concurrent": 50, "calls_per_second": None},
        "share": {"weight": 1, "priority": 0},
        "subject": None,
        "name": "Other",
    }


@pytest.mark.parametrize(
    ("patch", "pointer"),
    [
        ({"name": None}, "/name"),
        ({"calendar": {"windows": None, "dates": None}}, "/calendar"),
        ({"caps": {"max_concurrent": 0}}, "/caps/max_concurrent"),
        ({"caps": {"most": 1}}, "/caps/most"),
        ({"colour": "red"}, "/colour"),
        ([], None),
    ],
)
async def test_what_comes_of_a_merge_patch_is_validated(
    api: Api, patch: Any, pointer: str | None
) -> None:
    campaign_id = await api.campaign()
    before = await definition(api, campaign_id)

    answer = await merge(api, f"/v1/campaigns/{campaign_id}", patch)

    assert answer.status_code == 422, answer.text
    assert (answer.json()["errors"][0].get("pointer") or "").startswith(pointer or "")
    assert await definition(api, campaign_id) == before


async def test_a_step_of_a_call_flow_is_changed_by_itself(api: Api) -> None:
    steps = {
        "hello": {"type": "speak", "text": "Hello.", "next": "end"},
        "end": {"type": "hang_up"},
    }
    made = await api.post(
        "/v1/call-flows",
        {"name": "greeting", "flow": {"start": "hello", "steps": steps}},
        status=201,
    )
    path = f"/v1/call-flows/{made['id']}"

    changed = await merge(api, path, {"flow": {"steps": {"hello": {"text": "Good day."}}}})
    cut = await merge(api, path, {"flow": {"steps": {"end": None}}})

    assert changed.status_code == 200, changed.text
    hello = changed.json()["flow"]["steps"]["hello"]
    assert hello == {"type": "speak", "text": "Good day.", "next": "end"}
    assert changed.json()["version"] == 2
    assert cut.status_code == 422
    assert (await api.get(path))["version"] == 2


async def test_a_state_is_changed_by_a_merge_patch_too(api: Api) -> None:
    number = (await api.post("/v1/caller-ids", {"number": "+12025550100"}, status=201))["number"]

    answer = await merge(api, f"/v1/caller-ids/{number}", {"state": "inactive"})

    assert answer.json()["state"] == "inactive"
