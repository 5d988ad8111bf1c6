"""Requests that come at once to one campaign: commands, an import, an edit, more contacts."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest

from shared.domain.campaigns import WANTS, Command
from tests.state_machine import recount
from tests.support.api import Api

ROWS = [f"+1202555{n:04}" for n in range(3_000)]
FILE = "\n".join(["number", *ROWS]).encode()
LATE = "+12125550100"


async def wanted_states(api: Api) -> list[str]:
    """Each change of the wanted state, in order."""
    rows = await api.pool.fetch("SELECT wanted_state FROM campaign_changes ORDER BY id")
    return [row["wanted_state"] for row in rows]


async def numbers(api: Api, campaign_id: int) -> set[str]:
    rows = await api.pool.fetch("SELECT number FROM contacts WHERE campaign_id = $1", campaign_id)
    return {row["number"] for row in rows}


async def faults(api: Api) -> list[str]:
    """Counters that differ from the rows."""
    async with api.pool.acquire() as conn:
        return await recount.faults(conn)


async def test_ten_starts_are_one_start(api: Api) -> None:
    campaign_id = await api.campaign()
    await api.import_csv(campaign_id, b"number\n+12025550123\n")

    answers = await asyncio.gather(
        *(api.ask("POST", f"/v1/campaigns/{campaign_id}/start") for _ in range(10))
    )

    assert {answer.status_code for answer in answers} == {202}
    assert await wanted_states(api) == ["running"]


async def test_the_last_command_that_was_taken_holds(api: Api) -> None:
    campaign_id = await api.campaign()
    await api.import_csv(campaign_id, b"number\n+12025550123\n")
    path = f"/v1/campaigns/{campaign_id}"
    await api.post(f"{path}/start", status=202)
    mixed = [Command.START, Command.PAUSE, Command.RESUME] * 4

    for _ in range(5):
        answers = await asyncio.gather(*(api.ask("POST", f"{path}/{word}") for word in mixed))

        for word, answer in zip(mixed, answers, strict=True):
            assert answer.status_code in (202, 409)
            if answer.status_code == 202:
                assert answer.json()["wanted_state"] == WANTS[word]
        changes = await wanted_states(api)
        assert all(first != second for first, second in pairwise(changes))
        assert (await api.get(path))["wanted_state"] == changes[-1]


async def test_a_campaign_that_is_cancelled_while_its_file_comes_takes_none_of_it(
    api: Api,
) -> None:
    campaign_id = await api.campaign()
    coming, cancelled = asyncio.Event(), asyncio.Event()

    async def file() -> AsyncIterator[bytes]:
        yield FILE[: len(FILE) // 2]
        coming.set()
        await cancelled.wait()
        yield FILE[len(FILE) // 2 :]

    importing = asyncio.create_task(api.import_csv(campaign_id, file(), status=409))
    await asyncio.wait_for(coming.wait(), 30)
    await api.post(f"/v1/campaigns/{campaign_id}/cancel", status=202)
    cancelled.set()
    problem = await importing

    assert problem["code"] == "campaign_ended"
    assert await numbers(api, campaign_id) == set()
    assert await faults(api) == []


@pytest.mark.parametrize("command", ["start", "cancel"])
async def test_a_file_is_taken_whole_or_not_at_all_beside_other_requests(
    api: Api, command: str
) -> None:
    for _ in range(4):
        campaign_id = await api.campaign()
        path = f"/v1/campaigns/{campaign_id}"

        imported, commanded, edited, added = await asyncio.gather(
            api.ask("POST", f"{path}/contacts/import", content=FILE),
            api.ask("POST", f"{path}/{command}"),
            api.ask("PATCH", path, json={"ring_seconds": 30}),
            api.ask("POST", f"{path}/contacts", json=[{"number": LATE}]),
        )

        campaign = await api.get(path)
        expected = set()
        for answer, given in ((imported, ROWS), (added, [LATE])):
            assert answer.status_code in (200, 409), answer.text
            expected |= set(given) if answer.status_code == 200 else set()
        assert await numbers(api, campaign_id) == expected
        assert commanded.status_code in (202, 409), commanded.text
        assert (campaign["wanted_state"] != "draft") == (commanded.status_code == 202)
        assert edited.status_code in (200, 409), edited.text
        assert (campaign["definition"]["ring_seconds"] == 30) == (edited.status_code == 200)
    assert await faults(api) == []
