"""A tenant has at most so much of everything, and each refusal names the quota."""

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx2
import pytest
import pytest_asyncio

from services.api.quotas import Quotas
from tests.support.api import Api, serving

CONTACT = [{"number": "+12025550123"}]
# Numbers of three countries are in three calling groups.
THREE = ["+12025550124", "+4930123456", "+33123456789"]
QUOTAS = Quotas(running_campaigns=1, calling_groups=2, contacts=3, imports=1)


async def publish(_messages: object) -> None:
    return


@pytest_asyncio.fixture(loop_scope="session")
async def small(api: Api) -> AsyncIterator[Api]:
    """The same API with small quotas."""
    async with serving(api.pool, publish, quotas=QUOTAS) as http:
        yield replace(api, http=http)


def a_file(numbers: list[str]) -> bytes:
    return "\n".join(["number", *numbers]).encode()


async def a_campaign(api: Api) -> str:
    path = f"/v1/campaigns/{await api.campaign()}"
    await api.post(f"{path}/contacts", CONTACT, status=200)
    return path


async def begin(api: Api, path: str, numbers: list[str] = THREE) -> httpx2.Response:
    return await api.ask(
        "POST",
        f"{path}/contacts/import",
        content=a_file(numbers),
        headers={"Prefer": "respond-async"},
    )


async def test_another_campaign_runs_when_one_is_paused(small: Api) -> None:
    first, second = await a_campaign(small), await a_campaign(small)
    await small.post(f"{first}/start", status=202)

    problem = await small.post(f"{second}/start", status=409)

    assert problem["code"] == "too_many_running_campaigns"
    assert "may have 1;" in problem["detail"]
    await small.post(f"{first}/start", status=202)
    neighbour = await small.another()
    await neighbour.post(f"{await a_campaign(neighbour)}/start", status=202)
    await small.post(f"{first}/pause", status=202)
    await small.post(f"{second}/start", status=202)
    assert (await small.post(f"{first}/resume", status=409))["code"] == problem["code"]
    await small.post(f"{second}/cancel", status=202)
    await small.post(f"{first}/resume", status=202)


@pytest.mark.parametrize("way", ["list", "file"])
@pytest.mark.parametrize(
    ("numbers", "code", "most"),
    [
        (THREE, "too_many_calling_groups", "2 calling groups"),
        ([f"+1202555012{n}" for n in range(4)], "too_many_contacts", "3 contacts"),
    ],
)
async def test_contacts_beyond_a_quota_of_the_campaign_leave_nothing(
    small: Api, way: str, numbers: list[str], code: str, most: str
) -> None:
    campaign_id = await small.campaign()

    if way == "list":
        listed = [{"number": number} for number in numbers]
        path = f"/v1/campaigns/{campaign_id}/contacts"
        problem = await small.post(path, listed, status=409)
    else:
        problem = await small.import_csv(campaign_id, a_file(numbers), status=409)

    assert (problem["code"], most in problem["detail"]) == (code, True)
    assert await small.pool.fetchval("SELECT count(*) FROM contacts") == 0
    assert await small.pool.fetchval("SELECT count(*) FROM campaign_groups") == 0


async def test_contacts_that_come_bit_by_bit_are_counted_together(small: Api) -> None:
    campaign_id = await small.campaign()
    path = f"/v1/campaigns/{campaign_id}/contacts"
    await small.post(path, [{"number": THREE[0]}, {"number": THREE[1]}], status=200)

    third = await small.post(path, [{"number": THREE[2]}], status=409)
    known = await small.post(path, [{"number": "+12025550125"}], status=200)

    assert third["code"] == "too_many_calling_groups"
    assert known["imported"] == 1


async def test_a_clone_has_the_quotas_of_its_campaign(api: Api, small: Api) -> None:
    path = f"/v1/campaigns/{await api.campaign()}"
    await api.post(f"{path}/contacts", [{"number": number} for number in THREE], status=200)

    problem = await small.post(f"{path}/clone", {"contacts": True}, status=409)

    assert problem["code"] == "too_many_calling_groups"
    assert await api.pool.fetchval("SELECT count(*) FROM campaigns") == 1


async def test_another_import_waits_for_the_end_of_one(small: Api) -> None:
    path = f"/v1/campaigns/{await small.campaign()}"
    begun = await begin(small, path)

    refused = await begin(small, path)

    assert (begun.status_code, refused.status_code) == (202, 429)
    assert refused.json()["code"] == "too_many_imports"
    assert refused.headers["Retry-After"] == "10"
    await small.ask("POST", f"{begun.headers['location']}/cancel")
    assert (await begin(small, path)).status_code == 202
    assert await small.pool.fetchval("SELECT count(*) FROM operations") == 2


async def test_an_erasure_is_no_import(small: Api) -> None:
    path = f"/v1/campaigns/{await small.campaign()}"
    await small.post("/v1/erasures", {"number": "+12025550123"}, status=202)

    assert (await begin(small, path)).status_code == 202
