"""Caller IDs of a tenant: campaigns show active ones only, and wait while theirs is inactive."""

from typing import Any

import pytest

from tests.support.api import DEFINITION, Api

NUMBER = "+12025550100"
FREE = {"kind": "informational", "automated": False}


async def an_own_number(api: Api, number: str = NUMBER) -> None:
    await api.post("/v1/caller-ids", {"number": number}, status=201)


async def switch(api: Api, state: str, number: str = NUMBER, *, status: int = 200) -> Any:
    response = await api.ask("PATCH", f"/v1/caller-ids/{number}", json={"state": state})
    assert response.status_code == status, response.text
    return response.json()


async def delete(api: Api, number: str = NUMBER) -> tuple[int, str | None]:
    response = await api.ask("DELETE", f"/v1/caller-ids/{number}")
    return response.status_code, response.json()["code"] if response.content else None


async def test_caller_ids_are_listed_in_order_and_by_state(api: Api) -> None:
    for number in ("+442079460123", "+1 202-555-0100", "+1 (303) 555-0111"):
        await an_own_number(api, number)

    changed = await switch(api, "inactive", "13035550111")

    assert changed == await api.get("/v1/caller-ids/+13035550111")
    assert (changed["number"], changed["state"]) == ("+13035550111", "inactive")
    page = await api.get("/v1/caller-ids?limit=2")
    rest = await api.get(f"/v1/caller-ids?limit=2&cursor={page['next_cursor']}")
    listed = [row["number"] for row in page["caller_ids"] + rest["caller_ids"]]
    assert listed == [NUMBER, "+13035550111", "+442079460123"]
    active = await api.get("/v1/caller-ids?state=active")
    assert len(active["caller_ids"]) == 2


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("2025550100", "no_country"),
        ("+1911", "short_number"),
        ("", "empty"),
        (NUMBER, "number_taken"),
    ],
)
async def test_a_wrong_number_is_refused(api: Api, number: str, reason: str) -> None:
    await an_own_number(api)

    refused = await api.post("/v1/caller-ids", {"number": number}, status=422)

    [error] = refused["errors"]
    assert (error["pointer"], error["reason"]) == ("/number", reason)


async def test_a_campaign_shows_only_an_active_number_of_its_tenant(api: Api) -> None:
    await an_own_number(await api.another())
    wanted = DEFINITION | {"caller_id": NUMBER}

    async def refused() -> bool:
        problem = await api.post("/v1/campaigns", wanted, status=422)
        [error] = problem["errors"]
        assert "/v1/caller-ids" in error["detail"]
        assert (error["pointer"], error["reason"]) == ("/caller_id", "unknown_caller_id")
        draft = await api.campaign()
        edited = await api.ask("PATCH", f"/v1/campaigns/{draft}", json={"caller_id": NUMBER})
        return edited.status_code == 422

    assert await refused()
    await an_own_number(api)
    await api.campaign(caller_id=NUMBER)
    await switch(api, "inactive")
    assert await refused()


async def test_a_caller_id_is_deleted_when_no_campaign_shows_it(api: Api) -> None:
    await an_own_number(api)
    campaign_id = await api.campaign(caller_id=NUMBER)

    assert await delete(api) == (409, "caller_id_in_use")
    await api.post(f"/v1/campaigns/{campaign_id}/cancel", status=202)
    assert await delete(api) == (409, "caller_id_in_use")
    await api.pool.execute("UPDATE campaigns SET state = 'cancelled', ended_at = now()")
    assert await delete(api) == (204, None)
    assert await delete(api) == (404, "not_found")
    await api.get(f"/v1/caller-ids/{NUMBER}", status=404)
    await switch(api, "active", status=404)
    await api.post("/v1/campaigns", DEFINITION | {"caller_id": NUMBER}, status=422)
    await an_own_number(api)
    await api.campaign(caller_id=NUMBER)


async def test_why_names_an_inactive_caller_id_until_it_is_active(api: Api) -> None:
    await an_own_number(api)
    campaign_id = await api.campaign(caller_id=NUMBER, **FREE)
    await api.import_csv(campaign_id, b"number\n+12025550123\n")
    await api.post(f"/v1/campaigns/{campaign_id}/start", status=202)
    contact_id = await api.pool.fetchval("SELECT id FROM contacts")

    await switch(api, "inactive")

    contact = await api.get(f"/v1/contacts/{contact_id}/why")
    [waiting] = (await api.get(f"/v1/campaigns/{campaign_id}/why"))["waiting"]
    assert (contact["binding"]["gate"], contact["next_at"]) == ("caller_id", None)
    assert contact["binding"]["detail"] == {"named": NUMBER}
    assert (waiting["reason"], waiting["opens_at"]) == ("caller_id", None)
    await switch(api, "active")
    assert (await api.get(f"/v1/contacts/{contact_id}/why"))["allowed"]
