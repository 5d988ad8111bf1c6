"""Number pools of a tenant: made of its caller IDs, named by campaigns, changed while these run."""

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.db import caller_id_uses
from shared.domain.capacity.caller_ids import counted
from tests.support.api import DEFINITION, Api

EAST, WEST = "+12025550100", "+13105550111"
POOL: dict[str, Any] = {"name": "north", "numbers": [EAST, WEST], "max_calls_per_day": 1}
FREE = {"kind": "informational", "automated": False}


async def a_pool(api: Api, **parts: Any) -> int:
    for number in (EAST, WEST):
        await api.ask("POST", "/v1/caller-ids", json={"number": number})
    made = await api.post("/v1/number-pools", POOL | parts, status=201)
    return int(made["id"])


async def patch(api: Api, pool_id: int, parts: Any, *, status: int = 200) -> dict[str, Any]:
    response = await api.ask("PATCH", f"/v1/number-pools/{pool_id}", json=parts)
    assert response.status_code == status, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def delete(api: Api, path: str) -> tuple[int, str | None]:
    response = await api.ask("DELETE", path)
    return response.status_code, response.json()["code"] if response.content else None


async def started(api: Api, **parts: Any) -> int:
    campaign_id = await api.campaign(number_pool="north", **FREE, **parts)
    await api.import_csv(campaign_id, b"number\n+12025550123\n")
    await api.post(f"/v1/campaigns/{campaign_id}/start", status=202)
    return campaign_id


async def test_a_pool_is_read_as_it_was_made_and_changed(api: Api) -> None:
    pool_id = await a_pool(api)

    made = await api.get(f"/v1/number-pools/{pool_id}")
    changed = await patch(
        api,
        pool_id,
        {"numbers": [WEST, WEST], "rotation": "sticky", "max_calls_per_day": None},
    )

    assert made.items() >= POOL.items()
    assert (made["rotation"], made["max_calls_per_hour"]) == ("round_robin", None)
    assert (changed["numbers"], changed["rotation"]) == ([WEST], "sticky")
    assert changed["max_calls_per_day"] is None
    assert await api.get("/v1/number-pools") == {"number_pools": [changed], "next_cursor": None}


@pytest.mark.parametrize(
    ("parts", "pointer", "reason"),
    [
        ({"numbers": [EAST, "+12025550177"]}, "/numbers/1", "unknown_caller_id"),
        ({"numbers": []}, "/numbers", "too_short"),
        ({"rotation": "random"}, "/rotation", "enum"),
        ({"max_calls_per_hour": 0}, "/max_calls_per_hour", "greater_than_equal"),
        ({"name": "north"}, "/name", "name_taken"),
    ],
)
async def test_a_wrong_pool_is_refused_by_its_field(
    api: Api, parts: dict[str, Any], pointer: str, reason: str
) -> None:
    await a_pool(api)

    refused = await api.post("/v1/number-pools", POOL | {"name": "south"} | parts, status=422)

    [error] = refused["errors"]
    assert (error["pointer"], error["reason"]) == (pointer, reason)


async def test_a_campaign_names_a_pool_or_a_caller_id_of_its_tenant(api: Api) -> None:
    await a_pool(await api.another())
    wanted = DEFINITION | {"number_pool": "north"}

    refused = await api.post("/v1/campaigns", wanted, status=422)
    await a_pool(api)
    both = await api.post("/v1/campaigns", wanted | {"caller_id": EAST}, status=422)
    campaign_id = await api.campaign(number_pool="north")
    edited = await api.ask(
        "PATCH", f"/v1/campaigns/{campaign_id}", json={"number_pool": None, "caller_id": EAST}
    )

    [error] = refused["errors"]
    assert (error["pointer"], error["reason"]) == ("/number_pool", "unknown_number_pool")
    [error] = both["errors"]
    assert (error["pointer"], error["detail"]) == (
        "/number_pool",
        "give caller_id or number_pool, not both",
    )
    assert edited.status_code == 200
    shown = await api.pool.fetchrow("SELECT caller_id, number_pool_id FROM campaigns")
    assert shown is not None
    assert tuple(shown) == (EAST, None)


async def test_what_is_in_use_is_not_deleted(api: Api) -> None:
    pool_id = await a_pool(api)
    path = f"/v1/number-pools/{pool_id}"
    campaign_id = await api.campaign(number_pool="north")

    assert await delete(api, f"/v1/caller-ids/{EAST}") == (409, "caller_id_in_use")
    assert await delete(api, path) == (409, "number_pool_in_use")
    assert (await api.ask("DELETE", f"/v1/campaigns/{campaign_id}")).status_code == 204
    assert await delete(api, path) == (204, None)
    assert await delete(api, path) == (404, "not_found")
    assert await delete(api, f"/v1/caller-ids/{EAST}") == (204, None)
    await patch(api, pool_id, {"rotation": "sticky"}, status=404)
    assert await a_pool(api) != pool_id


async def test_why_names_a_spent_pool_until_it_has_room(api: Api) -> None:
    pool_id = await a_pool(api)
    campaign_id = await started(api)
    contact_id = await api.pool.fetchval("SELECT id FROM contacts")
    uses = counted({}, [EAST, WEST], now=datetime.now(UTC))
    await caller_id_uses.write(api.pool, tenant_id=api.tenant_id, uses=uses)

    contact = await api.get(f"/v1/contacts/{contact_id}/why")
    [waiting] = (await api.get(f"/v1/campaigns/{campaign_id}/why"))["waiting"]

    assert contact["binding"]["gate"] == "caller_id"
    assert contact["binding"]["detail"] == {"named": "north"}
    assert contact["next_at"] is not None
    assert (waiting["reason"], waiting["opens_at"]) == ("caller_id", contact["next_at"])
    await patch(api, pool_id, {"max_calls_per_day": 2})
    assert (await api.get(f"/v1/contacts/{contact_id}/why"))["allowed"]


async def test_a_pool_without_an_active_number_waits_for_one(api: Api) -> None:
    await a_pool(api)
    await started(api)
    contact_id = await api.pool.fetchval("SELECT id FROM contacts")

    for number in (EAST, WEST):
        await api.ask("PATCH", f"/v1/caller-ids/{number}", json={"state": "inactive"})
    contact = await api.get(f"/v1/contacts/{contact_id}/why")

    assert (contact["binding"]["gate"], contact["next_at"]) == ("caller_id", None)
    await api.ask("PATCH", f"/v1/caller-ids/{WEST}", json={"state": "active"})
    assert (await api.get(f"/v1/contacts/{contact_id}/why"))["allowed"]
