"""The API rejects requests without a key, hides other tenants, and repeats no input in errors."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.api import openapi
from shared.db.api.pool import ApiPool
from shared.kafka.messages.envelope import Message
from tests.support.api import DEFINITION, Api, serving

LARGE = 1 << 63
NEW = [{"number": "+12025550199"}]
TOMORROW = (datetime.now(UTC) + timedelta(days=1)).isoformat()
FLOW = {"start": "end", "steps": {"end": {"type": "hang_up"}}}
AGENT = {"name": "a", "kind": "squad", "provider_agent_id": "s_1", "trunk": "default"}
ROUTES: list[tuple[str, str, Any]] = [
    ("GET", "/v1/campaigns/{campaign}", None),
    ("PATCH", "/v1/campaigns/{campaign}", {"name": "theirs"}),
    ("DELETE", "/v1/campaigns/{campaign}", None),
    ("POST", "/v1/campaigns/{campaign}/preflight", {}),
    ("POST", "/v1/campaigns/{campaign}/start", None),
    ("POST", "/v1/campaigns/{campaign}/pause", None),
    ("POST", "/v1/campaigns/{campaign}/resume", None),
    ("POST", "/v1/campaigns/{campaign}/cancel", None),
    ("POST", "/v1/campaigns/{campaign}/clone", {}),
    ("POST", "/v1/campaigns/{campaign}/redial", {"outcomes": ["busy"], "max_total": 1}),
    ("POST", "/v1/campaigns/{campaign}/reopen", None),
    ("GET", "/v1/campaigns/{campaign}/counters", None),
    ("GET", "/v1/campaigns/{campaign}/why", None),
    ("GET", "/v1/campaigns/{campaign}/contacts", None),
    ("POST", "/v1/campaigns/{campaign}/contacts", NEW),
    ("POST", "/v1/campaigns/{campaign}/contacts/import", None),
    ("GET", "/v1/operations/{operation}", None),
    ("POST", "/v1/operations/{operation}/cancel", None),
    ("GET", "/v1/operations/{operation}/rows", None),
    ("GET", "/v1/campaigns/{campaign}/attempts", None),
    ("GET", "/v1/campaigns/{campaign}/deliveries", None),
    ("GET", "/v1/contacts/{contact}", None),
    ("PATCH", "/v1/contacts/{contact}", {"external_id": "theirs"}),
    ("DELETE", "/v1/contacts/{contact}", None),
    ("GET", "/v1/contacts/{contact}/attempts", None),
    ("PUT", "/v1/contacts/{contact}/callback", {"at": TOMORROW}),
    ("DELETE", "/v1/contacts/{contact}/callback", None),
    ("PUT", "/v1/contacts/{contact}/expiry", {"expires_at": None}),
    ("GET", "/v1/attempts/{attempt}", None),
    ("GET", "/v1/contacts/{contact}/why", None),
    ("GET", "/v1/attempts/{attempt}/why", None),
    ("DELETE", "/v1/suppressions/{number}", None),
    ("DELETE", "/v1/blackouts/{blackout}", None),
    ("DELETE", "/v1/rules/{rule}", None),
    ("DELETE", "/v1/rules/{rule}/override", None),
    ("DELETE", "/v1/rules/{rule}/turn-on", None),
    ("GET", "/v1/calls/{attempt}", None),
    ("GET", "/v1/call-flows/{flow}", None),
    ("PATCH", "/v1/call-flows/{flow}", {"flow": FLOW}),
    ("DELETE", "/v1/call-flows/{flow}", None),
    ("GET", "/v1/call-flows/{flow}/versions", None),
    ("GET", "/v1/call-flows/{flow}/versions/{version}", None),
    ("GET", "/v1/caller-ids/{number}", None),
    ("PATCH", "/v1/caller-ids/{number}", {"state": "inactive"}),
    ("DELETE", "/v1/caller-ids/{number}", None),
    ("GET", "/v1/agents/{agent}", None),
    ("PATCH", "/v1/agents/{agent}", {"state": "inactive"}),
    ("DELETE", "/v1/agents/{agent}", None),
    ("GET", "/v1/number-pools/{pool}", None),
    ("PATCH", "/v1/number-pools/{pool}", {"rotation": "sticky"}),
    ("DELETE", "/v1/number-pools/{pool}", None),
    ("GET", "/v1/sms-senders/{sms_sender}", None),
    ("PATCH", "/v1/sms-senders/{sms_sender}", {"state": "inactive"}),
    ("DELETE", "/v1/sms-senders/{sms_sender}", None),
    ("GET", "/v1/api-keys/{api_key}", None),
    ("POST", "/v1/api-keys/{api_key}/rotate", {}),
    ("POST", "/v1/api-keys/{api_key}/revoke", None),
    ("GET", "/v1/tenants/{tenant}", None),
    ("GET", "/v1/webhooks/{webhook}", None),
    ("POST", "/v1/webhooks/{webhook}/test", None),
    ("POST", "/v1/webhooks/{webhook}/send-again", {"exhausted_since": "2030-01-01T00:00:00Z"}),
]
LISTS: list[tuple[str, str, Any]] = [
    ("GET", "/v1/campaigns", None),
    ("POST", "/v1/campaigns", DEFINITION),
    ("GET", "/v1/contacts", None),
    ("GET", "/v1/operations", None),
    ("POST", "/v1/erasures", {"number": "+12025550123"}),
    ("GET", "/v1/suppressions", None),
    ("POST", "/v1/suppressions", {"number": "+12025550123", "reason": "x"}),
    ("POST", "/v1/suppressions/import", None),
    ("GET", "/v1/suppressions/export", None),
    ("GET", "/v1/blackouts", None),
    ("POST", "/v1/blackouts", {"reason": "x"}),
    ("GET", "/v1/rules", None),
    ("POST", "/v1/rules", None),
    # Each tenant may override a rule of a pack, for itself only.
    ("PUT", "/v1/rules/{rule}/override", None),
    ("PUT", "/v1/rules/{rule}/turn-on", None),
    ("GET", "/v1/calls", None),
    ("POST", "/v1/calls", {"number": "+12025550123", "kind": "informational", "automated": False}),
    ("GET", "/v1/calls/export", None),
    ("GET", "/v1/call-flows", None),
    ("POST", "/v1/call-flows", {"name": "reminder", "flow": FLOW}),
    ("GET", "/v1/caller-ids", None),
    ("POST", "/v1/caller-ids", {"number": "+12025550123"}),
    ("GET", "/v1/agents", None),
    ("POST", "/v1/agents", AGENT),
    ("GET", "/v1/number-pools", None),
    ("POST", "/v1/number-pools", {"name": "north", "numbers": ["+12025550123"]}),
    ("GET", "/v1/sms-senders", None),
    ("POST", "/v1/sms-senders", {"sender": "ACME", "trunk": "default"}),
    ("GET", "/v1/sms-messages", None),
    ("GET", "/v1/tenant", None),
    ("GET", "/v1/destinations", None),
    ("PUT", "/v1/destinations", None),
    ("DELETE", "/v1/destinations", None),
    ("GET", "/v1/spend-ceiling", None),
    ("PUT", "/v1/spend-ceiling", None),
    ("DELETE", "/v1/spend-ceiling", None),
    ("GET", "/v1/api-keys", None),
    ("POST", "/v1/api-keys", {"name": "CRM", "scopes": ["read"]}),
    ("POST", "/v1/dialect-credentials", {"dialect": "wavix"}),
    ("GET", "/v1/tenants", None),
    ("POST", "/v1/tenants", {"name": "acme"}),
    ("GET", "/v1/audit-log", None),
    ("GET", "/v1/callbacks", None),
    ("GET", "/v1/webhooks", None),
]


# The names of parameters in paths, as the routes above have them.
NAMES = {
    "campaign_id": "campaign",
    "contact_id": "contact",
    "operation_id": "operation",
    "attempt_id": "attempt",
    "number": "number",
    "blackout_id": "blackout",
    "name": "rule",
    "call_flow_id": "flow",
    "version": "version",
    "number_pool_id": "pool",
    "agent_id": "agent",
    "sms_sender_id": "sms_sender",
    "api_key_id": "api_key",
    "tenant_id": "tenant",
    "webhook_id": "webhook",
}

OWN_RULE = {
    "name": "us-fl.own-cap",
    "jurisdiction": "US-FL",
    "says": "One sales call a day.",
    "source": "our own policy",
    "grade": "D",
    "kinds": ["solicitation"],
    "cap": {"max_calls": 1, "hours": 24},
}
WRONG_ADDRESSES = [
    (f"/v1/campaigns/{LARGE}", 422),
    ("/v1/campaigns/0", 422),
    ("/v1/campaigns/x", 422),
    ("/v1/attempts/x", 422),
    ("/v1/campaigns?limit=0", 422),
    ("/v1/campaigns?limit=1001", 422),
    (f"/v1/campaigns?cursor={LARGE}", 400),
    ("/v1/campaigns?state=lost", 422),
    ("/v1/nothing", 404),
    ("/docs/none", 404),
]


# Each pageable list.
PAGES = [
    "/v1/campaigns",
    "/v1/campaigns/{campaign}/contacts",
    "/v1/contacts",
    "/v1/operations",
    "/v1/campaigns/{campaign}/attempts",
    "/v1/campaigns/{campaign}/deliveries",
    "/v1/suppressions",
    "/v1/blackouts",
    "/v1/call-flows",
    "/v1/calls",
    "/v1/caller-ids",
    "/v1/number-pools",
    "/v1/agents",
    "/v1/sms-senders",
    "/v1/sms-messages",
    "/v1/api-keys",
    "/v1/tenants",
    "/v1/audit-log",
]


async def everything_of(api: Api) -> dict[str, Any]:
    campaign_id = await api.campaign()
    added = await api.post(f"/v1/campaigns/{campaign_id}/contacts", NEW, status=200)
    contact_id, attempt_id = added["results"][0]["id"], uuid4()
    await api.pool.execute(
        """
        INSERT INTO attempts (tenant_id, id, campaign_id, contact_id, claimed_at, window_closes_at,
            revisit_at, number, state, tzdata_version)
        SELECT tenant_id, $1, campaign_id, id, now(), now(), now(), 1, 'claimed', '2026b'
        FROM contacts WHERE id = $2
        """,
        attempt_id,
        contact_id,
    )
    await api.pool.execute(
        """
        INSERT INTO call_records (tenant_id, attempt_id, position, campaign_id, contact_id,
            trunk_id, dialing_at, ended_at, attempt_number, number, outcome)
        SELECT campaign.tenant_id, $1, 1, campaign.id, $2, campaign.trunk_id, now(), now(), 1,
            '+12025550199', 'busy'
        FROM campaigns AS campaign WHERE campaign.id = $3
        """,
        attempt_id,
        contact_id,
        campaign_id,
    )
    flow = await api.post("/v1/call-flows", {"name": "reminder", "flow": FLOW}, status=201)
    number = "+12025550123"
    await api.post("/v1/suppressions", {"number": number, "reason": "opt_out"}, status=201)
    await api.post("/v1/caller-ids", {"number": number}, status=201)
    new_pool = {"name": "north", "numbers": [number]}
    pool = await api.post("/v1/number-pools", new_pool, status=201)
    agent = await api.post("/v1/agents", AGENT, status=201)
    sender = {"sender": "ACME", "trunk": "default"}
    sms_sender = await api.post("/v1/sms-senders", sender, status=201)
    blackout = await api.post("/v1/blackouts", {"reason": "storm"}, status=201)
    await api.post("/v1/rules", OWN_RULE, status=201)
    await api.pool.execute("UPDATE tenants SET is_partner = true WHERE id = $1", api.tenant_id)
    client = await api.post("/v1/tenants", {"name": "acme north"}, status=201)
    await api.campaign(webhook={"url": "https://example.com/outdial"})
    [webhook] = (await api.get("/v1/webhooks"))["webhooks"]
    # Into another campaign, because this one may be deleted.
    begun = await api.ask(
        "POST",
        f"/v1/campaigns/{await api.campaign()}/contacts/import",
        content=b"number\n+12025550199\n",
        headers={"Prefer": "respond-async"},
    )
    return {
        "campaign": campaign_id,
        "contact": contact_id,
        "operation": begun.json()["id"],
        "attempt": attempt_id,
        "number": number,
        "blackout": blackout["id"],
        "rule": OWN_RULE["name"],
        "flow": flow["id"],
        "version": 1,
        "pool": pool["id"],
        "agent": agent["id"],
        "sms_sender": sms_sender["id"],
        "tenant": client["id"],
        "api_key": (await api.get("/v1/tenant"))["api_key_id"],
        "webhook": webhook["id"],
    }


async def test_objects_of_another_tenant_are_answered_like_missing_ones(api: Api) -> None:
    theirs = await everything_of(api)
    missing = {"campaign": 10**9, "contact": 10**9, "attempt": uuid4(), "number": "+12025550177"}
    missing |= {"blackout": 10**9, "rule": "us-fl.not-there", "flow": 10**9, "version": 1}
    missing |= {
        "pool": 10**9,
        "agent": 10**9,
        "operation": 10**9,
        "sms_sender": 10**9,
        "api_key": 10**9,
        "tenant": 10**9,
        "webhook": 10**9,
    }
    stranger = await api.another()
    before = await api.pool.fetchrow("SELECT wanted_state, state FROM campaigns")

    named = {"X-Request-Id": "r"}
    for method, path, body in ROUTES:
        foreign = await stranger.ask(method, path.format(**theirs), json=body, headers=named)
        absent = await stranger.ask(method, path.format(**missing), json=body, headers=named)

        assert foreign.status_code == absent.status_code == 404, path
        assert foreign.content == absent.content, path
        assert foreign.headers["content-type"] == "application/problem+json", path

    assert await api.pool.fetchval("SELECT count(*) FROM contacts") == 1
    assert await api.pool.fetchval("SELECT count(*) FROM suppressions") == 1
    assert await api.pool.fetchval("SELECT count(*) FROM blackouts WHERE ends_at = 'infinity'") == 1
    assert await api.pool.fetchrow("SELECT wanted_state, state FROM campaigns") == before


async def test_lists_have_only_objects_of_the_tenant(api: Api) -> None:
    await everything_of(api)
    stranger = await api.another()

    assert (await stranger.get("/v1/campaigns"))["campaigns"] == []
    assert (await stranger.get("/v1/suppressions"))["suppressions"] == []
    assert (await stranger.get("/v1/blackouts"))["blackouts"] == []
    assert (await stranger.get("/v1/calls"))["calls"] == []
    assert (await stranger.ask("GET", "/v1/calls/export?format=ndjson")).content == b""
    assert (await stranger.get("/v1/call-flows"))["call_flows"] == []
    assert (await stranger.get("/v1/caller-ids"))["caller_ids"] == []
    assert (await stranger.get("/v1/number-pools"))["number_pools"] == []
    assert (await stranger.get("/v1/agents"))["agents"] == []
    assert (await stranger.get("/v1/sms-senders"))["sms_senders"] == []
    rules = (await stranger.get("/v1/rules"))["rules"]
    assert OWN_RULE["name"] not in {rule["name"] for rule in rules}


async def test_a_suppression_stops_only_its_tenants_contacts(api: Api) -> None:
    stranger = await api.another()
    campaign_id = await api.campaign()
    await api.import_csv(campaign_id, b"number\n+12025550123\n")

    await stranger.post(
        "/v1/suppressions", {"number": "+12025550123", "reason": "opt_out"}, status=201
    )

    assert await api.pool.fetchval("SELECT state FROM contacts") == "pending"
    report = await api.import_csv(await api.campaign(), b"number\n+12025550123\n")
    assert report["suppressed"] == 0


async def test_every_route_is_among_those_that_are_tried() -> None:
    tried = {(method, path) for method, path, _ in ROUTES + LISTS}
    for path, methods in openapi.document()["paths"].items():
        if not path.startswith("/v1/"):
            continue
        for method in methods:
            url = path.format(**{name: f"{{{short}}}" for name, short in NAMES.items()})
            assert (method.upper(), url) in tried


async def test_every_request_needs_a_valid_key(api: Api) -> None:
    other = (await api.another()).tenant_id
    wrong: tuple[dict[str, str], ...] = (
        {},
        {"Authorization": f"Bearer od_{api.tenant_id}_wrong"},
        {"Authorization": "Bearer od_99999999999_wrong"},
        {"Authorization": "Bearer " + api.key.replace(f"od_{api.tenant_id}_", f"od_{other}_")},
        {"Authorization": f"Basic {api.key}"},
    )

    for method, path, body in ROUTES + LISTS:
        url = path.format(
            campaign=1,
            contact=1,
            webhook=1,
            attempt=uuid4(),
            number="+12025550123",
            blackout=1,
            rule="us-fl.hours",
            flow=1,
            version=1,
            pool=1,
            agent=1,
            operation=1,
            sms_sender=1,
            api_key=1,
            tenant=1,
        )
        for headers in wrong:
            response = await api.http.request(method, url, json=body, headers=headers)
            assert response.status_code == 401, path
            assert response.headers["WWW-Authenticate"].startswith('Bearer realm="outdial"')
            assert response.json()["code"] == "unauthenticated"


async def test_a_revoked_key_is_no_key(api: Api) -> None:
    await api.pool.execute("UPDATE api_keys SET revoked_at = now()")

    assert (await api.ask("GET", "/v1/campaigns")).status_code == 401


async def test_a_key_is_stored_as_a_digest_only(api: Api) -> None:
    stored = await api.pool.fetchrow("SELECT prefix, sha256 FROM api_keys")

    assert stored is not None
    assert api.key.encode() not in stored["sha256"]
    assert stored["prefix"] == f"od_{api.tenant_id}_"


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("limit", ["1000000", "1001", "0", "-1", "many", ""])
async def test_a_page_of_an_impossible_size_is_refused(api: Api, path: str, limit: str) -> None:
    path = path.format(campaign=await api.campaign())

    problem = await api.get(f"{path}?limit={limit}", status=422)

    assert [error["field"] for error in problem["errors"]] == ["limit"]


async def test_a_wrong_address_is_a_problem_document(api: Api) -> None:
    for path, status in WRONG_ADDRESSES:
        response = await api.ask("GET", path)

        assert response.status_code == status, path
        assert response.headers["content-type"] == "application/problem+json", path
        problem = response.json()
        assert problem["status"] == status
        assert problem["type"] == f"/docs/errors#{problem['code']}"


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"{", "application/json", 400, "malformed_body"),
        (b"\xff", "application/json", 400, "malformed_body"),
        (b"[" * 50_000, "application/json", 400, "body_too_deep"),
        (b"[0" + b",0" * 60_000 + b"]", "application/json", 400, "too_many_members"),
        (b"", "application/json", 422, "invalid"),
        (b"[]", "application/json", 422, "invalid"),
        (b"{}", "text/plain", 400, "not_json"),
        (b" " * (8 * 1024 * 1024 + 1), "application/json", 413, "body_too_large"),
    ],
    ids=["cut", "no text", "deep", "members", "empty", "list", "text", "large"],
)
async def test_a_body_that_is_no_campaign_is_refused(
    api: Api, body: bytes, content_type: str, status: int, code: str
) -> None:
    response = await api.ask(
        "POST", "/v1/campaigns", content=body, headers={"Content-Type": content_type}
    )

    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.headers["content-type"] == "application/problem+json"


async def test_an_error_never_repeats_what_was_sent(api: Api) -> None:
    secret = "4155550100"
    bad = DEFINITION | {
        "caller_id": secret,
        "name": "",
        "trunk": secret * 20,
        "default_zone": secret,
    }

    problem = await api.post("/v1/campaigns", bad, status=422)

    assert secret not in str(problem)
    assert len(problem["errors"]) == 4


async def test_an_internal_error_reveals_nothing(api: Api) -> None:
    await api.pool.execute("ALTER TABLE campaigns RENAME COLUMN name TO title")

    response = await api.ask("GET", "/v1/campaigns")

    assert response.status_code == 500
    assert response.json()["code"] == "internal"
    assert "title" not in response.json()["detail"]
    assert "column" not in response.text


async def test_without_the_database_the_answer_is_try_again(api: Api) -> None:
    async def publish(_messages: Sequence[Message]) -> None:
        return

    async with serving(api.pool, publish, own=ApiPool(api.pool)) as http:
        await api.pool.close()

        response = await replace(api, http=http).ask("GET", "/v1/campaigns")
        ready = await asyncio.wait_for(http.get("/readyz"), 30)

    assert (response.status_code, response.json()["code"]) == (503, "unavailable")
    assert response.headers["Retry-After"] == "1"
    assert ready.status_code == 503
    assert ready.json()["postgres"] is False
