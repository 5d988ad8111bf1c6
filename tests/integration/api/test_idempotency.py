"""A request that is repeated with its Idempotency-Key is carried out once and answered the same."""

import asyncio
from datetime import timedelta
from functools import partial
from typing import Any

import httpx2
import pytest

from tests.support.api import DEFINITION, Api
from tests.support.database import one_waits_for_a_lock
from tests.support.every_write import CSV, a_write, operations
from tests.support.waiting import until

# Their answers have the text of an API key, which is stored nowhere.
SHOWN_ONCE = {"create_api_key", "rotate_api_key", "create_dialect_credentials"}


async def send(api: Api, key: str, name: str = "campaign", **options: Any) -> httpx2.Response:
    """Create a campaign under this Idempotency-Key."""
    headers = {"Idempotency-Key": key} | options.pop("headers", {})
    return await api.ask(
        "POST", "/v1/campaigns", json=DEFINITION | {"name": name}, headers=headers, **options
    )


async def campaigns(api: Api) -> int:
    return int(await api.pool.fetchval("SELECT count(*) FROM campaigns"))


async def age(api: Api, span: timedelta) -> None:
    await api.pool.execute(
        "UPDATE idempotency_keys SET created_at = created_at - $1::interval", span
    )


async def test_each_operation_that_changes_something_takes_a_key(api: Api) -> None:
    for name in operations("POST", "PATCH", "PUT", "DELETE"):
        client = await api.another()
        write = await a_write(client, name)
        options = write.options | {"headers": {**write.options.get("headers", {}), **key_of("k")}}

        first = await client.ask(write.method, write.path, **options)
        again = await client.ask(write.method, write.path, **options)
        other = await send(client, "k", name="with another body")

        assert first.is_success, (name, first.text)
        assert "idempotent-replayed" not in first.headers, name
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused"), name
        if name in SHOWN_ONCE:
            assert (again.status_code, again.json()["code"]) == (409, "answer_not_kept"), name
            continue
        assert (again.status_code, again.content) == (first.status_code, first.content), name
        assert again.headers["idempotent-replayed"] == "true", name
        for header in ("content-type", "location"):
            assert again.headers.get(header) == first.headers.get(header), name


def key_of(word: str) -> dict[str, str]:
    return {"Idempotency-Key": word}


async def test_a_key_with_another_body_or_route_is_refused(api: Api) -> None:
    await send(api, "k")

    body = await send(api, "k", name="another")
    route = await api.ask("POST", "/v1/call-flows", json=FLOW, headers=key_of("k"))

    for answer in (body, route):
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert await campaigns(api) == 1


FLOW = {"name": "f", "flow": {"start": "end", "steps": {"end": {"type": "hang_up"}}}}


async def test_a_repetition_while_the_first_request_runs_is_told_to_wait(api: Api) -> None:
    path, change = f"/v1/campaigns/{await api.campaign()}", {"name": "Others"}
    edit = partial(api.ask, "PATCH", path, json=change, headers=key_of("k"))
    async with api.pool.acquire() as conn, conn.transaction():
        await conn.execute("SELECT FROM campaigns FOR UPDATE")
        running = asyncio.create_task(edit())
        await until(lambda: one_waits_for_a_lock(api.pool))
        meanwhile = await edit()
    first = await running
    again = await edit()

    assert (meanwhile.status_code, meanwhile.json()["code"]) == (409, "idempotency_key_in_use")
    assert meanwhile.headers["retry-after"] == "1"
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == "true"
    assert await api.pool.fetchval("SELECT count(*) FROM campaign_edits") == 1


async def test_many_at_once_make_one_resource(api: Api) -> None:
    answers = await asyncio.gather(*(send(api, "k") for _ in range(12)))
    last = await send(api, "k")

    first = [
        answer
        for answer in answers
        if answer.status_code == 201 and "idempotent-replayed" not in answer.headers
    ]
    assert len(first) == 1
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert last.json() == first[0].json()
    assert await campaigns(api) == 1


