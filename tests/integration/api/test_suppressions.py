"""Suppressions by the REST API: in effect at once, in one campaign or all, and counted."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.api import Api

NUMBER = "+12025550123"
HOUR = timedelta(hours=1)
FAR = "9999-12-31T23:59:59-12:00"


async def test_a_suppressed_number_is_not_called_in_any_campaign(api: Api) -> None:
    campaigns = [await api.campaign() for _ in range(3)]
    for campaign_id in campaigns:
        await api.import_csv(campaign_id, b"number\n+12025550123\n+12025550124\n")
    await api.post(f"/v1/campaigns/{campaigns[2]}/cancel", status=202)
    await api.pool.execute(
        "UPDATE campaigns SET state = 'cancelled', ended_at = now() WHERE id = $1", campaigns[2]
    )

    made = await api.post(
        "/v1/suppressions", {"number": "+1 202 555 0123", "reason": " opt_out "}, status=201
    )

    assert (made["number"], made["reason"]) == (NUMBER, "opt_out")
    for campaign_id in campaigns[:2]:
        counters = await api.get(f"/v1/campaigns/{campaign_id}/counters")
        assert counters["finished"] == {"excluded": 1}
        contacts = (await api.get(f"/v1/campaigns/{campaign_id}/contacts"))["contacts"]
        assert {contact["number"]: contact["outcome"] for contact in contacts} == {
            NUMBER: "excluded",
            "+12025550124": None,
        }
    assert (await api.get(f"/v1/campaigns/{campaigns[2]}/counters"))["finished"] == {}


async def test_a_live_contact_is_left_to_the_dialer(api: Api) -> None:
    campaign_id = await api.campaign()
    await api.import_csv(campaign_id, b"number\n+12025550123\n")
    await api.pool.execute("UPDATE contacts SET state = 'active'")

    await api.post("/v1/suppressions", {"number": NUMBER, "reason": "opt_out"}, status=201)

    assert await api.pool.fetchval("SELECT state FROM contacts") == "active"


async def test_a_second_one_replaces_reason_and_expiry(api: Api) -> None:
    soon = (datetime.now(UTC) + HOUR).isoformat()
    first = await api.post("/v1/suppressions", {"number": NUMBER, "reason": "opt_out"}, status=201)
    second = await api.post(
        "/v1/suppressions", {"number": NUMBER, "reason": "again", "expires_at": soon}, status=200
    )

    assert first["expires_at"] is None
    assert datetime.fromisoformat(second.pop("expires_at")) == datetime.fromisoformat(soon)
    assert second == {
        "number": NUMBER,
        "reason": "again",
        "campaign_id": None,
        "created_at": first["created_at"],
    }
    assert (await api.get("/v1/suppressions"))["suppressions"][0]["reason"] == "again"


@pytest.mark.parametrize(
    ("number", "reason", "remedy"),
    [
        ("2025550125", "no_country", "write + and the code, such as +12025550123"),
        ("+1 608 555 0190 x11", "extension", "give a direct number"),
        ("+16085550190.0", "decimal", "format the column as text and export the file again"),
    ],
)
async def test_a_number_in_another_spelling_is_refused_with_its_remedy(
    api: Api, number: str, reason: str, remedy: str
) -> None:
    body = {"number": number, "reason": "opt_out"}
    added = await api.post("/v1/suppressions", body, status=422)
    lifted = await api.ask("DELETE", f"/v1/suppressions/{quote(number)}")

    assert lifted.status_code == 422
    for problem, pointer in ((added, "/number"), (lifted.json(), None)):
        (error,) = problem["errors"]
        assert (error.get("pointer"), error["field"]) == (pointer, "number")
        assert error["reason"] == reason
        assert error["detail"].endswith(remedy)


async def test_suppressions_are_listed_and_lifted(api: Api) -> None:
    for number in ("+12025550125", NUMBER, "+4930123456"):
        await api.post("/v1/suppressions", {"number": number, "reason": "opt_out"}, status=201)

    first = await api.get("/v1/suppressions?limit=2")
    second = await api.get(f"/v1/suppressions?limit=2&cursor={first['next_cursor']}")

    numbers = [
        suppression["number"] for suppression in first["suppressions"] + second["suppressions"]
    ]
    assert sorted(numbers) == sorted([NUMBER, "+12025550125", "+4930123456"])
    assert (await api.ask("DELETE", f"/v1/suppressions/{NUMBER}")).status_code == 204
    assert (await api.ask("DELETE", f"/v1/suppressions/{NUMBER}")).status_code == 404
    assert len((await api.get("/v1/suppressions"))["suppressions"]) == 2


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"number": "030 123456", "reason": "x"}, "/number"),
        ({"number": "hello", "reason": "x"}, "/number"),
        ({"number": NUMBER, "country": "Atlantis", "reason": "x"}, "/country"),
        ({"number": NUMBER, "reason": ""}, "/reason"),
        ({"number": NUMBER, "reason": "a\x00b"}, "/reason"),
        ({"number": NUMBER}, "/reason"),
        ({"number": NUMBER, "reason": "x", "expires_at": "2020-01-01T00:00:00Z"}, "/expires_at"),
        ({"number": NUMBER, "reason": "x", "expires_at": "2031-01-01T00:00:00"}, "/expires_at"),
        ({"number": NUMBER, "reason": "x", "expires_at": FAR}, "/expires_at"),
        ({"number": NUMBER, "reason": "x", "campaign_id": 10**9}, "/campaign_id"),
        ({"number": NUMBER, "reason": "x", "campaign_id": 0}, "/campaign_id"),
    ],
)
async def test_a_wrong_suppression_is_refused(api: Api, body: dict[str, Any], pointer: str) -> None:
    problem = await api.post("/v1/suppressions", body, status=422)

    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert "030" not in str(problem)


@pytest.mark.parametrize(
    "number", ["2125550120", "(212) 555-0120", "1-212-555-0120", "+1 212 555 0120"]
)
async def test_a_national_number_is_of_the_given_country_or_the_campaigns(
    api: Api, number: str
) -> None:
    campaign_id = await api.campaign(default_region="US")
    bodies: list[dict[str, Any]] = [
        {"number": number, "country": "us", "reason": "x"},
        {"number": number, "campaign_id": campaign_id, "reason": "x"},
    ]

    made = [await api.post("/v1/suppressions", body, status=201) for body in bodies]

    assert [suppression["number"] for suppression in made] == ["+12125550120"] * 2
    assert [suppression["campaign_id"] for suppression in made] == [None, campaign_id]


async def test_the_given_country_comes_before_the_campaigns(api: Api) -> None:
    campaign_id = await api.campaign(default_region="US")
    body = {"number": "2079460018", "country": "GB", "campaign_id": campaign_id, "reason": "x"}

    made = await api.post("/v1/suppressions", body, status=201)

    assert made["number"] == "+442079460018"


async def test_a_list_is_of_one_campaign_or_of_all(api: Api) -> None:
    campaign_id = await api.campaign()
    stranger = await (await api.another()).campaign()
    ours = {"number": NUMBER, "reason": "ours"}
    its = {"number": "+12025550124", "reason": "its", "campaign_id": campaign_id}
    for body in (ours, its):
        await api.post("/v1/suppressions", body, status=201)

    async def numbers(query: str) -> list[str]:
        page = await api.get(f"/v1/suppressions{query}")
        return [suppression["number"] for suppression in page["suppressions"]]

    assert await numbers("") == [NUMBER]
    assert await numbers(f"?campaign_id={campaign_id}") == ["+12025550124"]
    problem = await api.get(f"/v1/suppressions?campaign_id={stranger}", status=422)
    assert problem["errors"][0]["field"] == "campaign_id"
    await api.post("/v1/suppressions", ours | {"campaign_id": stranger}, status=422)
    path = "/v1/suppressions/+12025550124"
    assert (await api.ask("DELETE", path)).status_code == 404
    assert (await api.ask("DELETE", f"{path}?campaign_id={stranger}")).status_code == 404
    assert (await api.ask("DELETE", f"{path}?campaign_id={campaign_id}")).status_code == 204


async def test_an_expired_suppression_is_gone(api: Api) -> None:
    body = {"number": NUMBER, "reason": "x", "expires_at": (datetime.now(UTC) + HOUR).isoformat()}
    first = await api.post("/v1/suppressions", body, status=201)
    await api.pool.execute("UPDATE suppressions SET expires_at = now()")

    assert (await api.get("/v1/suppressions"))["suppressions"] == []
    again = await api.post("/v1/suppressions", body, status=201)
    assert again["created_at"] > first["created_at"]
    await api.pool.execute("UPDATE suppressions SET expires_at = now()")
    assert (await api.ask("DELETE", f"/v1/suppressions/{NUMBER}")).status_code == 404
