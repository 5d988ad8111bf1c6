"""Suppressions over HTTP: at once, for all of the tenant's campaigns, counted."""

import pytest

from tests.support.api import Api

NUMBER = "+12025550123"


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
        told = await api.get(f"/v1/campaigns/{campaign_id}/counters")
        assert told["finished"] == {"excluded": 1}
        contacts = (await api.get(f"/v1/campaigns/{campaign_id}/contacts"))["contacts"]
        assert {each["number"]: each["outcome"] for each in contacts} == {
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


async def test_a_suppression_is_made_once(api: Api) -> None:
    first = await api.post("/v1/suppressions", {"number": NUMBER, "reason": "opt_out"}, status=201)
    second = await api.post("/v1/suppressions", {"number": NUMBER, "reason": "again"}, status=200)

    assert first == second


async def test_suppressions_are_listed_and_lifted(api: Api) -> None:
    for number in ("+12025550125", NUMBER, "+4930123456"):
        await api.post("/v1/suppressions", {"number": number, "reason": "opt_out"}, status=201)

    first = await api.get("/v1/suppressions?limit=2")
    second = await api.get(f"/v1/suppressions?limit=2&cursor={first['next_cursor']}")

    numbers = [each["number"] for each in first["suppressions"] + second["suppressions"]]
    assert sorted(numbers) == sorted([NUMBER, "+12025550125", "+4930123456"])
    assert (await api.ask("DELETE", f"/v1/suppressions/{NUMBER}")).status_code == 204
    assert (await api.ask("DELETE", f"/v1/suppressions/{NUMBER}")).status_code == 404
    assert len((await api.get("/v1/suppressions"))["suppressions"]) == 2


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"number": "030 123456", "reason": "x"}, "/number"),
        ({"number": "hello", "reason": "x"}, "/number"),
        ({"number": NUMBER, "reason": ""}, "/reason"),
        ({"number": NUMBER, "reason": "a\x00b"}, "/reason"),
        ({"number": NUMBER}, "/reason"),
    ],
)
async def test_a_wrong_suppression_is_refused(api: Api, body: dict[str, str], pointer: str) -> None:
    problem = await api.post("/v1/suppressions", body, status=422)

    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert "030" not in str(problem)
