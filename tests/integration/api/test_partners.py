"""A partner owns client tenants, and its keys act for them by the header Outdial-Tenant."""

from typing import Any

import pytest
import pytest_asyncio

from tests.support.api import DEFINITION, Api

REASON = {"person": "Ada", "reason": "asked"}
NO_TENANT = 2**31 - 1


@pytest_asyncio.fixture(loop_scope="session")
async def partner(api: Api) -> Api:
    await api.pool.execute("UPDATE tenants SET is_partner = true WHERE id = $1", api.tenant_id)
    return api


async def a_client(partner: Api, name: str = "acme north") -> int:
    made = await partner.post("/v1/tenants", {"name": name}, status=201)
    return int(made["id"])


async def ask_for(partner: Api, tenant: object, method: str, path: str, **options: Any) -> Any:
    headers = {"Outdial-Tenant": str(tenant), "X-Request-Id": "r"}
    return await partner.ask(method, path, headers=headers, **options)


async def test_a_partner_makes_clients_and_lists_its_own(partner: Api) -> None:
    first, second = await a_client(partner), await a_client(partner, "acme south")

    page = await partner.get("/v1/tenants?limit=1")
    rest = await partner.get(f"/v1/tenants?cursor={page['next_cursor']}")

    listed = [tenant["name"] for tenant in page["tenants"] + rest["tenants"]]
    assert listed == ["acme south", "acme north"]
    assert (await partner.get(f"/v1/tenants/{first}"))["name"] == "acme north"
    client = (await ask_for(partner, second, "GET", "/v1/tenant")).json()
    assert (client["id"], client["partner_id"]) == (second, partner.tenant_id)
    assert (client["is_partner"], client["name"]) == (False, "acme south")


async def test_an_ordinary_tenant_has_no_clients(api: Api) -> None:
    refused = await api.post("/v1/tenants", {"name": "acme north"}, status=403)

    assert refused["code"] == "not_a_partner"
    assert (await api.get("/v1/tenants"))["tenants"] == []


async def test_a_partners_key_acts_for_its_client_alone(partner: Api) -> None:
    client = await a_client(partner)

    made = await ask_for(partner, client, "POST", "/v1/campaigns", json=DEFINITION)

    assert made.status_code == 201, made.text
    path = f"/v1/campaigns/{made.json()['id']}"
    assert (await ask_for(partner, client, "GET", path)).status_code == 200
    edited = await ask_for(partner, client, "PATCH", path, json={"name": "Later"})
    assert edited.status_code == 200, edited.text
    cancelled = await ask_for(partner, client, "POST", f"{path}/cancel")
    assert cancelled.status_code == 202, cancelled.text
    rule = await ask_for(partner, client, "PUT", "/v1/destinations", json=REASON)
    assert rule.status_code == 200, rule.text
    await partner.get(path, status=404)
    assert (await partner.get("/v1/campaigns"))["campaigns"] == []


async def test_a_partner_makes_a_key_of_its_client(partner: Api) -> None:
    client = await a_client(partner)

    new = {"name": "CRM", "scopes": ["read"]}
    made = await ask_for(partner, client, "POST", "/v1/api-keys", json=new)

    assert made.json()["api_key"].startswith(f"od_{client}_")
    keys = (await ask_for(partner, client, "GET", "/v1/api-keys")).json()["api_keys"]
    assert [key["name"] for key in keys] == ["CRM"]
    own = Api(http=partner.http, pool=partner.pool, tenant_id=client, key=made.json()["api_key"])
    assert (await own.get("/v1/tenant"))["id"] == client
    answer = await ask_for(own, partner.tenant_id, "GET", "/v1/tenant")
    assert answer.status_code == 404


@pytest.mark.parametrize(
    "named", ["", "x", "-1", "0", str(NO_TENANT), str(2**63), "9" * 400, "0" * 5000, "1.0", "²"]
)
async def test_a_tenant_that_is_no_client_is_answered_like_one_that_does_not_exist(
    partner: Api, named: str
) -> None:
    strangers = await partner.another()
    headers = {
        b"Authorization": f"Bearer {partner.key}".encode(),
        b"Outdial-Tenant": named.encode("latin-1"),
        b"X-Request-Id": b"r",
    }

    absent = await partner.http.get("/v1/campaigns", headers=headers)
    foreign = await ask_for(partner, strangers.tenant_id, "GET", "/v1/campaigns")

    assert absent.status_code == foreign.status_code == 404
    assert absent.content == foreign.content
    assert "Outdial-Tenant" in absent.json()["detail"]


async def test_only_the_owner_acts_for_a_client(partner: Api) -> None:
    client = await a_client(partner)
    other = await partner.another()
    await other.pool.execute("UPDATE tenants SET is_partner = true WHERE id = $1", other.tenant_id)

    assert (await ask_for(other, client, "GET", "/v1/tenant")).status_code == 404
    assert (await other.ask("GET", f"/v1/tenants/{client}")).status_code == 404
    own = await ask_for(other, other.tenant_id, "GET", "/v1/tenant")
    assert own.json()["id"] == other.tenant_id
