"""Destinations: imports refuse costly numbers and other countries, each by name and remedy."""

import json
from typing import Any

import pytest

from shared.domain.places.numbers import REMEDIES
from tests.support.api import Api

WHO = {"person": "Dana Reyes, compliance", "reason": "Our members live there."}
COSTLY = {
    "+19007654321": "premium_rate",
    "+449018790123": "premium_rate",
    "+491803123456": "shared_cost",
    "+447012345679": "personal_number",
    "+870776123456": "satellite",
    "+882162345678": "international_network",
    "911": "short_number",
}
GOOD, SOMALIA = "+12025550123", "+252612345678"


async def choose(api: Api, *, status: int = 200, **choice: Any) -> dict[str, Any]:
    response = await api.ask("PUT", "/v1/destinations", json=WHO | choice)
    assert response.status_code == status, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def add(api: Api, campaign_id: int, *numbers: str) -> list[dict[str, Any]]:
    entries = [{"number": number} for number in numbers]
    answer = await api.post(f"/v1/campaigns/{campaign_id}/contacts", entries, status=200)
    results: list[dict[str, Any]] = answer["results"]
    return results


async def test_a_file_with_costly_numbers_keeps_its_good_rows(api: Api) -> None:
    campaign_id = await api.campaign(default_region="US")
    rows = "".join(f"{number}\n" for number in (*COSTLY, GOOD))

    answer = await api.import_csv(campaign_id, f"number\n{rows}".encode())

    assert answer["imported"] == 1
    assert [error["reason"] for error in answer["errors"]] == list(COSTLY.values())
    remedies = [error["remedy"] for error in answer["errors"]]
    assert remedies == [REMEDIES[reason] for reason in COSTLY.values()]


async def test_a_list_with_costly_numbers_keeps_its_good_entries(api: Api) -> None:
    campaign_id = await api.campaign(default_region="US")

    results = await add(api, campaign_id, *COSTLY, GOOD)

    assert [result["reason"] for result in results] == [*COSTLY.values(), None]
    assert results[0]["remedy"] == REMEDIES["premium_rate"]
    assert results[-1]["result"] == "imported"


async def test_a_costly_number_can_be_suppressed(api: Api) -> None:
    await api.post("/v1/suppressions", {"number": "+19007654321", "reason": "x"}, status=201)


async def test_a_blocked_country_is_refused_in_files_and_lists(api: Api) -> None:
    campaign_id = await api.campaign()
    await choose(api, blocked_countries=["SO"])

    file = await api.import_csv(campaign_id, f"number\n{SOMALIA}\n{GOOD}\n".encode())
    [result] = await add(api, campaign_id, SOMALIA)

    assert (file["imported"], file["errors"][0]["reason"]) == (1, "country_not_called")
    assert (result["reason"], result["field"]) == ("country_not_called", "number")


async def test_a_choice_is_of_one_tenant_and_on_record(api: Api) -> None:
    other = await api.another()

    chosen = await choose(api, allowed_countries=["GB"], allowed_kinds=["shared_cost"])

    assert await api.get("/v1/destinations") == chosen
    assert chosen["allowed_countries"] == ["GB"]
    assert "shared_cost" not in chosen["refused_kinds"]
    assert (chosen["person"], chosen["reason"]) == tuple(WHO.values())
    untouched = await other.get("/v1/destinations")
    assert (untouched["allowed_countries"], untouched["at"]) == (None, None)
    [change] = await api.pool.fetch("SELECT tenant_id, rules FROM tenant_rule_changes")
    assert change["tenant_id"] == api.tenant_id
    assert json.loads(change["rules"])["destinations"]["person"] == WHO["person"]


async def test_a_choice_can_be_taken_back(api: Api) -> None:
    default = await api.get("/v1/destinations")
    await choose(api, blocked_countries=["SO"])

    response = await api.ask("DELETE", "/v1/destinations")

    assert response.status_code == 204
    assert await api.get("/v1/destinations") == default


@pytest.mark.parametrize(
    ("choice", "field", "text"),
    [
        ({"blocked_countries": ["UK"]}, "/blocked_countries/0", "UK is no country"),
        ({"blocked_countries": ["so"]}, "/blocked_countries/0", ""),
        ({"allowed_kinds": ["cheap"]}, "/allowed_kinds/0", "premium_rate"),
        (
            {"allowed_countries": ["US"], "blocked_countries": ["SO"]},
            "/blocked_countries",
            "not both",
        ),
    ],
)
async def test_a_faulty_choice_names_the_field_and_the_remedy(
    api: Api, choice: dict[str, Any], field: str, text: str
) -> None:
    problem = await choose(api, status=422, **choice)

    [error] = problem["errors"]
    assert error["pointer"] == field
    assert text in error["detail"]


async def test_why_and_preflight_tell_of_contacts_that_were_imported_before(api: Api) -> None:
    campaign_id = await api.campaign(kind="informational")
    await api.import_csv(campaign_id, f"number\n{SOMALIA}\n{GOOD}\n".encode())
    await choose(api, blocked_countries=["SO"])
    contact_id = await api.pool.fetchval("SELECT id FROM contacts WHERE number = $1", SOMALIA)

    why = await api.get(f"/v1/contacts/{contact_id}/why")
    preflight = await api.post(f"/v1/campaigns/{campaign_id}/preflight", status=200)

    assert why["binding"]["gate"] == "destination"
    assert why["binding"]["detail"] == {
        "refused": "country_not_called",
        "remedy": REMEDIES["country_not_called"],
    }
    assert not why["allowed"]
    [never] = preflight["never"]
    assert (never["reason"], never["contacts"]) == ("destination", 1)
    assert never["detail"] == REMEDIES["country_not_called"]
