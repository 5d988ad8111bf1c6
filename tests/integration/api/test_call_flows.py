"""Call flows of a tenant are made in versions, and campaigns play them; preflight looks ahead."""

from copy import deepcopy
from typing import Any

import pytest

from tests.support.api import DEFINITION, Api
from tests.support.call_flows import SILENT_SURVEY

LEAVES = {"action": "leave_message"}


async def a_flow(api: Api, name: str = "survey", flow: dict[str, Any] = SILENT_SURVEY) -> int:
    made = await api.post("/v1/call-flows", {"name": name, "flow": flow}, status=201)
    return int(made["id"])


async def patch(api: Api, flow_id: int, flow: dict[str, Any], *, status: int = 200) -> Any:
    response = await api.ask("PATCH", f"/v1/call-flows/{flow_id}", json={"flow": flow})
    assert response.status_code == status, response.text
    return response.json()


async def delete(api: Api, flow_id: int) -> tuple[int, str | None]:
    response = await api.ask("DELETE", f"/v1/call-flows/{flow_id}")
    return response.status_code, response.json()["code"] if response.content else None


def greeting(text: str) -> dict[str, Any]:
    return {
        "start": "hello",
        "steps": {
            "hello": {"type": "speak", "text": text, "next": "end"},
            "end": {"type": "hang_up"},
        },
    }


async def version_of(api: Api, campaign_id: int) -> int | None:
    version: int | None = (await api.get(f"/v1/campaigns/{campaign_id}"))["call_flow_version"]
    return version


async def played(api: Api, campaign_id: int) -> str | None:
    """The definition that the dialer reads for the campaign."""
    text: str | None = await api.pool.fetchval(
        "SELECT call_flow FROM campaign_terms WHERE tenant_id = $1 AND id = $2",
        api.tenant_id,
        campaign_id,
    )
    return text


async def started(api: Api, campaign_id: int) -> None:
    await api.import_csv(campaign_id, b"number\n+12125550101\n")
    await api.post(f"/v1/campaigns/{campaign_id}/start", status=202)


async def test_a_flow_is_read_as_it_was_written(api: Api) -> None:
    flow_id = await a_flow(api)

    found = await api.get(f"/v1/call-flows/{flow_id}")

    assert (found["name"], found["version"]) == ("survey", 1)
    assert list(found["flow"]["steps"]) == list(SILENT_SURVEY["steps"])
    assert found["flow"]["steps"]["confirmed"] == SILENT_SURVEY["steps"]["confirmed"]
    assert await api.get("/v1/call-flows") == {"call_flows": [found], "next_cursor": None}


async def test_a_change_is_a_new_version_and_the_old_one_stays(api: Api) -> None:
    flow_id = await a_flow(api, flow=greeting("Hello."))

    changed = await patch(api, flow_id, greeting("Good day."))
    same = await patch(api, flow_id, greeting("Good day."))

    assert (changed["version"], same["version"]) == (2, 2)
    assert (await api.get(f"/v1/call-flows/{flow_id}"))["version"] == 2
    first = await api.get(f"/v1/call-flows/{flow_id}/versions/1")
    assert first["flow"]["steps"]["hello"]["text"] == "Hello."
    page = await api.get(f"/v1/call-flows/{flow_id}/versions?limit=1")
    rest = await api.get(f"/v1/call-flows/{flow_id}/versions?limit=1&cursor={page['next_cursor']}")
    assert [page["versions"][0]["version"], rest["versions"][0]["version"]] == [2, 1]
    await api.get(f"/v1/call-flows/{flow_id}/versions/3", status=404)


async def test_a_faulty_flow_is_refused_with_the_place_of_each_fault(api: Api) -> None:
    flow = deepcopy(SILENT_SURVEY)
    flow["steps"]["menu"]["otherwise"] = "nowhere"
    flow["steps"]["voicemail"]["text"] = "{{town}}"

    refused = await api.post("/v1/call-flows", {"name": "survey", "flow": flow}, status=422)

    assert {error["pointer"] for error in refused["errors"]} == {
        "/flow/steps/menu/otherwise",
        "/flow/steps/voicemail/text",
    }
    flow = greeting("Hello.") | {"steps": {"hello": {"type": "sing"}}}
    refused = await api.post("/v1/call-flows", {"name": "survey", "flow": flow}, status=422)
    assert [error["pointer"] for error in refused["errors"]] == ["/flow/steps/hello/type"]