async def test_a_refusal_is_not_kept(api: Api) -> None:
    campaign_id = await api.campaign()
    start = ("POST", f"/v1/campaigns/{campaign_id}/start")

    refused = await api.ask(*start, headers=key_of("k"))
    await api.post(
        f"/v1/campaigns/{campaign_id}/contacts", [{"number": "+12025550123"}], status=200
    )
    granted = await api.ask(*start, headers=key_of("k"))

    assert (refused.status_code, granted.status_code) == (409, 202)


async def test_keys_are_those_of_one_api_key(api: Api) -> None:
    await send(api, "k")

    other = await send(await api.another(), "k", name="theirs")

    assert other.status_code == 201
    assert await campaigns(api) == 2


async def test_a_key_is_free_again_after_a_day(api: Api) -> None:
    await send(api, "k")
    await age(api, timedelta(hours=23, minutes=59))
    kept = await send(api, "k")
    await age(api, timedelta(minutes=1))
    free = await send(api, "k", name="another")
    again = await send(api, "k", name="another")

    assert kept.headers["idempotent-replayed"] == "true"
    assert (free.status_code, free.json()["name"]) == (201, "another")
    assert again.content == free.content
    assert await campaigns(api) == 2


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "é", "a\tb"])
async def test_a_key_that_is_no_printable_word_is_refused(api: Api, key: str) -> None:
    answer = await send(api, "k", headers={"Idempotency-Key": key.encode()})

    assert (answer.status_code, answer.json()["code"]) == (422, "malformed_idempotency_key")
    assert await campaigns(api) == 0


async def test_a_key_may_be_quoted_and_as_long_as_255_characters(api: Api) -> None:
    bare = await send(api, "x" * 255)
    quoted = await send(api, f'"{"x" * 255}"')

    assert bare.status_code == 201
    assert quoted.headers["idempotent-replayed"] == "true"


async def test_a_file_is_known_by_its_bytes(api: Api) -> None:
    path = f"/v1/campaigns/{await api.campaign()}/contacts/import"
    headers = CSV["headers"] | key_of("k")

    first = await api.ask("POST", path, content=CSV["content"], headers=headers)
    again = await api.ask("POST", path, content=CSV["content"], headers=headers)
    other = await api.ask("POST", path, content=CSV["content"] + b"+12025550125\n", headers=headers)

    assert first.json() == again.json()
    assert first.json()["imported"] == 1
    assert other.status_code == 422
    assert await api.pool.fetchval("SELECT count(*) FROM contacts") == 1


async def test_a_file_as_answer_is_not_kept_and_the_import_is_not_repeated(api: Api) -> None:
    path = f"/v1/campaigns/{await api.campaign()}/contacts/import?format=csv"
    options: dict[str, Any] = {"content": CSV["content"], "headers": CSV["headers"] | key_of("k")}

    first = await api.ask("POST", path, **options)
    again = await api.ask("POST", path, **options)

    assert first.status_code == 200
    assert (again.status_code, again.json()["code"]) == (409, "answer_not_kept")


async def test_a_dry_run_keeps_its_answer_and_stores_nothing(api: Api) -> None:
    path = f"/v1/campaigns/{await api.campaign()}/contacts/import?dry_run=true"
    options: dict[str, Any] = {"content": CSV["content"], "headers": CSV["headers"] | key_of("k")}

    first = await api.ask("POST", path, **options)
    again = await api.ask("POST", path, **options)

    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert await api.pool.fetchval("SELECT count(*) FROM contacts") == 0


async def test_a_command_is_published_after_its_commit_and_not_again(api: Api) -> None:
    path = f"/v1/campaigns/{await api.campaign()}"
    await api.post(f"{path}/contacts", [{"number": "+12025550123"}], status=200)

    for _ in range(2):
        started = await api.ask("POST", f"{path}/start", headers=key_of("k"))
        assert started.status_code == 202

    assert len(api.published) == 1
