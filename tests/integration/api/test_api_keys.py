"""API keys admit by scope, until they expire or are revoked, and from their networks."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any

import pytest

from shared.db.api import api_keys
from shared.domain.access import Scope
from tests.support.api import DEFINITION, Api

NOW = datetime.now(UTC)


async def with_scopes(api: Api, *scopes: Scope) -> Api:
    """A client with another key of the same tenant."""
    async with api.pool.acquire() as conn:
        _, key = await api_keys.insert(
            conn, tenant_id=api.tenant_id, name="of a test", scopes=scopes
        )
    return Api(http=api.http, pool=api.pool, tenant_id=api.tenant_id, key=key)


@pytest.mark.parametrize(
    ("scope", "statuses"),
    [
        (Scope.READ, (200, 403, 403)),
        (Scope.WRITE, (403, 201, 403)),
        (Scope.CAMPAIGNS, (200, 201, 403)),
        (Scope.CONTACTS, (403, 403, 403)),
        (Scope.ADMIN, (403, 403, 204)),
    ],
)
async def test_a_scope_opens_its_routes_only(
    api: Api, scope: Scope, statuses: tuple[int, ...]
) -> None:
    client = await with_scopes(api, scope)

    answers = (
        await client.ask("GET", "/v1/campaigns"),
        await client.ask("POST", "/v1/campaigns", json=DEFINITION),
        await client.ask("DELETE", "/v1/spend-ceiling"),
    )

    assert tuple(answer.status_code for answer in answers) == statuses


async def test_a_wrong_scope_is_told_which_one_is_needed(api: Api) -> None:
    client = await with_scopes(api, Scope.CONTACTS, Scope.CALLS)

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

    no_scope = await (await with_scopes(api, Scope.READ)).ask("POST", "/v1/campaigns", **malformed)
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
            scopes=tuple(Scope),
            networks=[ip_network(network)],
            expires_at=NOW + timedelta(days=1),
        )

    answer = await api.ask("GET", "/v1/campaigns")

    assert answer.status_code == status
    assert status == 200 or answer.json()["code"] == "address_refused"
