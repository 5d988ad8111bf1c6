"""A campaign is cloned, its people are called again in another one, and it is reopened."""

from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from services.scheduler.lifecycle import Lifecycle
from shared.db.waiting_counts import of_campaign
from shared.domain.campaigns import CampaignKey
from tests.support.api import Api
from tests.support.campaigns import a_rulebook

FREE = {"kind": "informational", "automated": False}
NUMBERS = ["+12025550123", "+12025550124", "+12025550125", "+12025550126"]
NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)


async def filled(api: Api, **parts: Any) -> int:
    campaign_id = await api.campaign(**FREE, **parts)
    entries = [
        {"number": number, "external_id": number[-1], "attributes": {"a": 1}} for number in NUMBERS
    ]
    await api.post(f"/v1/campaigns/{campaign_id}/contacts", entries, status=200)
    return campaign_id


async def finish(api: Api, campaign_id: int, **outcomes: str) -> None:
    """End contacts by the last digit of their numbers, as the fold does."""
    for digit, outcome in outcomes.items():
        await api.pool.execute(
            """
            UPDATE contacts SET state = 'finished', outcome = $3, attempts = 1
            WHERE tenant_id = $1 AND campaign_id = $2 AND right(number, 1) = $4
            """,
            api.tenant_id,
            campaign_id,
            outcome,
            digit[-1],
        )


async def complete(api: Api, campaign_id: int) -> None:
    """Start the campaign and let the scheduler find that it has nothing left to do."""
    await api.post(f"/v1/campaigns/{campaign_id}/start", status=202)
    await finish(api, campaign_id, n3="busy", n4="busy", n5="no_answer", n6="answered_human")
    await sweep(api)


async def sweep(api: Api) -> None:
    lifecycle = Lifecycle(api.pool, a_rulebook())
    for _ in range(2):
        await lifecycle.run_once(NOW)


async def state(api: Api, campaign_id: int) -> Any:
    return (await api.get(f"/v1/campaigns/{campaign_id}"))["state"]


async def contacts(api: Api, campaign_id: int) -> list[dict[str, Any]]:
    page = await api.get(f"/v1/campaigns/{campaign_id}/contacts")
    return list(page["contacts"])


async def check_counts(api: Api, campaign_id: int) -> dict[str, int]:
    """The counters of the contacts, which must be what the contacts say."""
    counted = (await api.get(f"/v1/campaigns/{campaign_id}/counters"))["contacts"]
    people = await contacts(api, campaign_id)
    states = [person["state"] for person in people]
    assert counted["total"] == len(people)
    assert counted["pending"] == states.count("pending")
    assert counted["finished"] == states.count("finished")
    async with api.pool.acquire() as conn:
        waiting = await of_campaign(conn, CampaignKey(api.tenant_id, campaign_id))
    assert sum(number for _, number in waiting) == states.count("pending")
    return dict(counted)


async def test_a_clone_is_a_draft_with_the_same_definition_and_no_contacts(api: Api) -> None:
    campaign_id = await filled(api, webhook={"url": "https://example.com/hook"}, subject="loans")
    original = await api.get(f"/v1/campaigns/{campaign_id}")

    made = await api.post(f"/v1/campaigns/{campaign_id}/clone", status=201)
    changed = await api.post(
        f"/v1/campaigns/{campaign_id}/clone",
        {"changes": {"name": "Other", "subject": None}},
        status=201,
    )

    assert (made["state"], made["definition"]) == ("draft", original["definition"])
    assert made["webhook"]["secret"].startswith("whsec_")
    assert made["contacts"] == 0
    assert await contacts(api, made["id"]) == []
    assert changed["definition"] == original["definition"] | {"name": "Other", "subject": None}


async def test_a_clone_takes_contacts_along_if_that_is_asked_for(api: Api) -> None:
    campaign_id = await filled(api)
    await complete(api, campaign_id)
    for number, campaign in ((NUMBERS[0], campaign_id), (NUMBERS[1], None)):
        body = {"number": number, "reason": "opt_out", "campaign_id": campaign}
        await api.post("/v1/suppressions", body, status=201)

    made = await api.post(f"/v1/campaigns/{campaign_id}/clone", {"contacts": True}, status=201)

    people = await contacts(api, made["id"])
    assert made["contacts"] == 4
    assert [person["state"] for person in people] == ["finished", "finished", "pending", "pending"]
    assert [person["outcome"] for person in people] == ["excluded", "excluded", None, None]
    assert [person["number"] for person in people] == NUMBERS
    assert {person["attempts"] for person in people} == {0}
    assert people[3]["external_id"] == "6"
    assert people[3]["attributes"] == {"a": 1}
    await check_counts(api, made["id"])
    await api.post(f"/v1/campaigns/{made['id']}/start", status=202)


