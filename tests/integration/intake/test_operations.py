"""Imports as operations: begun, shown, cancelled, shared between apis, and each row taken once."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY

from services.api.http.resources import Resources
from services.api.operation_import import LeaseLostError, OperationImport
from services.api.operation_runner import MOST_TRIES, OperationRunner
from shared.db.api import imports, operations
from shared.db.api.operations import MOST_OF_TENANT, Operation
from shared.db.events import retention
from shared.db.scheduler import completion
from shared.db.types import Connection, Pool
from shared.domain.campaigns import CampaignKey
from shared.kafka.messages.envelope import Message
from shared.runtime.process import now
from tests.support.api import Api
from tests.support.campaigns import a_rulebook
from tests.support.database import api_pool

A, B, C = "+12025550123", "+12025550124", "+12025550125"


async def _publish(_messages: Any) -> None:
    raise AssertionError(Message)


@pytest.fixture
async def runner(pool: Pool) -> AsyncIterator[OperationRunner]:
    async with api_pool(pool) as own:
        yield OperationRunner(
            Resources(pool=own, publish=_publish, rulebook=a_rulebook()), parts_at_once=1
        )


async def begin(api: Api, campaign_id: int, file: str, query: str = "") -> dict[str, Any]:
    answer = await api.ask(
        "POST",
        f"/v1/campaigns/{campaign_id}/contacts/import{query}",
        content=file.encode(),
        headers={"Prefer": "wait=5, Respond-Async", "Content-Type": "text/csv"},
    )
    assert answer.status_code == 202, answer.text
    begun: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/v1/operations/{begun['id']}"
    assert answer.headers["preference-applied"] == "respond-async"
    return begun


def metrics() -> list[float]:
    """The operations that completed and that failed; the rows that are new, doubled and refused."""
    labels = [{"kind": "contacts_import", "result": result} for result in ("completed", "failed")]
    ends = [REGISTRY.get_sample_value("outdial_operations_ended_total", each) for each in labels]
    labels = [{"fate": fate} for fate in ("imported", "duplicates", "rejected")]
    rows = [REGISTRY.get_sample_value("outdial_operation_rows_total", each) for each in labels]
    return [value or 0 for value in (*ends, *rows)]


async def taken(pool: Pool) -> Operation:
    operation = await operations.take(pool, lease=uuid4())
    assert operation is not None
    return operation


async def ended(api: Api, runner: OperationRunner, begun: dict[str, Any]) -> dict[str, Any]:
    await runner.run(await taken(api.pool))
    return await api.get(f"/v1/operations/{begun['id']}")


async def rows_of(api: Api, begun: dict[str, Any]) -> list[str]:
    answer = await api.ask("GET", f"/v1/operations/{begun['id']}/rows")
    assert answer.headers["content-type"].startswith("text/csv")
    return answer.text.splitlines()


def many(count: int, *, bad_each: int = 0) -> str:
    """Rows with names; each `bad_each`-th has no number that can be called."""
    rows = (
        f"12,bad {n}" if bad_each and n % bad_each == 0 else f"+1202{2_000_000 + n},name {n}"
        for n in range(count)
    )
    return "number,name\n" + "\n".join(rows) + "\n"


async def test_a_file_is_imported_after_the_answer(api: Api, runner: OperationRunner) -> None:
    campaign_id = await api.campaign()
    await api.import_csv(campaign_id, f"number\n{C}\n".encode())
    file = f"number,name\n{A},Zoë\n12,x\n{B},Bo\n{A},\n{C},Cy\n"

    counted_before = metrics()
    begun = await begin(api, campaign_id, file)
    shown = await ended(api, runner, begun)

    assert (begun["state"], begun["campaign_id"]) == ("queued", campaign_id)
    assert shown["state"] == "completed"
    assert [after - before for before, after in zip(counted_before, metrics(), strict=True)] == [
        *(1, 0),
        *(2, 2, 1),
    ]
    assert shown["counts"] == {
        "imported": 2,
        "updated": 0,
        "duplicates": 2,
        "suppressed": 0,
        "rejected": 1,
        "warnings": 0,
    }
    assert shown["bytes_read"] == shown["bytes_total"] == len(file.encode())
    assert [column["taken_for"] for column in shown["columns"]] == ["number", "attribute"]
    header, *rows = await rows_of(api, begun)
    assert header == "line,result,field,reason,first_line,remedy"
    assert [row.split(",")[:5] for row in rows] == [
        ["3", "refused", "number", "no_country", ""],
        ["5", "duplicate", "", "in_file", "2"],
        ["6", "duplicate", "", "in_campaign", ""],
    ]
    assert (
        await api.pool.fetchval("SELECT count(*) FROM operation_parts WHERE kind = 'upload'") == 0
    )
    counted = await api.get(f"/v1/campaigns/{campaign_id}/counters")
    assert counted["contacts"]["total"] == 3


async def test_an_import_that_was_left_goes_on_after_its_last_batch(
    api: Api, runner: OperationRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = await api.campaign()
    begun = await begin(api, campaign_id, many(10_000, bad_each=100))
    merge, merged = imports.merge, 0

    async def fail_in_third_batch(*given: Any, **named: Any) -> Any:
        nonlocal merged
        merged += 1
        # Two in each batch: of its part, and of what waits.
        if merged == 5:
            raise ConnectionError
        return await merge(*given, **named)

    monkeypatch.setattr(imports, "merge", fail_in_third_batch)
    await runner.run(await taken(api.pool))
    left = await api.get(f"/v1/operations/{begun['id']}")
    idle = await operations.take(api.pool, lease=uuid4())
    await api.pool.execute("UPDATE operations SET leased_until = now() - interval '1 second'")
    shown = await ended(api, runner, begun)

    assert (left["state"], left["counts"]["imported"]) == ("running", 8192)
    assert 0 < left["bytes_read"] < left["bytes_total"]
    assert idle is None
    assert (shown["state"], shown["counts"]["imported"]) == ("completed", 9900)
    assert (shown["counts"]["duplicates"], shown["counts"]["rejected"]) == (0, 100)
    header, *rows = await rows_of(api, begun)
    assert [int(row.split(",")[0]) for row in rows] == [n + 2 for n in range(0, 10_000, 100)]
    assert header.startswith("line,")
    assert await api.pool.fetchval("SELECT count(*) FROM contacts") == 9900
    counted = await api.get(f"/v1/campaigns/{campaign_id}/counters")
    assert counted["contacts"]["total"] == 9900


async def test_a_batch_without_the_lease_imports_nothing(
    api: Api, runner: OperationRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = await begin(api, await api.campaign(), many(5000))
    operation = await taken(api.pool)
    stage = imports.stage

    async def cancel_meanwhile(conn: Connection, rows: bytes) -> None:
        await stage(conn, rows)
        await api.ask("POST", f"/v1/operations/{begun['id']}/cancel")

    monkeypatch.setattr(imports, "stage", cancel_meanwhile)
    with pytest.raises(LeaseLostError):
        await OperationImport(runner.resources, operation, 1).run()

    shown = await api.get(f"/v1/operations/{begun['id']}")
    assert (shown["state"], shown["counts"]["imported"]) == ("cancelled", 0)
    assert await api.pool.fetchval("SELECT count(*) FROM contacts") == 0
    assert await api.pool.fetchval("SELECT count(*) FROM operation_parts") == 0


async def test_a_second_cancel_is_the_first_and_an_end_is_not_cancelled(
    api: Api, runner: OperationRunner
) -> None:
    campaign_id = await api.campaign()
    first = await begin(api, campaign_id, many(10))
    cancel = f"/v1/operations/{first['id']}/cancel"
    states = [(await api.post(cancel, status=200))["state"] for _ in range(2)]
    second = await begin(api, campaign_id, many(10))
    await ended(api, runner, second)

    problem = await api.post(f"/v1/operations/{second['id']}/cancel", status=409)

    assert states == ["cancelled", "cancelled"]
    assert problem["code"] == "operation_ended"


@pytest.mark.parametrize(
    ("query", "file", "code", "rejected"),
    [
        ("?on_error=refuse", many(9000, bad_each=4500), "rows_refused", 2),
        ("", "name\nZoë\n", "unreadable_file", 0),
    ],
)
async def test_a_failed_import_says_why_and_imports_nothing(
    api: Api, runner: OperationRunner, query: str, file: str, code: str, rejected: int
) -> None:
    begun = await begin(api, await api.campaign(), file, query)

    shown = await ended(api, runner, begun)

    assert (shown["state"], shown["problem"]["code"]) == ("failed", code)
    assert shown["problem"]["errors"][0]["reason"] in ("no_country", "missing_column")
    assert shown["counts"]["rejected"] == rejected
    assert len(await rows_of(api, begun)) == 1 + rejected
    assert await api.pool.fetchval("SELECT count(*) FROM contacts") == 0


async def test_a_dry_run_counts_and_stores_nothing(api: Api, runner: OperationRunner) -> None:
    begun = await begin(api, await api.campaign(), many(9000, bad_each=4500), "?dry_run=true")

    shown = await ended(api, runner, begun)

    assert (shown["state"], shown["counts"]["imported"]) == ("completed", 8998)
    assert await api.pool.fetchval("SELECT count(*) FROM contacts") == 0
    assert len(await rows_of(api, begun)) == 3


async def test_an_import_that_kills_its_api_again_and_again_fails(
    api: Api, runner: OperationRunner
) -> None:
    begun = await begin(api, await api.campaign(), many(10))
    for _ in range(MOST_TRIES):
        await taken(api.pool)
        await api.pool.execute("UPDATE operations SET leased_until = now() - interval '1 second'")

    failed_before = metrics()[1]
    shown = await ended(api, runner, begun)

    assert (shown["state"], shown["problem"]["code"]) == ("failed", "internal")
    assert metrics()[1] == failed_before + 1


async def test_the_tenant_with_the_fewest_running_comes_first(api: Api) -> None:
    other = await api.another()
    mine, theirs = await api.campaign(), await other.campaign()
    for _ in range(MOST_OF_TENANT + 1):
        await begin(api, mine, many(1))
    await begin(other, theirs, many(1))

    order = [await operations.take(api.pool, lease=uuid4()) for _ in range(MOST_OF_TENANT + 2)]

    tenants = [operation.tenant_id if operation else None for operation in order]
    assert tenants[:2] == [api.tenant_id, other.tenant_id]
    assert tenants[2:] == [api.tenant_id] * (MOST_OF_TENANT - 1) + [None]


async def test_operations_belong_to_their_tenant(api: Api) -> None:
    campaign_id = await api.campaign()
    begun = await begin(api, campaign_id, many(1))
    other = await api.another()

    for method, path in (("GET", ""), ("GET", "/rows"), ("POST", "/cancel")):
        answer = await other.ask(method, f"/v1/operations/{begun['id']}{path}")
        assert answer.status_code == 404
    assert (await other.get("/v1/operations"))["operations"] == []
    listed = await api.get(f"/v1/operations?campaign_id={campaign_id}&state=queued")
    assert [entry["id"] for entry in listed["operations"]] == [begun["id"]]


async def test_a_campaign_waits_for_the_contacts_that_are_to_come(api: Api, pool: Pool) -> None:
    campaign_id = await api.campaign()
    begun = await begin(api, campaign_id, many(1))
    key = CampaignKey(api.tenant_id, campaign_id)

    open_before = (await completion.remainder(pool, key)).has_open_import
    kept = await api.ask("DELETE", f"/v1/campaigns/{campaign_id}")
    await api.post(f"/v1/operations/{begun['id']}/cancel", status=200)
    open_after = (await completion.remainder(pool, key)).has_open_import
    deleted = await api.ask("DELETE", f"/v1/campaigns/{campaign_id}")

    assert (open_before, open_after) == (True, False)
    assert (kept.status_code, kept.json()["code"]) == (409, "import_under_way")
    assert deleted.status_code == 204
    assert await pool.fetchval("SELECT count(*) FROM operations") == 0


async def test_old_operations_are_deleted_with_their_rows(
    api: Api, runner: OperationRunner
) -> None:
    begun = await begin(api, await api.campaign(), "number\n12\n")
    await ended(api, runner, begun)
    await begin(api, await api.campaign(), many(1))

    deleted = await retention.delete_operations(api.pool, api.tenant_id, before=now(), limit=10)

    assert deleted == 1
    assert await api.pool.fetchval("SELECT count(*) FROM operation_parts WHERE kind = 'rows'") == 0
    assert await api.pool.fetchval("SELECT count(*) FROM operations") == 1


async def test_a_runner_takes_what_is_queued_and_leaves_it_when_it_stops(
    api: Api, runner: OperationRunner
) -> None:
    begun = await begin(api, await api.campaign(), many(3))

    taken = [await runner.step(now()) for _ in range(2)]
    async with asyncio.timeout(20):
        while (await api.get(f"/v1/operations/{begun['id']}"))["state"] != "completed":
            await asyncio.sleep(0.01)
    await runner.stop()

    assert taken == [True, False]
