"""Erasures: what is known of a person goes, what counts stays, and nothing is half done."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from services.api.operation_runner import MOST_TRIES, OperationRunner
from shared.db.api import erasures, operations
from shared.db.types import Pool
from tests.support.api import Api
from tests.support.erasing import erase, erasing, step, told
from tests.support.everywhere import found_in

ZOE, BO = "+12025550123", "+12025550124"
ROWS = f"number,external_id,name\n{ZOE},Z-7,Zebedee Quux\n{BO},B-8,Bo Berg\n".encode()
OF_EVENT = "convert_from(payload, 'UTF8')::jsonb #>> '{data,external_id}'"
PERSON = (ZOE, "Z-7", "Zebedee", "Quux")


@pytest.fixture
async def runner(pool: Pool) -> AsyncIterator[OperationRunner]:
    async with erasing(pool) as running:
        yield running


async def a_campaign(api: Api) -> int:
    campaign_id = await api.campaign()
    await api.import_csv(campaign_id, ROWS)
    return campaign_id


async def test_a_person_is_erased_by_number_and_the_others_stay(
    api: Api, runner: OperationRunner
) -> None:
    campaign_id = await a_campaign(api)
    other = await api.another()
    await other.import_csv(await other.campaign(), ROWS)
    counted = await api.get(f"/v1/campaigns/{campaign_id}/counters")

    begun = await erase(api, number=ZOE)
    stopped = await api.get(f"/v1/campaigns/{campaign_id}/counters")
    shown = await step(api, runner, begun)

    assert (begun["kind"], begun["campaign_id"], begun["state"]) == ("erasure", None, "queued")
    assert (shown["state"], shown["erased"]["contacts"]) == ("completed", 1)
    assert stopped["finished"] == {"excluded": 1}
    after = await api.get(f"/v1/campaigns/{campaign_id}/counters")
    assert after == stopped
    assert after["contacts"]["total"] == counted["contacts"]["total"] == 2
    [left] = (await api.get(f"/v1/campaigns/{campaign_id}/contacts"))["contacts"]
    assert left["number"] == BO
    [kept] = (await api.get("/v1/suppressions"))["suppressions"]
    assert (kept["number"], kept["reason"], kept["expires_at"]) == (ZOE, "erasure", None)
    assert len((await other.get("/v1/contacts"))["contacts"]) == 2
    assert await api.pool.fetchval("SELECT request FROM operations") == "{}"


async def test_an_external_id_stands_for_all_numbers_of_its_contacts(
    api: Api, runner: OperationRunner
) -> None:
    for number in (ZOE, "+12025550177"):
        row = {"number": number, "external_id": "Z-7"}
        await api.post(f"/v1/campaigns/{await api.campaign()}/contacts", [row], status=200)
    await a_campaign(api)

    begun = await erase(api, external_id="Z-7", keep_suppression=False)
    shown = await step(api, runner, begun)

    assert (shown["state"], shown["erased"]["contacts"]) == ("completed", 3)
    assert await found_in(api.pool, [*PERSON, "+12025550177"]) == set()


async def test_a_contact_that_is_deleted_meanwhile_is_erased_by_its_external_id(
    api: Api, runner: OperationRunner
) -> None:
    await a_campaign(api)
    [zoe] = (await api.get("/v1/contacts?external_id=Z-7"))["contacts"]

    begun = await erase(api, external_id="Z-7", keep_suppression=False)
    assert (await api.ask("DELETE", f"/v1/contacts/{zoe['id']}")).status_code == 204
    shown = await step(api, runner, begun)

    assert shown["state"] == "completed"
    assert await found_in(api.pool, PERSON) == set()


async def test_without_its_suppression_the_number_may_be_called_again(
    api: Api, runner: OperationRunner
) -> None:
    campaign_id = await a_campaign(api)
    for of in ({}, {"campaign_id": campaign_id}):
        asked = {"number": ZOE, "reason": "Zebedee Quux does not want it"}
        await api.post("/v1/suppressions", asked | of, status=201)

    await step(api, runner, await erase(api, number=ZOE, keep_suppression=False))
    await api.import_csv(campaign_id, ROWS)

    assert (await api.get("/v1/suppressions"))["suppressions"] == []
    states = await api.pool.fetch("SELECT state FROM contacts")
    assert [row["state"] for row in states] == ["pending", "pending"]


async def test_reasons_of_suppressions_are_erased_with_it(
    api: Api, runner: OperationRunner
) -> None:
    campaign_id = await a_campaign(api)
    for of in ({}, {"campaign_id": campaign_id}):
        asked = {"number": ZOE, "reason": "Zebedee Quux does not want it"}
        await api.post("/v1/suppressions", asked | of, status=201)

    await step(api, runner, await erase(api, number=ZOE))

    assert await found_in(api.pool, PERSON) == {"suppressions.number"}


async def test_an_erasure_waits_for_a_call_and_for_what_is_told_of_it(
    api: Api, runner: OperationRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "PUT_OFF_SECONDS", 3600.0)
    campaign_id = await a_campaign(api)
    await api.pool.execute(
        """
        WITH called AS (
            UPDATE contacts SET state = 'active' WHERE number = $1
            RETURNING tenant_id, campaign_id, id
        )
        INSERT INTO attempts (tenant_id, id, campaign_id, contact_id, claimed_at, dialing_at,
            placed_at, window_closes_at, revisit_at, number, state, provider_call_id,
            tzdata_version, phone)
        SELECT tenant_id, uuidv7(), campaign_id, id, now(), now(), now(), now(), now(), 1,
            'placed', 'x', 'x', $1 FROM called
        """,
        ZOE,
    )

    begun = await erase(api, number=ZOE)
    first = await step(api, runner, begun)
    idle = await operations.take(api.pool, lease=uuid4())
    await api.pool.execute(
        """
        UPDATE attempts SET state = 'ended', ended_at = now(), revisit_at = NULL, outcome = 'busy',
            phone = NULL
        """
    )
    await api.pool.execute(
        "UPDATE contacts SET state = 'finished', outcome = 'excluded' WHERE number = $1", ZOE
    )
    shown = await step(api, runner, begun)

    assert (first["state"], first["waits_for"]) == ("queued", "call")
    assert idle is None
    assert (shown["state"], shown["waits_for"]) == ("completed", None)
    assert shown["erased"] == {"contacts": 1, "attempts": 1, "calls": 0, "messages": 0}
    assert await found_in(api.pool, PERSON) == {"suppressions.number"}
    assert (await api.get(f"/v1/campaigns/{campaign_id}"))["state"] == "draft"


async def test_a_file_that_was_uploaded_before_is_imported_first(
    api: Api, runner: OperationRunner
) -> None:
    campaign_id = await api.campaign()
    await api.ask(
        "POST",
        f"/v1/campaigns/{campaign_id}/contacts/import",
        content=ROWS,
        headers={"Prefer": "respond-async", "Content-Type": "text/csv"},
    )
    await api.pool.execute("UPDATE operations SET not_before = 'infinity'")

    begun = await erase(api, number=ZOE)
    operation = await operations.take(api.pool, lease=uuid4())
    assert operation is not None
    await runner.run(operation)
    waiting = await api.get(f"/v1/operations/{begun['id']}")
    await api.pool.execute("UPDATE operations SET not_before = 'infinity' WHERE kind = 'erasure'")
    await api.pool.execute("UPDATE operations SET not_before = NULL WHERE kind <> 'erasure'")
    imported = await operations.take(api.pool, lease=uuid4())
    assert imported is not None
    await runner.run(imported)
    shown = await step(api, runner, begun)

    assert (waiting["state"], waiting["waits_for"]) == ("queued", "import")
    assert (shown["state"], shown["erased"]["contacts"]) == ("completed", 1)
    assert await found_in(api.pool, PERSON) == {"suppressions.number"}


@pytest.mark.parametrize(("state", "wanted"), [("completed", "running"), ("cancelled",) * 2])
async def test_an_erasure_waits_for_the_edit_of_a_campaign_until_that_has_ended(
    api: Api, runner: OperationRunner, state: str, wanted: str
) -> None:
    await a_campaign(api)
    await api.pool.execute("UPDATE campaigns SET replan_after = $1", ZOE)

    begun = await erase(api, number=ZOE, keep_suppression=False)
    waiting = await step(api, runner, begun)
    await api.pool.execute(
        "UPDATE campaigns SET state = $1, wanted_state = $2, started_at = now(), ended_at = now()",
        state,
        wanted,
    )
    shown = await step(api, runner, begun)

    assert (waiting["state"], waiting["waits_for"]) == ("queued", "edit")
    assert (shown["state"], shown["erased"]["contacts"]) == ("completed", 1)
    assert await found_in(api.pool, PERSON) == set()
    assert await api.pool.fetchval("SELECT replan_after FROM campaigns") == ""


async def test_an_erasure_that_was_left_is_resumed(
    api: Api, runner: OperationRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    await a_campaign(api)
    begun = await erase(api, number=ZOE)

    async def die(*_: Any, **__: Any) -> dict[str, int]:
        raise ConnectionError

    with monkeypatch.context() as broken:
        broken.setattr(erasures, "delete", die)
        left = await step(api, runner, begun)
    await api.pool.execute("UPDATE operations SET leased_until = now() - interval '1 second'")
    shown = await step(api, runner, begun)

    assert left["state"] == "running"
    assert (shown["state"], shown["erased"]["contacts"]) == ("completed", 1)


async def test_one_that_fails_again_and_again_is_given_up_and_forgets_its_person(
    api: Api, runner: OperationRunner
) -> None:
    begun = await erase(api, number=ZOE)
    await api.pool.execute("UPDATE operations SET tries = $1", MOST_TRIES)

    shown = await step(api, runner, begun)

    assert (shown["state"], shown["problem"]["code"]) == ("failed", "internal")
    assert await api.pool.fetchval("SELECT request FROM operations") == "{}"


async def test_a_cancelled_erasure_forgets_its_person_and_leaves_the_suppression(api: Api) -> None:
    begun = await erase(api, number=ZOE)

    shown = await api.post(f"/v1/operations/{begun['id']}/cancel", status=200)

    assert shown["state"] == "cancelled"
    assert await found_in(api.pool, [ZOE]) == {"suppressions.number"}


async def test_kept_answers_about_the_person_are_dropped_and_not_given_twice(
    api: Api, runner: OperationRunner
) -> None:
    campaign_id = await a_campaign(api)
    [bo, zoe] = (await api.get("/v1/contacts"))["contacts"]
    keys = {"PATCH": f"/v1/contacts/{zoe['id']}", "POST": f"/v1/campaigns/{campaign_id}/contacts"}
    bodies: dict[str, Any] = {"PATCH": {"external_id": "Z-9"}, "POST": [{"number": ZOE}]}

    async def answers() -> list[int]:
        return [
            (
                await api.ask(
                    method, path, json=bodies[method], headers={"Idempotency-Key": method}
                )
            ).status_code
            for method, path in keys.items()
        ]

    before = await answers()
    await step(api, runner, await erase(api, number=ZOE, keep_suppression=False))

    assert before == [200, 200]
    assert await found_in(api.pool, [*PERSON, "Z-9"]) == set()
    assert await answers() == [409, 200]
    assert await api.pool.fetchval("SELECT count(*) FROM contacts") == 1
    assert bo["number"] == BO


@pytest.mark.parametrize("external_id", ["Z-7", 'Z"7', "Z\\7", "Z\t7", "Z\x1f7", "Zoë"])
async def test_an_external_id_of_no_contact_is_found_in_events_and_answers(
    api: Api, runner: OperationRunner, external_id: str
) -> None:
    path = f"/v1/campaigns/{await api.campaign()}/contacts"
    await api.post(path, [{"number": ZOE}], status=200)
    [zoe] = (await api.get("/v1/contacts"))["contacts"]
    await api.ask(
        "PATCH",
        f"/v1/contacts/{zoe['id']}",
        json={"external_id": external_id},
        headers={"Idempotency-Key": "k"},
    )
    await api.post("/v1/suppressions", {"number": ZOE, "reason": "asked"}, status=201)
    await told(api)
    assert await api.pool.fetchval(f"SELECT {OF_EVENT} FROM public_events") == external_id
    assert (await api.ask("DELETE", f"/v1/contacts/{zoe['id']}")).status_code == 204

    await step(api, runner, await erase(api, external_id=external_id))

    assert await api.pool.fetchval(f"SELECT {OF_EVENT} FROM public_events") is None
    assert await api.pool.fetchval("SELECT count(body) FROM idempotency_keys") == 0


@pytest.mark.parametrize(
    ("asked", "field", "code"),
    [
        ({}, "number", "missing"),
        ({"number": ZOE, "external_id": "Z-7"}, "external_id", "not_both"),
        ({"number": "2025550123"}, "number", "no_country"),
        ({"number": "x"}, "number", "not_a_number"),
        ({"external_id": ""}, "external_id", "string_too_short"),
        ({"number": ZOE, "keep": True}, "keep", "extra_forbidden"),
    ],
)
async def test_what_cannot_be_erased_is_refused(
    api: Api, asked: dict[str, Any], field: str, code: str
) -> None:
    problem = await api.post("/v1/erasures", asked, status=422)

    [error] = problem["errors"]
    assert (error["pointer"], error["reason"]) == (f"/{field}", code)
    assert await api.pool.fetchval("SELECT count(*) FROM operations") == 0


async def test_a_lone_surrogate_is_no_external_id(api: Api) -> None:
    answer = await api.ask(
        "POST",
        "/v1/erasures",
        content=rb'{"external_id": "\ud800"}',
        headers={"Content-Type": "application/json"},
    )

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/external_id")


async def test_an_external_id_of_many_is_none_of_a_person(api: Api) -> None:
    rows = [{"number": f"+1202555{n:04}", "external_id": "all"} for n in range(101)]
    await api.post(f"/v1/campaigns/{await api.campaign()}/contacts", rows, status=200)

    problem = await api.post("/v1/erasures", {"external_id": "all"}, status=422)

    assert problem["errors"][0]["reason"] == "too_many_numbers"
    assert (await api.get("/v1/suppressions"))["suppressions"] == []


async def test_erasures_are_listed_apart_from_imports(api: Api) -> None:
    begun = await erase(api, number=ZOE)

    for kind, ids in (("erasure", [begun["id"]]), ("contacts_import", [])):
        page = await api.get(f"/v1/operations?kind={kind}")
        assert [entry["id"] for entry in page["operations"]] == ids
