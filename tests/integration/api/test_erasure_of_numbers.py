"""An erasure of a person with several numbers ends all calls, and leaves none of the numbers."""

from shared.db.types import Pool
from tests.support.api import Api
from tests.support.erasing import erase, erasing, step
from tests.support.everywhere import found_in

FIRST, SECOND, SHARED = "+12025550123", "+12025550188", "+12025550199"


async def test_all_numbers_of_a_person_are_erased_but_those_that_others_share(
    api: Api, pool: Pool
) -> None:
    campaign_id = await api.campaign()
    entries = [
        {"number": FIRST, "numbers": [SECOND, SHARED], "external_id": "Z-7"},
        {"number": SHARED, "external_id": "B-8"},
    ]
    await api.post(f"/v1/campaigns/{campaign_id}/contacts", entries, status=200)

    async with erasing(pool) as runner:
        begun = await erase(api, number=SECOND, keep_suppression=False)
        shown = await step(api, runner, begun)
        # The contact goes on to no shared number, but its end is still to be told.
        shown = await step(api, runner, begun)

    assert (shown["state"], shown["erased"]["contacts"]) == ("completed", 1)
    [left] = (await api.get(f"/v1/campaigns/{campaign_id}/contacts"))["contacts"]
    assert (left["number"], left["state"]) == (SHARED, "pending")
    async with api.pool.acquire() as conn:
        assert await found_in(conn, [FIRST, SECOND, "Z-7"]) == set()


async def test_an_erasure_by_the_owners_id_finds_all_numbers(api: Api, pool: Pool) -> None:
    campaign_id = await api.campaign()
    entry = {"number": FIRST, "numbers": [SECOND], "external_id": "Z-7"}
    await api.post(f"/v1/campaigns/{campaign_id}/contacts", [entry], status=200)

    async with erasing(pool) as runner:
        begun = await erase(api, external_id="Z-7", keep_suppression=False)
        shown = await step(api, runner, begun)

    assert (shown["state"], shown["erased"]["contacts"]) == ("completed", 1)
    async with api.pool.acquire() as conn:
        assert await found_in(conn, [FIRST, SECOND, "Z-7"]) == set()
