"""Agents of a tenant: at the provider of a trunk, and named by campaigns over that trunk."""

from typing import Any

import pytest

from tests.support.api import DEFINITION, Api

AGENT = {
    "name": "renewals",
    "kind": "assistant",
    "provider_agent_id": "asst_8f1c",
    "trunk": "default",
}


async def an_agent(api: Api, **parts: Any) -> int:
    added = await api.post("/v1/agents", AGENT | parts, status=201)
    return int(added["id"])


async def delete(api: Api, agent_id: int) -> tuple[int, str | None]:
    response = await api.ask("DELETE", f"/v1/agents/{agent_id}")
    return response.status_code, response.json()["code"] if response.content else None


async def refused(api: Api, **parts: Any) -> tuple[str, str]:
    problem = await api.post("/v1/campaigns", DEFINITION | parts, status=422)
    [error] = problem["errors"]
    return error["pointer"], error["reason"]


async def test_an_agent_is_read_as_it_was_added_and_switched(api: Api) -> None:
    agent_id = await an_agent(api)

    added = await api.get(f"/v1/agents/{agent_id}")
    body = {"state": "inactive"}
    switched = (await api.ask("PATCH", f"/v1/agents/{agent_id}", json=body)).json()

    assert added.items() >= (AGENT | {"state": "active"}).items()
    assert switched == added | body
    assert await api.get("/v1/agents") == {"agents": [switched], "next_cursor": None}


@pytest.mark.parametrize(
    ("parts", "pointer", "reason"),
    [
        ({"name": "renewals"}, "/name", "name_taken"),
        ({"kind": "robot"}, "/kind", "enum"),
        ({"trunk": "nowhere"}, "/trunk", "unknown_trunk"),
        ({"provider_agent_id": " "}, "/provider_agent_id", "string_too_short"),
    ],
)
async def test_a_wrong_agent_is_refused_by_its_field(
    api: Api, parts: dict[str, Any], pointer: str, reason: str
) -> None:
    await an_agent(api)

    problem = await api.post("/v1/agents", AGENT | {"name": "other"} | parts, status=422)

    [error] = problem["errors"]
    assert (error["pointer"], error["reason"]) == (pointer, reason)


async def test_a_campaign_names_an_active_agent_of_its_trunk(api: Api) -> None:
    await an_agent(await api.another())
    assert await refused(api, agent="renewals") == ("/agent", "unknown_agent")
    agent_id = await an_agent(api)
    await api.pool.execute(
        "INSERT INTO trunks (name, provider, for_every_tenant) VALUES ('second', 'null', true)"
    )

    assert await refused(api, agent="renewals", call_flow="x") == ("/agent", "value_error")
    foreign = ("/agent", "agent_of_another_trunk")
    assert await refused(api, agent="renewals", trunk="second") == foreign
    assert await refused(api, agent="renewals", trunk=["default", "second"]) == foreign
    draft = await api.campaign(agent="renewals")
    moved = await api.ask("PATCH", f"/v1/campaigns/{draft}", json={"trunk": "second"})
    assert moved.json()["errors"][0]["reason"] == "agent_of_another_trunk"
    assert await delete(api, agent_id) == (409, "agent_in_use")
    without = {"agent": None, "trunk": "second"}
    assert (await api.ask("PATCH", f"/v1/campaigns/{draft}", json=without)).status_code == 200
    assert await delete(api, agent_id) == (204, None)
    assert await delete(api, agent_id) == (404, "not_found")
    assert await refused(api, agent="renewals") == ("/agent", "unknown_agent")
    assert await an_agent(api) != agent_id
