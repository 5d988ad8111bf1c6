"""Wavix's webhooks of the account: create, list, delete, one for each type of event."""

from typing import Any

import pytest

from tests.support.wavix import Wavix

URL = "https://example.com/wavix"
PATHS = ["/v1/call/webhooks", "/v1/calls/webhooks"]


async def set_webhook(wavix: Wavix, event_type: str, url: str = URL) -> bytes:
    body = {"url": url, "event_type": event_type}
    answer = await wavix.ask("POST", PATHS[0], json=body)
    assert answer.status_code == 201, answer.text
    return answer.content


@pytest.mark.parametrize("path", PATHS)
async def test_it_is_created_listed_and_deleted(wavix: Wavix, path: str) -> None:
    created = await wavix.ask("POST", path, json={"url": URL, "event_type": "post-call"})
    await set_webhook(wavix, "on-call", f"{URL}/on")

    listed = await wavix.ask("GET", path)
    deleted = await wavix.ask("DELETE", path, params={"event_type": "post-call"})
    left = await wavix.ask("GET", path)

    assert created.status_code == 201
    assert created.content == (
        b'{"success":true,"event_type":"post-call","url":"https://example.com/wavix"}'
    )
    on_call = {"event_type": "on-call", "url": f"{URL}/on"}
    assert listed.json() == [on_call, {"event_type": "post-call", "url": URL}]
    assert (deleted.status_code, deleted.content) == (200, b'{"success":true}')
    assert left.json() == [on_call]


async def test_another_one_of_a_type_takes_its_place(wavix: Wavix) -> None:
    for event_type in ("post-call", "post-call"):
        await set_webhook(wavix, event_type)
    await set_webhook(wavix, "post-call", f"{URL}/2")
    await wavix.ask("DELETE", PATHS[0], params={"event_type": "post-call"})
    await set_webhook(wavix, "post-call", f"{URL}/3")

    listed = await wavix.ask("GET", PATHS[0])

    assert listed.json() == [{"event_type": "post-call", "url": f"{URL}/3"}]
    assert await wavix.native.pool.fetchval("SELECT count(*) FROM webhook_endpoints") == 1


async def test_one_that_is_taken_back_gets_nothing_more(wavix: Wavix) -> None:
    await set_webhook(wavix, "post-call")
    (own,) = (await wavix.native.get("/v1/webhooks"))["webhooks"]
    await wavix.native.post(f"/v1/webhooks/{own['id']}/test", status=202)

    await wavix.ask("DELETE", PATHS[0], params={"event_type": "post-call"})

    states = await wavix.native.pool.fetch("SELECT state, last_error FROM webhook_deliveries")
    assert [tuple(row) for row in states] == [("exhausted", "endpoint disabled")]
    assert own["campaign_id"] == 0


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ({"url": URL}, "event_type"),
        ({"event_type": "post-call"}, "url"),
        ({"url": "example.com", "event_type": "post-call"}, "url"),
        ({"url": URL, "event_type": "recording"}, "event_type"),
        ({"url": URL, "event_type": "post-call", "secret": "x"}, "secret"),
    ],
)
async def test_a_faulty_parameter_is_named(
    wavix: Wavix, body: dict[str, Any], parameter: str
) -> None:
    answer = await wavix.ask("POST", PATHS[0], json=body)

    assert answer.status_code == 400
    assert answer.json()["message"] == f"Missing or invalid parameter {parameter}"


async def test_what_is_not_there_is_not_found_and_needs_its_type(wavix: Wavix) -> None:
    absent = await wavix.ask("DELETE", PATHS[0], params={"event_type": "post-call"})
    untyped = await wavix.ask("DELETE", PATHS[0])

    assert (absent.status_code, absent.json()["message"]) == (404, "Record not found")
    assert untyped.json()["message"] == "Missing or invalid parameter event_type"


async def test_the_webhooks_of_another_account_are_not_its_own(wavix: Wavix) -> None:
    await set_webhook(wavix, "post-call")
    stranger = await wavix.native.another()
    key = await stranger.post("/v1/dialect-credentials", {"dialect": "wavix"}, status=201)
    theirs = Wavix(native=stranger, key=key["api_key"], callflow_id=1)

    listed = await theirs.ask("GET", PATHS[0])
    deleted = await theirs.ask("DELETE", PATHS[0], params={"event_type": "post-call"})

    assert (listed.json(), deleted.status_code) == ([], 404)
    assert len((await wavix.ask("GET", PATHS[0])).json()) == 1
