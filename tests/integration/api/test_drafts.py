"""A draft is deleted with all that belongs to it, or not at all; whatever runs beside it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest

from shared.db import locks
from shared.db.types import Pool
from tests.support.api import Api
from tests.support.waiting import until

NUMBERS = b"number,zone\n" + b"".join(b"+1202555%04d,America/New_York\n" % n for n in range(40))
OF_CAMPAIGNS = """
    SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attname = 'campaign_id'
"""
WAITING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


async def rows_of(pool: Pool, campaign_id: int) -> dict[str, int]:
    """The number of rows of the campaign in each table that has some."""
    tables = [row["relname"] for row in await pool.fetch(OF_CAMPAIGNS)]
    assert {"contacts", "waiting_contacts", "campaign_edits", "webhook_endpoints"} <= set(tables)
    counts = {
        table: await pool.fetchval(
            f"SELECT count(*) FROM {table} WHERE campaign_id = $1", campaign_id
        )
        for table in tables
    }
    counts["campaigns"] = await pool.fetchval(
        "SELECT count(*) FROM campaigns WHERE id = $1", campaign_id
    )
    return {table: count for table, count in counts.items() if count}


async def a_full_draft(api: Api) -> int:
    """A draft with rows in every table that a draft can have rows in."""
    campaign_id = await api.campaign(webhook={"url": "https://example.com/hook"})
    await api.import_csv(campaign_id, NUMBERS)
    suppression = {"number": "+12025550001", "reason": "asked by letter"}
    await api.post("/v1/suppressions", suppression | {"campaign_id": campaign_id}, status=201)
    edited = await api.ask("PATCH", f"/v1/campaigns/{campaign_id}", json={"name": "Edited"})
    assert edited.status_code == 200
    return campaign_id


async def delete(api: Api, campaign_id: int) -> httpx2.Response:
    return await api.ask("DELETE", f"/v1/campaigns/{campaign_id}")


async def blocked(api: Api, transactions: int) -> None:
    """Wait until so many transactions wait for a lock."""

    async def wait() -> bool:
        return bool(await api.pool.fetchval(WAITING) == transactions)

    await until(wait)


@asynccontextmanager
async def held_contact(api: Api, campaign_id: int) -> AsyncIterator[None]:
    """A contact of the campaign is locked: a deletion stops there until the end of the block."""
    async with api.pool.acquire() as conn, conn.transaction():
        await conn.execute(
            "SELECT FROM contacts WHERE campaign_id = $1 ORDER BY number LIMIT 1 FOR UPDATE",
            campaign_id,
        )
        yield


async def test_a_draft_is_deleted_with_all_its_rows_and_no_others(api: Api) -> None:
    kept, gone = await a_full_draft(api), await a_full_draft(api)
    before = await rows_of(api.pool, kept)
    assert before == await rows_of(api.pool, gone)
    assert before.keys() == {
        "campaigns",
        "campaign_counters",
        "campaign_edits",
        "campaign_groups",
        "contacts",
        "suppressions",
        "untold_ends",
        "waiting_contacts",
        "webhook_endpoints",
    }

    deleted = await delete(api, gone)

    assert (deleted.status_code, deleted.content) == (204, b"")
    assert await rows_of(api.pool, gone) == {}
    assert await rows_of(api.pool, kept) == before
    assert (await delete(api, gone)).status_code == 404
    assert [row["id"] for row in (await api.get("/v1/campaigns"))["campaigns"]] == [kept]


async def test_a_draft_whose_webhook_was_tried_out_is_deleted(api: Api) -> None:
    campaign_id = await api.campaign(webhook={"url": "https://example.com/hook"})
    [webhook] = (await api.get("/v1/webhooks"))["webhooks"]
    await api.post(f"/v1/webhooks/{webhook['id']}/test", status=202)

    assert (await delete(api, campaign_id)).status_code == 204
    assert await rows_of(api.pool, campaign_id) == {}
    assert await api.pool.fetchval("SELECT count(*) FROM webhook_deliveries") == 0


async def test_an_empty_draft_is_deleted(api: Api) -> None:
    campaign_id = await api.campaign()

    assert (await delete(api, campaign_id)).status_code == 204
    assert await rows_of(api.pool, campaign_id) == {}


@pytest.mark.parametrize(
    ("commands", "says"),
    [
        (["start"], "should be running"),
        (["start", "pause"], "should be paused"),
        (["start", "cancel"], "the records of a campaign stay"),
        (["cancel"], "the records of a campaign stay"),
    ],
)
async def test_a_campaign_that_took_a_command_is_not_deleted(
    api: Api, commands: list[str], says: str
) -> None:
    campaign_id = await a_full_draft(api)
    for command in commands:
        await api.post(f"/v1/campaigns/{campaign_id}/{command}", status=202)
    before = await rows_of(api.pool, campaign_id)

    refused = await delete(api, campaign_id)

    assert (refused.status_code, refused.json()["code"]) == (409, "not_a_draft")
    assert says in refused.json()["detail"]
    assert await rows_of(api.pool, campaign_id) == before


async def test_a_stranger_deletes_nothing(api: Api) -> None:
    campaign_id = await a_full_draft(api)
    before = await rows_of(api.pool, campaign_id)

    assert (await delete(await api.another(), campaign_id)).status_code == 404
    assert await rows_of(api.pool, campaign_id) == before


async def test_a_start_during_the_deletion_keeps_the_whole_campaign(api: Api) -> None:
    campaign_id = await a_full_draft(api)
    before = await rows_of(api.pool, campaign_id)

    async with asyncio.TaskGroup() as tasks, held_contact(api, campaign_id):
        deletion = tasks.create_task(delete(api, campaign_id))
        await blocked(api, 1)
        await api.post(f"/v1/campaigns/{campaign_id}/start", status=202)

    assert deletion.result().json()["code"] == "not_a_draft"
    assert await rows_of(api.pool, campaign_id) == before | {"campaign_changes": 1}


async def test_a_black_out_does_not_wait_for_the_contacts_of_a_deletion(api: Api) -> None:
    campaign_id = await a_full_draft(api)

    async with asyncio.TaskGroup() as tasks, held_contact(api, campaign_id):
        deletion = tasks.create_task(delete(api, campaign_id))
        await blocked(api, 1)
        await api.post("/v1/blackouts", {"reason": "storm"}, status=201)

    assert deletion.result().status_code == 204
    assert await rows_of(api.pool, campaign_id) == {}


async def test_what_comes_to_a_draft_during_its_deletion_finds_it_gone(api: Api) -> None:
    campaign_id = await a_full_draft(api)
    added = f"/v1/campaigns/{campaign_id}/contacts"
    number = {"number": "+12025559999"}
    suppression = number | {"reason": "x", "campaign_id": campaign_id}

    async with asyncio.TaskGroup() as tasks, held_contact(api, campaign_id):
        deletion = tasks.create_task(delete(api, campaign_id))
        await blocked(api, 1)
        file = tasks.create_task(api.import_csv(campaign_id, NUMBERS, status=404))
        entries = tasks.create_task(api.post(added, [number], status=404))
        listed = tasks.create_task(api.post("/v1/suppressions", suppression, status=422))
        await blocked(api, 4)

    assert deletion.result().status_code == 204
    assert file.result()["code"] == entries.result()["code"] == "not_found"
    assert listed.result()["errors"][0]["reason"] == "unknown_campaign"
    assert await rows_of(api.pool, campaign_id) == {}


async def test_a_draft_is_not_deleted_while_people_are_added(api: Api) -> None:
    campaign_id = await a_full_draft(api)
    async with api.pool.acquire() as conn, conn.transaction():
        await locks.block_completion(conn, campaign_id)

        refused = await delete(api, campaign_id)

    assert (refused.status_code, refused.json()["code"]) == (409, "import_under_way")
    assert (await delete(api, campaign_id)).status_code == 204


async def test_start_import_and_deletion_at_once_leave_a_whole_campaign_or_none(api: Api) -> None:
    for _ in range(15):
        campaign_id = await a_full_draft(api)
        path = f"/v1/campaigns/{campaign_id}"
        more = [{"number": f"+1202556{n:04}", "zone": "Atlantic/Reykjavik"} for n in range(20)]

        deleted, started, _ = await asyncio.gather(
            delete(api, campaign_id),
            api.ask("POST", f"{path}/start"),
            api.ask("POST", f"{path}/contacts", json=more),
        )

        left = await rows_of(api.pool, campaign_id)
        if deleted.status_code == 204:
            assert started.status_code == 404
            assert left == {}
            continue
        assert deleted.json()["code"] in {"not_a_draft", "import_under_way"}
        assert started.status_code == 202
        counted = (await api.get(f"{path}/counters"))["contacts"]["total"]
        assert left["contacts"] == counted >= 40


async def test_two_deletions_at_once_delete_it_once(api: Api) -> None:
    campaign_id = await a_full_draft(api)

    answers = await asyncio.gather(*(delete(api, campaign_id) for _ in range(3)))

    codes = sorted(answer.status_code for answer in answers)
    assert codes[0] == 204
    assert set(codes[1:]) <= {404, 409}
    assert await rows_of(api.pool, campaign_id) == {}


async def test_the_pages_about_a_draft_can_be_read_during_its_deletion(api: Api) -> None:
    campaign_id = await a_full_draft(api)
    contact_id = await api.pool.fetchval("SELECT min(id) FROM contacts")
    path = f"/v1/campaigns/{campaign_id}"
    pages = [
        f"{path}/why",
        f"{path}/counters",
        f"{path}/contacts",
        f"/v1/contacts/{contact_id}/why",
    ]

    answers = await asyncio.gather(
        delete(api, campaign_id),
        *(api.ask("GET", page) for page in pages * 5),
        api.ask("POST", f"{path}/preflight", json={}),
    )

    assert {answer.status_code for answer in answers} <= {200, 204, 404}
