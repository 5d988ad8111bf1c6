"""A tenant's choices of rules: the record of who made them, and no effect on other tenants."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.api import Api

WHO = {"person": "Dana Reyes, compliance", "reason": "Written consent of all contacts."}
OWN: dict[str, Any] = {
    "name": "us-fl.lunch",
    "jurisdiction": "US-FL",
    "says": "Nobody in Florida is called at noon.",
    "source": "Our own policy 12",
    "kinds": ["solicitation"],
    "hours": {"mon-sat": "08:00-12:00, 13:00-20:00"},
}
UNVERIFIED = "us.exempt-hipaa"


async def rule(api: Api, name: str) -> dict[str, Any]:
    rules = (await api.get("/v1/rules"))["rules"]
    [one] = [rule for rule in rules if rule["name"] == name]
    assert isinstance(one, dict)
    return one


async def put(api: Api, path: str, body: Any = WHO, *, status: int = 200) -> dict[str, Any]:
    response = await api.ask("PUT", f"/v1/rules/{path}", json=body)
    assert response.status_code == status, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def delete(api: Api, path: str) -> int:
    return (await api.ask("DELETE", f"/v1/rules/{path}")).status_code


async def trace(api: Api) -> list[dict[str, Any]]:
    rows = await api.pool.fetch(
        "SELECT rules FROM tenant_rule_changes WHERE tenant_id = $1 ORDER BY id", api.tenant_id
    )
    return [json.loads(row["rules"]) for row in rows]


async def test_a_rule_is_overridden_by_a_person_for_a_reason(api: Api) -> None:
    before = datetime.now(UTC)

    answer = await put(api, "us-fl.hours/override")

    listed = await rule(api, "us-fl.hours")
    assert listed == answer
    assert listed["standing"] == "overridden"
    assert before <= datetime.fromisoformat(listed["choice"].pop("at")) <= datetime.now(UTC)
    assert listed["choice"] == WHO
    assert listed["pack"].startswith("US@")


async def test_an_override_ends_and_both_are_on_record(api: Api) -> None:
    await put(api, "us-fl.hours/override")

    statuses = [await delete(api, "us-fl.hours/override") for _ in range(2)]

    assert statuses == [204, 404]
    listed = await rule(api, "us-fl.hours")
    assert (listed["standing"], listed["choice"]) == ("in_force", None)
    assert [len(change["overridden"]) for change in await trace(api)] == [1, 0]
    keys = await api.pool.fetchval("SELECT count(DISTINCT api_key_id) FROM tenant_rule_changes")
    assert keys == 1


async def test_a_second_override_takes_the_place_of_the_first(api: Api) -> None:
    await put(api, "us-fl.hours/override")

    await put(api, "us-fl.hours/override", WHO | {"person": "Ann Lee"})

    assert (await rule(api, "us-fl.hours"))["choice"]["person"] == "Ann Lee"
    assert [len(change["overridden"]) for change in await trace(api)] == [1, 1]


async def test_an_unverified_rule_is_off_until_it_is_turned_on(api: Api) -> None:
    seen = [(await rule(api, UNVERIFIED))["standing"]]

    await put(api, f"{UNVERIFIED}/turn-on")
    seen.append((await rule(api, UNVERIFIED))["standing"])
    statuses = [await delete(api, f"{UNVERIFIED}/turn-on") for _ in range(2)]
    seen.append((await rule(api, UNVERIFIED))["standing"])

    assert seen == ["unverified", "turned_on", "unverified"]
    assert statuses == [204, 404]


async def test_a_verified_rule_needs_no_turning_on(api: Api) -> None:
    answer = await put(api, "us-fl.hours/turn-on", status=409)

    assert answer["code"] == "rule_is_verified"
    assert await trace(api) == []


@pytest.mark.parametrize("act", ["override", "turn-on"])
@pytest.mark.parametrize("name", ["us-fl.nothing", "x", "us-fl.hours%00"])
async def test_a_rule_that_does_not_exist_is_not_found(api: Api, act: str, name: str) -> None:
    await put(api, f"{name}/{act}", status=404)

    assert await delete(api, f"{name}/{act}") == 404
    assert await trace(api) == []


@pytest.mark.parametrize("act", ["us-fl.hours/override", f"{UNVERIFIED}/turn-on"])
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"person": "Ann"}, "reason"),
        ({"reason": "because"}, "person"),
        (WHO | {"person": " "}, "person"),
        (WHO | {"reason": "nul \x00"}, "reason"),
        (WHO | {"until": "2030-01-01"}, "until"),
    ],
)
async def test_without_a_person_and_a_reason_nothing_changes(
    api: Api, act: str, body: dict[str, str], field: str
) -> None:
    answer = await put(api, act, body, status=422)

    assert [error["field"] for error in answer["errors"]] == [field]
    assert await trace(api) == []


async def test_a_stricter_rule_is_added_and_deleted(api: Api) -> None:
    added = await api.post("/v1/rules", OWN, status=201)
    listed = await rule(api, "us-fl.lunch")
    statuses = [await delete(api, "us-fl.lunch") for _ in range(2)]

    assert listed == added
    assert (added["pack"], added["standing"], added["demand"]) == ("own", "in_force", "hours")
    assert statuses == [204, 404]
    assert [len(change["added"]) for change in await trace(api)] == [1, 0]


@pytest.mark.parametrize(
    ("change", "field", "says"),
    [
        ({"name": "us-fl.hours"}, "name", "packs"),
        ({"name": "us-ga.lunch"}, None, "must begin with its place: us-fl."),
        ({"name": "lunch"}, "name", "pattern"),
        ({"jurisdiction": "US-XX"}, "jurisdiction", "no part XX"),
        ({"hours": {"mon": "12:00-12:00"}}, None, "later"),
        ({"hours": None}, None, "exactly one demand"),
        ({"cap": {"max_calls": 1, "hours": 24}}, None, "exactly one demand"),
        ({"verified": False}, "verified", "True"),
        ({"effective_until": "9999-12-31"}, "effective_until", "2199"),
        ({"says": "nul \x00"}, "says", "NUL"),
        ({"kinds": []}, "kinds", "at least 1"),
    ],
)
async def test_a_rule_that_cannot_be_is_refused_with_what_is_wrong(
    api: Api, change: dict[str, Any], field: str | None, says: str
) -> None:
    answer = await api.post("/v1/rules", OWN | change, status=422)

    [error] = answer["errors"]
    assert error.get("field") == field
    assert says in error["detail"]
    assert await trace(api) == []


async def test_an_own_rule_is_not_added_twice(api: Api) -> None:
    await api.post("/v1/rules", OWN, status=201)

    answer = await api.post("/v1/rules", OWN, status=422)

    assert [(error["field"], error["reason"]) for error in answer["errors"]] == [
        ("name", "name_taken")
    ]


async def test_a_rule_of_a_pack_is_not_deleted(api: Api) -> None:
    assert await delete(api, "us-fl.hours") == 409


async def test_a_hundred_own_rules_are_enough(api: Api) -> None:
    many = {"added": [OWN | {"name": f"us-fl.own-{n}", "grade": "D"} for n in range(100)]}
    await api.pool.execute("UPDATE tenants SET rules = $1", json.dumps(many))

    answer = await api.post("/v1/rules", OWN, status=409)

    assert answer["code"] == "too_many_rules"


async def test_rules_are_found_by_place_and_by_kind(api: Api) -> None:
    await api.post("/v1/rules", OWN, status=201)

    florida = await api.get("/v1/rules?jurisdiction=US-FL")
    debts = await api.get("/v1/rules?jurisdiction=US&kind=debt_collection")

    names = {rule["name"] for rule in florida["rules"]}
    assert {"us.hours", "us-fl.hours", "us-fl.lunch"} <= names
    assert not any(name.startswith(("us-ga", "gb", "fr")) for name in names)
    kinds = [rule["kinds"] for rule in debts["rules"]]
    assert kinds
    assert all("debt_collection" in kinds_of_rule for kinds_of_rule in kinds)
    unknown = await api.get("/v1/rules?jurisdiction=US-XX", status=422)
    assert unknown["errors"][0]["field"] == "jurisdiction"


async def test_changes_at_once_are_all_kept(api: Api) -> None:
    names = ["us-fl.hours", "us.hours", "us-fl.3in24", "us.regf.7in7", "us.regf.hours"]

    await asyncio.gather(*(put(api, f"{name}/override") for name in names))

    overridden = [
        rule["name"]
        for rule in (await api.get("/v1/rules"))["rules"]
        if rule["standing"] == "overridden"
    ]
    assert sorted(overridden) == sorted(names)
    assert [len(change["overridden"]) for change in await trace(api)] == [1, 2, 3, 4, 5]


async def test_another_tenant_is_not_touched(api: Api) -> None:
    other = await api.another()
    await put(api, "us-fl.hours/override")
    await api.post("/v1/rules", OWN, status=201)

    assert (await rule(other, "us-fl.hours"))["standing"] == "in_force"
    assert await delete(other, "us-fl.hours/override") == 404
    assert await delete(other, "us-fl.lunch") == 404
    assert await trace(other) == []
