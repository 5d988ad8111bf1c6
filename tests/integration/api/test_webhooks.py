"""Webhook endpoints are listed and tried out, choose their events, and get deliveries again."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any, get_args
from uuid import uuid4

import asyncpg
import pytest

from shared.db.api import webhook_endpoints
from shared.db.types import Pool
from shared.domain.deliveries import EVENT_TYPES, EventType
from shared.kafka.messages.public import PublicEvent, WebhookTested
from tests.support.api import Api
from tests.support.waiting import until

URL = "https://example.com/hook"
ENDED = "outdial.attempt.ended.v1"


async def a_webhook(api: Api, **webhook: Any) -> dict[str, Any]:
    campaign_id = await api.campaign(webhook={"url": URL} | webhook)
    newest: dict[str, Any] = (await api.get("/v1/webhooks"))["webhooks"][0]
    assert newest["campaign_id"] == campaign_id
    return newest


async def deliveries(api: Api) -> list[asyncpg.Record]:
    return await api.pool.fetch("SELECT * FROM webhook_deliveries ORDER BY position")


def test_a_webhook_may_choose_every_event_that_tells_a_fact() -> None:
    types = {shape.model_fields["type"].default for shape in get_args(PublicEvent)}

    assert set(EVENT_TYPES) == types - {WebhookTested.model_fields["type"].default}
    assert get_args(EventType) == EVENT_TYPES


async def test_a_webhook_gets_all_types_or_those_that_it_chooses(api: Api) -> None:
    assert (await a_webhook(api))["event_types"] == list(EVENT_TYPES)
    assert (await a_webhook(api, event_types=[ENDED]))["event_types"] == [ENDED]


@pytest.mark.parametrize("types", [[], ["outdial.attempt.ended"], ["outdial.webhook.tested.v1"]])
async def test_a_choice_of_no_type_or_of_an_unknown_one_is_refused(
    api: Api, types: list[str]
) -> None:
    body = {"name": "x", "calendar": {"windows": []}, "webhook": {"url": URL, "event_types": types}}
    problem = await api.post("/v1/campaigns", body, status=422)

    assert any(error["pointer"].startswith("/webhook/event_types") for error in problem["errors"])


async def test_an_edit_changes_the_choice(api: Api) -> None:
    webhook = await a_webhook(api)
    change = {"webhook": {"url": URL, "event_types": [ENDED]}}

    path = f"/v1/campaigns/{webhook['campaign_id']}"
    assert (await api.ask("PATCH", path, json=change)).status_code == 200

    assert (await api.get(f"/v1/webhooks/{webhook['id']}"))["event_types"] == [ENDED]


async def test_a_list_shows_the_newest_first_and_no_secret(api: Api) -> None:
    old, new = await a_webhook(api), await a_webhook(api)

    page = await api.get("/v1/webhooks?limit=1")
    rest = await api.get(f"/v1/webhooks?limit=1&cursor={page['next_cursor']}")

    assert [page["webhooks"], rest["webhooks"]] == [[new], [old]]
    assert new == await api.get(f"/v1/webhooks/{new['id']}")
    assert new.keys() == {*("id", "campaign_id", "url", "event_types", "created_at", "disabled_at")}


async def test_a_test_is_an_event_for_this_webhook_alone(api: Api) -> None:
    await a_webhook(api)
    webhook = await a_webhook(api, event_types=[ENDED])

    answer = await api.post(f"/v1/webhooks/{webhook['id']}/test", status=202)

    [delivery] = await deliveries(api)
    assert (delivery["endpoint_id"], delivery["state"]) == (webhook["id"], "pending")
    assert str(delivery["event_id"]) == answer["event_id"]
    payload = await api.pool.fetchval("SELECT payload FROM public_events")
    assert json.loads(payload)["data"]["webhook_id"] == webhook["id"]
    assert json.loads(payload)["traceparent"]
    log = await api.get(f"/v1/campaigns/{webhook['campaign_id']}/deliveries")
    assert [line["id"] for line in log["deliveries"]] == [answer["event_id"]]


async def test_deliveries_that_ended_are_sent_again(api: Api) -> None:
    webhook = await a_webhook(api)
    path = f"/v1/webhooks/{webhook['id']}"
    ids = [(await api.post(f"{path}/test", status=202))["event_id"] for _ in range(4)]
    now = datetime.now(UTC)
    for event_id, state, hours in (
        (ids[0], "delivered", 1),
        (ids[1], "exhausted", 1),
        (ids[2], "exhausted", 9),
    ):
        await api.pool.execute(
            "UPDATE webhook_deliveries SET state = $2, ended_at = $3, tries = 10, "
            "next_try_at = $3 WHERE event_id = $1",
            event_id,
            state,
            now - timedelta(hours=hours),
        )

    since = {"exhausted_since": (now - timedelta(hours=2)).isoformat()}
    by_time = await api.post(f"{path}/send-again", since, status=202)
    by_id = {"event_ids": [ids[0], ids[3], str(uuid4())]}
    by_ids = await api.post(f"{path}/send-again", by_id, status=202)

    assert (by_time, by_ids) == ({"sent_again": 1}, {"sent_again": 1})
    rows = await deliveries(api)
    assert [(row["state"], row["tries"]) for row in rows] == [
        ("pending", 0),
        ("pending", 0),
        ("exhausted", 10),
        ("pending", 0),
    ]


async def test_a_request_sends_so_many_again_the_oldest_first(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_endpoints, "MOST_AT_ONCE", 2)
    path = f"/v1/webhooks/{(await a_webhook(api))['id']}"
    for _ in range(3):
        await api.post(f"{path}/test", status=202)
    await api.pool.execute("UPDATE webhook_deliveries SET state = 'exhausted', ended_at = now()")
    since = {"exhausted_since": (datetime.now(UTC) - timedelta(hours=2)).isoformat()}

    first = await api.post(f"{path}/send-again", since, status=202)
    states = [row["state"] for row in await deliveries(api)]
    rest = await api.post(f"{path}/send-again", since, status=202)

    assert (first, rest) == ({"sent_again": 2}, {"sent_again": 1})
    assert states == ["pending", "pending", "exhausted"]


async def test_a_webhook_that_is_being_disabled_gets_nothing_again(api: Api) -> None:
    webhook = await a_webhook(api)
    await api.post(f"/v1/webhooks/{webhook['id']}/test", status=202)
    paths: tuple[tuple[str, Any], ...] = (("test", None), ("send-again", {"event_ids": []}))

    async with api.pool.acquire() as conn, conn.transaction():
        await conn.execute("UPDATE webhook_endpoints SET disabled_at = now()")
        asked = [
            asyncio.create_task(api.post(f"/v1/webhooks/{webhook['id']}/{path}", body, status=409))
            for path, body in paths
        ]
        await until(lambda: waiting(api.pool, len(asked)))

    assert {(await each)["code"] for each in asked} == {"webhook_disabled"}
    assert len(await deliveries(api)) == 1


async def waiting(pool: Pool, transactions: int) -> bool:
    """Whether so many transactions wait for a lock."""
    count: int = await pool.fetchval(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    return count == transactions


async def test_a_disabled_webhook_is_neither_tried_nor_sent_to(api: Api) -> None:
    webhook = await a_webhook(api)
    await api.pool.execute("UPDATE webhook_endpoints SET disabled_at = now()")

    for path, body in (("test", None), ("send-again", {"event_ids": []})):
        problem = await api.post(f"/v1/webhooks/{webhook['id']}/{path}", body, status=409)
        assert problem["code"] == "webhook_disabled"


async def test_a_refusal_is_counted_by_its_code(api: Api) -> None:
    def metric(text: str) -> float:
        lines = [line for line in text.splitlines() if line.startswith(NAME)]
        return float(lines[0].rpartition(" ")[2]) if lines else 0.0

    NAME = 'outdial_requests_refused_total{code="not_found"}'  # noqa: N806 - as it is written
    before = metric((await api.http.get("/metrics")).text)
    await api.ask("GET", "/v1/webhooks/99")

    assert metric((await api.http.get("/metrics")).text) == before + 1