async def test_people_are_called_again_by_their_outcomes_in_a_campaign_of_their_own(
    api: Api,
) -> None:
    campaign_id = await filled(api)
    await complete(api, campaign_id)
    before = await api.get(f"/v1/campaigns/{campaign_id}/counters")

    made = await api.post(
        f"/v1/campaigns/{campaign_id}/redial",
        {"outcomes": ["busy", "no_answer"], "max_total": 2, "changes": {"name": "Again"}},
        status=201,
    )

    assert (made["state"], made["name"], made["contacts"]) == ("draft", "Again", 3)
    assert made["definition"]["attempts"]["max_total"] == 2
    people = await contacts(api, made["id"])
    assert [person["number"] for person in people] == NUMBERS[:3]
    assert {(person["state"], person["attempts"]) for person in people} == {("pending", 0)}
    assert (await check_counts(api, made["id"]))["total"] == 3
    assert await api.get(f"/v1/campaigns/{campaign_id}/counters") == before
    await api.post(f"/v1/campaigns/{made['id']}/start", status=202)
    await sweep(api)
    assert await state(api, made["id"]) == "running"


@pytest.mark.parametrize(
    ("path", "body", "status", "place"),
    [
        ("redial", {"outcomes": ["fax"], "max_total": 1}, 409, "no_contacts"),
        ("redial", {"outcomes": [], "max_total": 1}, 422, "/outcomes"),
        ("redial", {"outcomes": ["gone"], "max_total": 1}, 422, "/outcomes/0"),
        ("redial", {"outcomes": ["busy"], "max_total": 0}, 422, "/max_total"),
        ("redial", {"outcomes": ["busy"]}, 422, "/max_total"),
        ("clone", {"changes": {"name": None}}, 422, "/name"),
        ("clone", {"changes": {"caller_id": "+12025550100"}}, 422, "/caller_id"),
        ("clone", {"contacts": True, "changes": {"default_region": "DE"}}, 422, "/default_region"),
        ("clone", {"states": []}, 422, "/states"),
    ],
)
async def test_a_copy_that_cannot_be_is_refused_and_leaves_nothing(
    api: Api, path: str, body: Any, status: int, place: str
) -> None:
    campaign_id = await filled(api)

    problem = await api.post(f"/v1/campaigns/{campaign_id}/{path}", body, status=status)

    named = [error.get("pointer") for error in problem.get("errors", ())] or [problem["code"]]
    assert named == [place]
    assert len((await api.get("/v1/campaigns"))["campaigns"]) == 1


async def test_a_campaign_that_is_kept_open_is_fed_all_day(api: Api) -> None:
    campaign_id = await api.campaign(**FREE, keep_open=True)
    await api.post(f"/v1/campaigns/{campaign_id}/start", status=202)
    await sweep(api)
    assert await state(api, campaign_id) == "running"

    await api.import_csv(campaign_id, b"number\n+12025550123\n")
    await finish(api, campaign_id, n3="busy")
    await sweep(api)
    assert await state(api, campaign_id) == "running"

    await api.import_csv(campaign_id, b"number\n+12025550124\n")
    await finish(api, campaign_id, n4="busy")
    closed = await api.ask("PATCH", f"/v1/campaigns/{campaign_id}", json={"keep_open": False})
    await sweep(api)
    assert closed.status_code == 200, closed.text
    assert await state(api, campaign_id) == "completed"


async def test_a_campaign_that_is_kept_open_ends_with_its_last_day(api: Api) -> None:
    calendar = {"windows": [{"days": ["mon"], "start": "00:00", "end": "24:00"}]}
    campaign_id = await filled(api, keep_open=True, calendar=calendar | {"end_date": "2026-12-01"})
    await api.post(f"/v1/campaigns/{campaign_id}/start", status=202)
    await finish(api, campaign_id, n3="busy", n4="busy", n5="busy", n6="busy")
    lifecycle = Lifecycle(api.pool, a_rulebook())

    for _ in range(2):
        await lifecycle.run_once(datetime(2026, 12, 4, tzinfo=UTC))

    assert await state(api, campaign_id) == "completed"


async def test_a_completed_campaign_is_reopened_only_by_request(api: Api) -> None:
    campaign_id = await filled(api)
    path = f"/v1/campaigns/{campaign_id}"
    await api.post(f"{path}/reopen", status=409)
    await complete(api, campaign_id)
    assert await state(api, campaign_id) == "completed"
    await api.post(f"{path}/contacts", [{"number": "+12025550127"}], status=409)

    reopened = await api.post(f"{path}/reopen", status=200)
    await api.post(f"{path}/contacts", [{"number": "+12025550127"}], status=200)
    await sweep(api)
    paused = await state(api, campaign_id)
    await api.post(f"{path}/resume", status=202)
    await sweep(api)

    assert (reopened["state"], reopened["ended_at"], paused) == ("paused", None, "paused")
    assert await state(api, campaign_id) == "running"
    states = await api.pool.fetch(
        "SELECT payload::text FROM public_events WHERE tenant_id = $1 ORDER BY position",
        api.tenant_id,
    )
    assert len(states) == 4
    await finish(api, campaign_id, n7="busy")
    await sweep(api)
    assert await state(api, campaign_id) == "completed"


async def test_a_reopened_campaign_names_what_there_still_is(api: Api) -> None:
    await api.post("/v1/caller-ids", {"number": "+12025550100"}, status=201)
    campaign_id = await filled(api, caller_id="+12025550100")
    await complete(api, campaign_id)
    deleted: httpx2.Response = await api.ask("DELETE", "/v1/caller-ids/+12025550100")
    assert deleted.status_code == 204, deleted.text

    problem = await api.post(f"/v1/campaigns/{campaign_id}/reopen", status=422)

    assert [error["field"] for error in problem["errors"]] == ["caller_id"]
    assert await state(api, campaign_id) == "completed"
