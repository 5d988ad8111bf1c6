"""Credentials for clients of a vendor's API: a key of few scopes, and the ids by name."""

from dataclasses import replace

import pytest

from tests.integration.api.test_boundaries import FLOW
from tests.support.api import Api

PATH = "/v1/dialect-credentials"


async def test_they_are_a_key_and_the_ids_that_the_client_may_name(api: Api) -> None:
    flow = await api.post("/v1/call-flows", {"name": "reminder", "flow": FLOW}, status=201)
    for number in ("+12025550100", "+12025550101"):
        await api.post("/v1/caller-ids", {"number": number}, status=201)
    await api.ask("PATCH", "/v1/caller-ids/12025550101", json={"state": "inactive"})

    made = await api.post(PATH, {"dialect": "wavix", "name": "CRM"}, status=201)

    assert made["base_url"] == "http://api/wavix"
    assert made["ids"] == {
        "callflow_id": {"reminder": flow["id"]},
        "caller_id": {"+12025550100": "12025550100"},
    }
    key = await api.get(f"/v1/api-keys/{made['api_key_id']}")
    assert (key["name"], key["scopes"]) == ("CRM", ["calls", "webhooks"])
    client = replace(api, key=made["api_key"])
    await client.get("/v1/calls")
    assert (await client.ask("GET", "/v1/contacts")).status_code == 403


async def test_the_text_of_the_key_is_not_kept_for_a_repetition(api: Api) -> None:
    again = {"headers": {"Idempotency-Key": "one"}, "json": {"dialect": "wavix"}}

    first, second = [await api.ask("POST", PATH, **again) for _ in range(2)]

    assert (first.status_code, first.headers["cache-control"]) == (201, "no-store")
    assert (second.status_code, second.json()["code"]) == (409, "answer_not_kept")


async def test_a_vendor_that_is_not_spoken_is_refused_by_name(api: Api) -> None:
    problem = await api.post(PATH, {"dialect": "acme"}, status=422)

    (error,) = problem["errors"]
    assert error["pointer"] == "/dialect"
    assert "wavix" in error["detail"]


async def test_another_tenants_names_are_not_listed(api: Api) -> None:
    other = await api.another()
    await other.post("/v1/call-flows", {"name": "theirs", "flow": FLOW}, status=201)

    made = await api.post(PATH, {"dialect": "wavix"}, status=201)

    assert made["ids"] == {"callflow_id": {}, "caller_id": {}}


async def test_the_terms_of_its_calls_stay_with_the_key(api: Api) -> None:
    calls = {"kind": "informational", "automated": False, "trunk": "default"}

    given = await api.post(PATH, {"dialect": "wavix", "calls": calls}, status=201)
    usual = await api.post(PATH, {"dialect": "wavix"}, status=201)

    rotated = await api.post(f"/v1/api-keys/{given['api_key_id']}/rotate", {}, status=200)
    terms = {"kind": "solicitation", "automated": True, "trunk": "default"}
    assert rotated["call_terms"] == calls
    assert (await api.get(f"/v1/api-keys/{usual['api_key_id']}"))["call_terms"] == terms


@pytest.mark.parametrize("dialect", ["smartalex", "voiceaiwrapper"])
async def test_clients_that_choose_a_trunk_get_none_by_their_key(api: Api, dialect: str) -> None:
    asked = {"dialect": dialect, "calls": {"trunk": "default"}}

    problem = await api.post(PATH, asked, status=422)
    async with api.pool.acquire() as conn:
        await conn.execute("UPDATE trunks SET name = 'other' WHERE name = 'default'")
    await api.post(PATH, {"dialect": dialect}, status=201)

    (error,) = problem["errors"]
    assert (error["pointer"], error["reason"]) == ("/calls/trunk", "contradiction")
    assert "leave it out" in error["detail"]


async def test_a_trunk_that_the_tenant_may_not_use_is_refused(api: Api) -> None:
    asked = {"dialect": "wavix", "calls": {"trunk": "none"}}

    problem = await api.post(PATH, asked, status=422)

    (error,) = problem["errors"]
    assert (error["pointer"], error["reason"]) == ("/calls/trunk", "unknown_trunk")
    assert len((await api.get("/v1/api-keys"))["api_keys"]) == 1
