"""Imports contacts with an address by the REST API; zones and rules come from the address."""

from typing import Any

import pytest

from tests.support.api import Api

FILE = """\
number,postal_code,country,region,external_id,language
+13055550123,30301,,,moved,en
+13055550124,,,,here,en
+13055550125,,US,NY,north,en
+14165550123,V6B 1A1,,,west,fr
+442079460000,EH1 1AA,GB,,scot,en
+18005551234,32401,US,,panhandle,en
+4930123456,10115,DE,Berlin,german,de
+33199001282,97400,FR,,island,fr
+13055550126,09012,US,,soldier,en
+13055550127,303O1,US,,bad-code,en
+13055550128,,XX,,bad-country,en
+13055550129,,US,Ontario,bad-region,en
"""
EASTERN = "America/New_York"


async def shown(api: Api, campaign_id: int) -> dict[str, dict[str, Any]]:
    listed = await api.get(f"/v1/campaigns/{campaign_id}/contacts")
    return {contact["external_id"]: contact for contact in listed["contacts"]}


async def test_a_file_with_addresses_is_grouped_by_them_and_by_its_numbers(api: Api) -> None:
    campaign_id = await api.campaign(default_zone="Asia/Tokyo")

    report = await api.import_csv(campaign_id, FILE.encode())

    assert (report["imported"], report["rejected"]) == (9, 3)
    assert [(error["line"], error["field"], error["reason"]) for error in report["errors"]] == [
        (11, "postal_code", "invalid_postal_code"),
        (12, "country", "unknown_country"),
        (13, "region", "unknown_region"),
    ]
    contacts = await shown(api, campaign_id)
    assert {
        name: (
            contact["zones"],
            contact["zone_source"],
            contact["jurisdictions"],
            contact["jurisdiction_source"],
        )
        for name, contact in contacts.items()
    } == {
        "moved": ([EASTERN], "postal_code", ["US-FL", "US-GA"], "postal_code+number"),
        "here": ([EASTERN], "number", ["US-FL"], "number"),
        "north": ([EASTERN], "contact", ["US-FL", "US-NY"], "contact+number"),
        "west": (["America/Vancouver"], "postal_code", ["CA-BC", "CA-ON"], "postal_code+number"),
        "scot": (["Europe/London"], "postal_code", ["GB-SCT"], "postal_code+number"),
        "panhandle": (
            ["America/Chicago", EASTERN],
            "postal_code",
            ["US-FL"],
            "postal_code+number",
        ),
        "german": (["Europe/Berlin"], "number", ["DE"], "contact+number"),
        "island": (["Indian/Reunion"], "postal_code", ["FR"], "postal_code+number"),
        "soldier": ([], "unknown", ["US-FL"], "postal_code+number"),
    }
    assert {contact["attributes"]["language"] for contact in contacts.values()} == {
        "en",
        "fr",
        "de",
    }
    assert all(contact["attributes"].keys() == {"language"} for contact in contacts.values())


async def test_a_list_has_addresses_too(api: Api) -> None:
    campaign_id = await api.campaign()
    entries = [
        {"number": "+13055550123", "external_id": "all", "postal_code": "30301", "country": "US"},
        {"number": "+13055550124", "external_id": "region", "region": "GA"},
        {"number": "+13055550125", "postal_code": "nowhere"},
        {"number": "+13055550126", "country": "Atlantis"},
        {"number": "+13055550127", "region": "Atlantis"},
    ]

    added = await api.post(f"/v1/campaigns/{campaign_id}/contacts", entries, status=200)

    assert (added["imported"], added["rejected"]) == (2, 3)
    assert [(answer["field"], answer["reason"]) for answer in added["results"][2:]] == [
        ("postal_code", "invalid_postal_code"),
        ("country", "unknown_country"),
        ("region", "unknown_region"),
    ]
    contacts = await shown(api, campaign_id)
    assert contacts["all"]["jurisdictions"] == contacts["region"]["jurisdictions"]
    assert contacts["all"]["zone_source"] == "postal_code"
    assert contacts["region"]["zone_source"] == "contact"


async def test_the_same_addresses_again_make_no_new_groups(api: Api) -> None:
    for _ in range(2):
        await api.import_csv(await api.campaign(), FILE.encode())

    assert await api.pool.fetchval("SELECT count(*) FROM calling_groups") == 9
    assert await api.pool.fetchval("SELECT count(*) FROM campaign_groups") == 18


@pytest.mark.parametrize("field", ["postal_code", "country", "region"])
async def test_a_refused_address_says_what_would_be_right(api: Api, field: str) -> None:
    campaign_id = await api.campaign()
    file = f"number,{field}\n+13055550123,nowhere\n".encode()

    problem = await api.import_csv(campaign_id, file, "?on_error=refuse", status=422)

    (error,) = problem["errors"]
    assert (error["line"], error["field"]) == (2, field)
    assert "country" in error["detail"]
    assert "nowhere" not in str(problem)