async def test_a_number_out_of_its_bounds_is_refused_with_the_bound(api: Api) -> None:
    flow = {"start": "end", "steps": {"end": {"type": "gather", "text": "Press 1.", "seconds": 0}}}

    problem = await api.post("/v1/call-flows", {"name": "survey", "flow": flow}, status=422)

    (fault,) = (each for each in problem["errors"] if each["field"] == "seconds")
    assert (fault["reason"], fault["detail"]) == ("greater_than_equal", "must be 1 or more")


async def test_a_name_is_taken_until_its_flow_is_deleted(api: Api) -> None:
    flow_id = await a_flow(api)
    body = {"name": "survey", "flow": SILENT_SURVEY}

    taken = await api.post("/v1/call-flows", body, status=422)
    assert taken["errors"][0]["reason"] == "name_taken"
    assert await delete(api, flow_id) == (204, None)
    assert await delete(api, flow_id) == (404, "not_found")
    assert await a_flow(api) != flow_id
    await api.get(f"/v1/call-flows/{flow_id}", status=404)
    assert (await api.get(f"/v1/call-flows/{flow_id}/versions/1"))["name"] == "survey"


async def test_a_flow_of_another_tenant_does_not_exist(api: Api) -> None:
    flow_id, other = await a_flow(api), await api.another()

    for path in ("", "/versions", "/versions/1"):
        await other.get(f"/v1/call-flows/{flow_id}{path}", status=404)
    await patch(other, flow_id, SILENT_SURVEY, status=404)
    assert await delete(other, flow_id) == (404, "not_found")
    assert (await other.get("/v1/call-flows"))["call_flows"] == []
    await other.post("/v1/campaigns", a_campaign(call_flow={"name": "survey"}), status=422)
    await a_flow(other)


def a_campaign(**changes: Any) -> dict[str, Any]:
    return DEFINITION | changes


@pytest.mark.parametrize(
    "call_flow", [{"name": "no such"}, {"name": "survey", "version": 2}], ids=["name", "version"]
)
async def test_an_unknown_flow_is_refused_where_it_is_said_to_be_the_tenants(
    api: Api, call_flow: dict[str, Any]
) -> None:
    await a_flow(api)

    refused = await api.post("/v1/campaigns", a_campaign(call_flow=call_flow), status=422)

    [error] = refused["errors"]
    assert (error["pointer"], error["reason"]) == ("/call_flow/name", "unknown_call_flow")


async def test_a_text_is_a_flow_that_the_provider_knows(api: Api) -> None:
    await a_flow(api)

    campaign_id = await api.campaign(call_flow="survey", machine=LEAVES)
    await started(api, campaign_id)

    assert await version_of(api, campaign_id) is None
    assert await played(api, campaign_id) is None


async def test_a_campaign_keeps_the_version_that_was_the_newest_at_its_start(api: Api) -> None:
    flow_id = await a_flow(api, flow=greeting("One."))
    draft = await api.campaign(call_flow={"name": "survey"})
    running = await api.campaign(call_flow={"name": "survey"})
    fixed = await api.campaign(call_flow={"name": "survey", "version": 1})

    await patch(api, flow_id, greeting("Two."))
    await started(api, running)
    await patch(api, flow_id, greeting("Three."))
    await started(api, fixed)

    assert [await version_of(api, each) for each in (draft, running, fixed)] == [None, 2, 1]
    for campaign_id, word in ((draft, "Three."), (running, "Two."), (fixed, "One.")):
        assert word in (await played(api, campaign_id) or "")


async def test_a_draft_is_judged_anew_when_its_flow_changes(api: Api) -> None:
    flow_id = await a_flow(api, flow=greeting("One."))
    draft = await api.campaign(call_flow={"name": "survey"})
    other = await api.campaign()

    await patch(api, flow_id, greeting("Two."))

    rows = await api.pool.fetch("SELECT id, revision FROM campaigns")
    assert {row["id"]: row["revision"] for row in rows} == {draft: 1, other: 0}


