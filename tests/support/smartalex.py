"""A client of SmartAlex's API, with the credentials that Outdial makes for one."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest_asyncio

from services.api.dialects.served import served
from shared.db import trunks
from shared.db.types import Pool
from shared.kafka.messages.envelope import Message
from tests.support.api import Api, a_tenant, serving

AGENT = {
    "name": "renewals",
    "kind": "assistant",
    "provider_agent_id": "asst_8f1c",
    "trunk": "default",
}
PHONES = [f"+120255501{n:02}" for n in range(100)]

Json = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class SmartAlex:
    """`native` is the owner's own client, of the same tenant."""

    native: Api
    path: str
    key: str
    agent_id: str

    async def ask(self, method: str, path: str, **options: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {self.key}"} | options.pop("headers", {})
        return await self.native.http.request(
            method, f"{self.path}{path}", headers=headers, **options
        )

    async def get(self, path: str, **query: Any) -> Json:
        return _body(await self.ask("GET", path, params=query), 200)

    async def post(self, path: str, body: Any = None, *, status: int = 200) -> Json:
        return _body(await self.ask("POST", path, json=body), status)

    async def refused(self, method: str, path: str, **options: Any) -> tuple[int, str, str]:
        """Status, code and message; the body has no other form."""
        answer = await self.ask(method, path, **options)
        error = answer.json()["error"]
        assert answer.json() == {"error": error}
        assert error.keys() == {"code", "message", "status"}
        assert error["status"] == answer.status_code
        return answer.status_code, error["code"], error["message"]

    async def campaign(self, **parts: Any) -> str:
        body = {"name": "Q1 Outreach", "agent_id": self.agent_id} | parts
        made = await self.post("/campaigns", body, status=201)
        return str(made["data"]["id"])

    async def contacts(self, campaign_id: str, *phones: str) -> Json:
        body = {"contacts": [{"phone": phone} for phone in phones]}
        return await self.post(f"/campaigns/{campaign_id}/contacts", body, status=201)


def _body(response: httpx2.Response, status: int) -> Json:
    assert response.status_code == status, response.text
    answer: Json = response.json()
    return answer


async def a_client(native: Api) -> SmartAlex:
    """A client with a key and an agent of its own."""
    await native.post("/v1/agents", AGENT, status=201)
    made = await native.post("/v1/dialect-credentials", {"dialect": "smartalex"}, status=201)
    return SmartAlex(
        native=native,
        path=made["base_url"].removeprefix("http://api"),
        key=made["api_key"],
        agent_id=made["ids"]["agent_id"]["renewals"],
    )


@pytest_asyncio.fixture(loop_scope="session")
async def smartalex(pool: Pool) -> AsyncIterator[SmartAlex]:
    published: list[Message] = []

    async def publish(messages: Sequence[Message]) -> None:
        published.extend(messages)

    async with pool.acquire() as conn:
        await trunks.upsert(
            conn, name="default", provider="simulated", settings={"url": "http://127.0.0.1:9"}
        )
    tenant_id, key = await a_tenant(pool, "tenant")
    async with serving(pool, publish, dialects=served()) as http:
        native = Api(http=http, pool=pool, tenant_id=tenant_id, key=key, published=published)
        yield await a_client(native)
