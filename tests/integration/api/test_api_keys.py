"""API keys admit by scope, until they expire or are revoked, and from their networks."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any

import pytest

from services.api import api_keys as use_cases
from services.api.http.used_keys import UsedKeys
from shared.db.api import api_keys
from shared.db.api.pool import ApiPool
from shared.domain.access import KeyScope
from tests.support.api import DEFINITION, Api

NOW = datetime.now(UTC)


async def with_scopes(api: Api, *scopes: KeyScope) -> Api:
    """A client with another key of the same tenant."""
    async with api.pool.acquire() as conn:
        _, key = await api_keys.insert(
            conn, tenant_id=api.tenant_id, name="of a test", scopes=scopes
        )
    return Api(http=api.http, pool=api.pool, tenant_id=api.tenant_id, key=key)


@pytest.mark.parametrize(
    ("scope", "statuses"),
    [
        (KeyScope.READ, (200, 403, 403)),
        (KeyScope.WRITE, (403, 201, 403)),
        (KeyScope.CAMPAIGNS, (200, 201, 403)),
        (KeyScope.CONTACTS, (403, 403, 403)),
        (KeyScope.ADMIN, (403, 403, 204)),
    ],
)
async def test_a_scope_opens_its_routes_only(
    api: Api, scope: KeyScope, statuses: tuple[int, ...]
) -> None:
    client = await with_scopes(api, scope)

    answers = (
        await client.ask("GET", "/v1/campaigns"),
        await client.ask("POST", "/v1/campaigns", json=DEFINITION),
        await client.ask("DELETE", "/v1/spend-ceiling"),
    )

    assert tuple(answer.status_code for answer in answers) == statuses


async def test_a_wrong_scope_is_told_which_one_is_needed(api: Api) -> None:
    client = await with_scopes(api, KeyScope.CONTACTS, KeyScope.CALLS)

    refused = await client.ask("GET", "/v1/campaigns")

    assert refused.status_code == 403
    problem = refused.json()
    assert problem["code"] == "insufficient_scope"
    assert problem["needed_scopes"] == ["read", "campaigns"]
    assert refused.headers["WWW-Authenticate"] == (
        'Bearer realm="outdial", error="insufficient_scope", scope="campaigns"'
    )


async def test_a_key_is_refused_before_the_body_is_read(api: Api) -> None:
    malformed: dict[str, Any] = {"content": b"{", "headers": {"Content-Type": "application/json"}}

    no_scope = await (await with_scopes(api, KeyScope.READ)).ask(
        "POST", "/v1/campaigns", **malformed
    )
    no_key = await api.http.post("/v1/campaigns", **malformed)

    assert (no_scope.status_code, no_key.status_code) == (403, 401)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("revoked_at = now()", "revoked"),
        ("expires_at = now()", "expired"),
        ("sha256 = sha256('another')", "not known"),
    ],
)
async def test_a_key_that_is_no_longer_valid_says_why(api: Api, change: str, told: str) -> None:
    await api.pool.execute(f"UPDATE api_keys SET {change}")

    refused = await api.ask("GET", "/v1/campaigns")

    assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")
    assert told in refused.json()["detail"]
    assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]


async def test_a_request_without_a_key_names_no_error(api: Api) -> None:
    refused = await api.http.get("/v1/campaigns")

    assert refused.headers["WWW-Authenticate"] == 'Bearer realm="outdial"'


@pytest.mark.parametrize(
    ("network", "status"),
    [("127.0.0.0/8", 200), ("127.0.0.1/32", 200), ("10.0.0.0/8", 403), ("::/0", 403)],
)
async def test_a_key_is_taken_from_its_networks_only(api: Api, network: str, status: int) -> None:
    async with api.pool.acquire() as conn:
        _, api.key = await api_keys.insert(
            conn,
            tenant_id=api.tenant_id,
            name="bound",
            scopes=tuple(KeyScope),
            networks=[ip_network(network)],
            expires_at=NOW + timedelta(days=1),
        )

    answer = await api.ask("GET", "/v1/campaigns")

    assert answer.status_code == status
    assert status == 200 or answer.json()["code"] == "address_refused"


NEW = {"name": "CRM", "scopes": ["campaigns", "read"]}


async def admits(api: Api, key: str) -> bool:
    """Whether the key is taken."""
    answer = await api.http.get("/v1/campaigns", headers={"Authorization": f"Bearer {key}"})
    return answer.status_code == 200


async def test_a_key_is_made_with_its_scopes_and_shown_once(api: Api) -> None:
    made = await api.post("/v1/api-keys", NEW, status=201)

    assert await admits(api, made["api_key"])
    shown = await api.get(f"/v1/api-keys/{made['id']}")
    assert shown == {name: value for name, value in made.items() if name != "api_key"}
    assert (shown["name"], shown["scopes"]) == ("CRM", ["read", "campaigns"])
    assert (shown["networks"], shown["expires_at"], shown["revoked_at"]) == ([], None, None)
    page = await api.get("/v1/api-keys")
    assert [key["name"] for key in page["api_keys"]] == ["CRM", "operator"]
    assert made["api_key"] not in str(page)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["read", "read"]}, "scopes"),
        ({"scopes": ["everything"]}, "0"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "2030-01-01T00:00:00"}, "expires_at"),
        ({"networks": ["10.0.0.1/8"]}, "0"),
        ({"networks": ["office"]}, "0"),
        ({"networks": ["fe80::1%eth0"]}, "0"),
        ({"role": "owner"}, "role"),
    ],
)
async def test_a_faulty_key_is_refused_by_its_field(
    api: Api, change: dict[str, object], field: str
) -> None:
    problem = await api.post("/v1/api-keys", NEW | change, status=422)

    assert [error["field"] for error in problem["errors"]] == [field]


async def test_a_rotated_key_is_known_by_both_texts_until_the_overlap_ends(api: Api) -> None:
    made = await api.post("/v1/api-keys", NEW, status=201)

    rotated = await api.post(
        f"/v1/api-keys/{made['id']}/rotate", {"overlap_seconds": 600}, status=200
    )

    assert rotated["id"] == made["id"]
    assert await admits(api, made["api_key"])
    assert await admits(api, rotated["api_key"])
    until = datetime.fromisoformat(rotated["previous_valid_until"])
    assert timedelta(minutes=9) < until - datetime.now(UTC) <= timedelta(minutes=10)
    await api.pool.execute("UPDATE api_key_tokens SET expires_at = now()")
    assert not await admits(api, made["api_key"])
    assert await admits(api, rotated["api_key"])


async def test_a_rotation_without_overlap_refuses_all_texts_of_before(api: Api) -> None:
    made = await api.post("/v1/api-keys", NEW, status=201)
    path = f"/v1/api-keys/{made['id']}/rotate"

    second = await api.post(path, status=200)
    third = await api.post(path, {"overlap_seconds": 0}, status=200)

    assert not await admits(api, made["api_key"])
    assert not await admits(api, second["api_key"])
    assert await admits(api, third["api_key"])
    assert await api.pool.fetchval("SELECT count(*) FROM api_key_tokens") == 0


async def test_a_revoked_key_is_refused_and_cannot_be_rotated(api: Api) -> None:
    made = await api.post("/v1/api-keys", NEW, status=201)
    path = f"/v1/api-keys/{made['id']}"
    rotated = await api.post(f"{path}/rotate", status=200)

    revoked = await api.post(f"{path}/revoke", status=200)

    assert await api.post(f"{path}/revoke", status=200) == revoked
    assert not await admits(api, made["api_key"])
    assert not await admits(api, rotated["api_key"])
    assert (await api.post(f"{path}/rotate", status=409))["code"] == "key_ended"


async def test_the_last_use_is_written_once_a_minute_and_beside_the_requests(api: Api) -> None:
    used, at = UsedKeys(), NOW
    key_id = (await api.get("/v1/tenant"))["api_key_id"]

    async def last_used(later: timedelta) -> timedelta:
        used.note(api.tenant_id, key_id, at=at + later)
        await used.writing(ApiPool(api.pool))(NOW)
        stored: datetime = await api.pool.fetchval("SELECT last_used_at FROM api_keys")
        return stored - at

    assert await last_used(timedelta()) == timedelta()
    assert await last_used(timedelta(seconds=59)) == timedelta()
    assert await last_used(timedelta(seconds=60)) == timedelta(seconds=60)


async def test_a_tenant_has_a_limited_number_of_keys_that_admit(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(use_cases, "MOST_KEYS", 3)
    new = {"name": "one of many", "scopes": ["read"]}
    made = [await api.post("/v1/api-keys", new, status=201) for _ in range(2)]

    refused = await api.post("/v1/api-keys", new, status=409)
    await api.ask("POST", f"/v1/api-keys/{made[0]['id']}/revoke")

    assert refused["code"] == "too_many_keys"
    await api.post("/v1/api-keys", new, status=201)