async def test_a_flow_that_a_campaign_plays_is_not_deleted(api: Api) -> None:
    flow_id = await a_flow(api)
    campaign_id = await api.campaign(call_flow={"name": "survey"})

    assert await delete(api, flow_id) == (409, "call_flow_in_use")
    await api.ask("DELETE", f"/v1/campaigns/{campaign_id}")
    assert await delete(api, flow_id) == (204, None)


async def test_the_flow_of_a_draft_can_be_replaced_and_taken_away(api: Api) -> None:
    await a_flow(api)
    await a_flow(api, "other", greeting("Hello."))
    campaign_id = await api.campaign(call_flow={"name": "survey"})

    async def edit(call_flow: object, *, status: int = 200) -> None:
        path = f"/v1/campaigns/{campaign_id}"
        response = await api.ask("PATCH", path, json={"call_flow": call_flow})
        assert response.status_code == status, response.text

    await edit({"name": "other"})
    assert "Hello." in (await played(api, campaign_id) or "")
    await edit(None)
    assert await played(api, campaign_id) is None
    await edit({"name": "no such"}, status=422)
    await edit({"name": "survey"})
    await started(api, campaign_id)
    await edit({"name": "other"}, status=422)
    assert await version_of(api, campaign_id) == 1


async def test_a_message_is_left_only_where_the_flow_has_one(api: Api) -> None:
    flow_id = await a_flow(api, flow=greeting("Hello."))

    for call_flow, pointer in ((None, "/machine"), ({"name": "survey"}, "/machine/action")):
        body = a_campaign(call_flow=call_flow, machine=LEAVES)
        refused = await api.post("/v1/campaigns", body, status=422)
        assert [error["pointer"] for error in refused["errors"]] == [pointer]
    await patch(api, flow_id, SILENT_SURVEY)
    campaign_id = await api.campaign(call_flow={"name": "survey"}, machine=LEAVES)
    await patch(api, flow_id, greeting("Hello."))
    await api.import_csv(campaign_id, b"number\n+12125550101\n")

    refused = await api.post(f"/v1/campaigns/{campaign_id}/start", status=422)

    assert refused["errors"][0]["reason"] == "no_message"
    assert (await api.get(f"/v1/campaigns/{campaign_id}"))["wanted_state"] == "draft"


async def test_preflight_counts_and_names_contacts_that_lack_a_variable(api: Api) -> None:
    flow = greeting("{{first_name}}, {{town}}, {{external_id}}, {{number}}")
    flow["variables"] = {"first_name": {"default": "you"}, "town": {}}
    await a_flow(api, flow=flow)
    campaign_id = await api.campaign(call_flow={"name": "survey"})
    rows = b"number,external_id,town\n+12125550101,a,Bath\n+12125550102,,York\n+12125550103,,\n"
    await api.import_csv(campaign_id, rows)

    forecast = await api.post(f"/v1/campaigns/{campaign_id}/preflight", status=200)

    ids = {
        row["number"]: row["id"]
        for row in await api.pool.fetch("SELECT id, number FROM contacts ORDER BY number")
    }
    assert forecast["missing_variables"] == [
        {"contact_id": ids["+12125550102"], "variables": ["external_id"]},
        {"contact_id": ids["+12125550103"], "variables": ["external_id", "town"]},
    ]
    [never] = [entry for entry in forecast["never"] if entry["reason"] == "missing_variable"]
    assert never["contacts"] == 2


async def test_why_names_the_variables_that_a_contact_lacks(api: Api) -> None:
    flow = greeting("{{town}}") | {"variables": {"town": {}}}
    await a_flow(api, flow=flow)
    campaign_id = await api.campaign(call_flow={"name": "survey"})
    await api.import_csv(campaign_id, b"number,town\n+12125550101,Bath\n+12125550102,\n")

    found = {}
    for row in await api.pool.fetch("SELECT id, number FROM contacts"):
        why = await api.get(f"/v1/contacts/{row['id']}/why")
        found[row["number"]] = [
            block["detail"] for block in why["blocks"] if block["gate"] == "missing_variable"
        ]

    assert found == {"+12125550101": [], "+12125550102": [{"variables": "town"}]}
