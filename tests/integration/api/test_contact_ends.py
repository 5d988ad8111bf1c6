"""The ends of contacts that a request finishes are told, each by one event, however it is asked."""

from typing import Any

import pytest

from shared.db.types import Pool
from tests.support.api import Api
from tests.support.ends import reasons, told_ends

NUMBER, OTHER = "+12025550123", "+12025550124"
ROWS = f"number,external_id\n{NUMBER},A1\n{OTHER},A2\n".encode()
LIST = f"number\n{NUMBER}\n".encode()


async def suppress(api: Api, *, status: int = 201, **changes: Any) -> None:
    body = {"number": NUMBER, "reason": "asked", **changes}
    await api.post("/v1/suppressions", body, status=status)


async def upload_list(api: Api) -> None:
    headers = {"Content-Type": "text/csv"}
    answer = await api.ask("POST", "/v1/suppressions/import", content=LIST, headers=headers)
    assert answer.status_code == 200, answer.text


async def contact_id(pool: Pool, external_id: str) -> int:
    found: int = await pool.fetchval("SELECT id FROM contacts WHERE external_id = $1", external_id)
    return found


async def test_the_event_says_who_ended_and_why(api: Api) -> None:
    campaign = await api.campaign()
    await api.import_csv(campaign, ROWS)

    await suppress(api)

    [end] = await told_ends(api.pool)
    assert end.pop("finished_at")
    assert end == {
        "tenant_id": api.tenant_id,
        "campaign_id": campaign,
        "contact_id": await contact_id(api.pool, "A1"),
        "external_id": "A1",
        "contact_finished": True,
        "attempts": 0,
        "reason": "suppression",
    }


async def test_a_suppression_that_is_asked_twice_ends_each_contact_once(api: Api) -> None:
    for _ in range(2):
        await api.import_csv(await api.campaign(), ROWS)

    await suppress(api)
    await suppress(api, status=200, reason="asked again")

    assert await reasons(api.pool) == ["suppression"] * 2


async def test_a_list_that_comes_twice_ends_each_contact_once(api: Api) -> None:
    await api.import_csv(await api.campaign(), ROWS)

    await upload_list(api)
    await upload_list(api)

    assert await reasons(api.pool) == ["suppression"]


async def test_a_suppression_for_a_time_ends_nobody(api: Api) -> None:
    await api.import_csv(await api.campaign(), ROWS)

    await suppress(api, expires_at="2100-01-01T00:00:00Z")

    assert await told_ends(api.pool) == []


async def test_a_contact_that_is_excluded_at_its_import_is_told_once(api: Api) -> None:
    campaign = await api.campaign()
    await suppress(api)

    await api.import_csv(campaign, ROWS)
    await api.import_csv(campaign, ROWS)

    [end] = await told_ends(api.pool)
    assert (end["external_id"], end["reason"], end["attempts"]) == ("A1", "suppression", 0)


async def test_a_contact_that_is_excluded_when_it_is_added_is_told_once(api: Api) -> None:
    campaign = await api.campaign()
    await suppress(api)
    added = [{"number": NUMBER}, {"number": OTHER}, {"number": NUMBER}]

    for _ in range(2):
        await api.post(f"/v1/campaigns/{campaign}/contacts", added, status=200)

    assert await reasons(api.pool) == ["suppression"]


@pytest.mark.parametrize("outcome", ["busy", "no_answer"])
async def test_an_end_after_calls_names_the_last_outcome(api: Api, outcome: str) -> None:
    await api.import_csv(await api.campaign(), ROWS)
    await api.pool.execute("UPDATE contacts SET attempts = 2")
    await api.pool.execute(
        """
        INSERT INTO attempts (tenant_id, id, campaign_id, contact_id, claimed_at, dialing_at,
            ended_at, window_closes_at, number, state, outcome, tzdata_version)
        SELECT tenant_id, uuidv7(), campaign_id, id, now(), now(), now(), now(), number,
            CASE WHEN outcome IS NULL THEN 'dropped' ELSE 'ended' END, outcome, 'test'
        FROM (SELECT tenant_id, campaign_id, id FROM contacts) AS contact,
            (VALUES (1, 'declined'), (2, $1), (3, NULL)) AS attempt (number, outcome)
        ORDER BY number
        """,
        outcome,
    )

    await suppress(api)

    [end] = await told_ends(api.pool)
    assert (end["last_outcome"], end["attempts"]) == (outcome, 2)
