"""Webhooks by SmartAlex's API: what is stored, shown, refused and deleted."""

import base64
from typing import Any

import pytest

from shared.dialects.smartalex_events import SmartAlexEvent
from tests.support.smartalex import SmartAlex, a_client

URL = "https://example.com/hook"
NEW = {"url": URL, "events": ["call.completed", "campaign.completed"]}
GONE = (404, "webhook_not_found", "Webhook ID doesn't exist")


async def a_webhook(client: SmartAlex, **parts: Any) -> dict[str, Any]:
    made = await client.post("/webhooks", NEW | parts, status=201)
    data: dict[str, Any] = made["data"]
    return data


async def test_a_webhook_is_shown_as_it_was_made_and_its_secret_once(smartalex: SmartAlex) -> None:
    made = await a_webhook(smartalex)
    off = await a_webhook(smartalex, enabled=False, events=["call.failed"] * 2)

    shown = {name: value for name, value in made.items() if name != "signing_secret"}
    assert made["id"].startswith("webhook_")
    assert made["signing_secret"].startswith("whsec_")
    assert (shown["url"], shown["events"], shown["enabled"]) == (URL, NEW["events"], True)
    assert await smartalex.get(f"/webhooks/{made['id']}") == {"data": shown}
    assert (off["enabled"], off["events"]) == (False, ["call.failed"])
    listed = await smartalex.get("/webhooks", per_page=1)
    assert [row["id"] for row in listed["data"]] == [off["id"]]
    assert listed["meta"] == {"total": 2, "page": 1, "per_page": 1}


async def test_newer_clients_name_events_in_another_field(smartalex: SmartAlex) -> None:
    body = {"url": URL, "event_types": ["call.failed"]}

    made = (await smartalex.post("/webhooks", body, status=201))["data"]

    assert made["events"] == made["event_types"] == ["call.failed"]
    assert made["enabled"] is made["is_active"] is True


async def test_the_secret_may_be_the_clients_own(smartalex: SmartAlex) -> None:
    own = "a-secret-of-the-client"

    made = [await a_webhook(smartalex, secret=secret) for secret in (own, f"whsec_{'A' * 32}")]

    key = base64.b64decode(made[0]["signing_secret"].removeprefix("whsec_"))
    assert key == own.encode()
    assert made[1]["signing_secret"] == f"whsec_{'A' * 32}"
    stored = await smartalex.native.pool.fetch("SELECT secret FROM webhook_endpoints ORDER BY id")
    assert [row["secret"] for row in stored] == [each["signing_secret"] for each in made]


@pytest.mark.parametrize("text", ["whsec_not-of-base64!", f"whsec_{'A' * 20}", "whsec_AAAAAAAAAA"])
async def test_a_text_that_only_looks_like_a_secret_is_the_key_by_its_bytes(
    smartalex: SmartAlex, text: str
) -> None:
    made = await a_webhook(smartalex, secret=text)

    assert base64.b64decode(made["signing_secret"].removeprefix("whsec_")) == text.encode()


async def test_null_is_as_a_field_that_is_left_out(smartalex: SmartAlex) -> None:
    made = await a_webhook(smartalex, enabled=None, secret=None, event_types=None)

    assert made["enabled"] is True


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"url": "ftp://example.com"}, "The 'url' field String should match pattern"),
        ({"url": None}, "The 'url' field must be text"),
        ({"events": []}, "The 'events' field List should have at least 1 item"),
        ({"events": ["call.started"]}, "The 'events[0]' field must be one of call.completed, "),
        ({"events": "call.completed"}, "The 'events' field must be a list"),
        ({"event_types": ["call.failed"]}, "The 'event_types' field is the same as events; give"),
        ({"events": None}, "The 'events' field is required"),
        ({"secret": "short"}, "The 'secret' field String should match pattern"),
        ({"enabled": "yes"}, "The 'enabled' field must be true or false"),
        ({"description": "x"}, "The 'description' field is not known"),
    ],
)
async def test_a_wrong_webhook_is_refused_by_its_field_and_leaves_no_row(
    smartalex: SmartAlex, parts: dict[str, Any], message: str
) -> None:
    status, code, text = await smartalex.refused("POST", "/webhooks", json=NEW | parts)

    assert (status, code) == (400, "invalid_request")
    assert text.startswith(message)
    assert await smartalex.native.pool.fetchval("SELECT count(*) FROM webhook_endpoints") == 0


async def test_a_deleted_webhook_gets_nothing_and_is_not_found(smartalex: SmartAlex) -> None:
    made = await a_webhook(smartalex, events=list(SmartAlexEvent))
    pool, number = smartalex.native.pool, int(made["id"].removeprefix("webhook_"))
    await pool.execute(
        """
        INSERT INTO webhook_deliveries (tenant_id, endpoint_id, position, event_id, event_at)
        VALUES ($1, $2, 1, gen_random_uuid(), now())
        """,
        smartalex.native.tenant_id,
        number,
    )

    deleted = await smartalex.ask("DELETE", f"/webhooks/{made['id']}")

    assert (deleted.status_code, deleted.json()) == (
        200,
        {"data": {"id": made["id"], "deleted": True}},
    )
    assert await smartalex.refused("GET", f"/webhooks/{made['id']}") == GONE
    assert await smartalex.refused("DELETE", f"/webhooks/{made['id']}") == GONE
    assert (await smartalex.get("/webhooks"))["data"] == []
    assert (await smartalex.native.get("/v1/webhooks"))["webhooks"] == []
    assert (await smartalex.native.ask("GET", f"/v1/webhooks/{number}")).status_code == 404
    row = await pool.fetchrow("SELECT state, last_error FROM webhook_deliveries")
    assert row is not None
    assert tuple(row) == ("exhausted", "endpoint disabled")


async def test_webhooks_of_others_are_not_found(smartalex: SmartAlex) -> None:
    other = await a_client(await smartalex.native.another())
    theirs = (await a_webhook(other))["id"]
    webhook = {"url": URL}
    await smartalex.native.campaign(webhook=webhook)
    native = (await smartalex.native.get("/v1/webhooks"))["webhooks"][0]["id"]

    for id_ in (theirs, f"webhook_{native}", "webhook_999999", "1", "campaign_1"):
        for method in ("GET", "DELETE"):
            assert await smartalex.refused(method, f"/webhooks/{id_}") == GONE
    assert (await smartalex.get("/webhooks"))["meta"]["total"] == 0
    assert (await other.get(f"/webhooks/{theirs}"))["data"]["enabled"]


async def test_a_tenant_has_so_many_webhooks_and_no_more(
    smartalex: SmartAlex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.api.webhooks.MOST_ENDPOINTS", 1)
    await a_webhook(smartalex)

    refused = await smartalex.refused("POST", "/webhooks", json=NEW)

    assert refused == (
        409,
        "invalid_request",
        "the tenant has 1 webhooks; delete one of them first",
    )
