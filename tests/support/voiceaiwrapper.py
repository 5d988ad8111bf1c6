"""A client of VoiceAIWrapper's API, with the credentials that Outdial makes for one."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest_asyncio

from services.api.dialects.served import served
from shared.db import trunks
from shared.db.types import Pool
from shared.dialects.voiceaiwrapper import Kind, number_of
from shared.kafka.messages.envelope import Message
from tests.integration.api.test_boundaries import FLOW
from tests.support.api import Api, a_tenant, serving

AGENT = {
    "name": "renewals",
    "kind": "assistant",
    "provider_agent_id": "asst_abc123",
    "trunk": "default",
}
NUMBERS = ("+12025550100", "+12025550101")
POOL = {"name": "north", "numbers": list(NUMBERS)}
CAMPAIGNS = "/api/v2/voice-campaigns"
# The document's own example, but for the ids.
OUTREACH: dict[str, Any] = {
    "name": "Q4 Outreach",
    "type": "OUTBOUND",
    "dialer_type": "SINGLE",
    "vapi_calling_entity": "ASSISTANT",
    "start_date": "2025-01-01",
    "end_date": "2199-03-31",
    "timezone": "America/New_York",
    "days_of_week": ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"],
    "daily_start_time": "09:00",
    "daily_end_time": "17:00",
    "max_call_attempts": 3,
    "max_daily_attempts": 1,
    "min_gap_between_attempts": 60,
    "consider_voicemail_as_answered": True,
    "webhook_url": "https://yourapp.com/webhooks/campaign",
}

Json = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class VoiceAIWrapper:
    """`native` is the owner's own client, of the same tenant; `ids` are of the credentials."""

    native: Api
    path: str
    key: str
    ids: dict[str, Any]

    @property
    def names(self) -> Json:
        """The ids in the body of a creation."""
        return {
            "assistant_id": self.ids["assistant_id"]["renewals"],
            "tenant_voice_provider_id": self.ids["tenant_voice_provider_id"]["default"],
            "phone_number_id": self.ids["phone_number_id"][NUMBERS[0]],
            "phone_number_pool_id": self.ids["phone_number_pool_id"]["north"],
        }

    async def ask(self, method: str, path: str, **options: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {self.key}"} | options.pop("headers", {})
        return await self.native.http.request(
            method, f"{self.path}{path}", headers=headers, **options
        )

    async def get(self, path: str, **query: Any) -> Json:
        return _body(await self.ask("GET", path, params=query), 200)

    async def post(self, path: str, body: Any = None, *, status: int = 200) -> Json:
        return _body(await self.ask("POST", path, json=body), status)

    async def patch(self, path: str, body: Any) -> Json:
        return _body(await self.ask("PATCH", path, json=body), 200)

    async def refused(self, method: str, path: str, body: Any = None) -> tuple[int, str, Json]:
        """Status, message and errors; the body has no other form."""
        answer = await self.ask(method, path, json=body)
        error: Json = answer.json()
        assert error.keys() == {"status", "message", "errors"}, error
        assert error["status"] == "error"
        return answer.status_code, error["message"], error["errors"]

    def body(self, **parts: Any) -> Json:
        """That of a creation; a part that is None is left out."""
        given = OUTREACH | self.names | parts
        return {name: value for name, value in given.items() if value is not None}

    async def campaign(self, **parts: Any) -> str:
        made = await self.post(CAMPAIGNS, self.body(**parts), status=201)
        return str(made["data"]["campaign_id"])

    async def whole(self, campaign_id: str) -> Json:
        data: Json = (await self.get(f"{CAMPAIGNS}/{campaign_id}"))["data"]
        return data

    async def definition(self, campaign_id: str) -> Json:
        """The campaign as Outdial's own API shows it."""
        number = number_of(Kind.CAMPAIGN, campaign_id)
        shown: Json = (await self.native.get(f"/v1/campaigns/{number}"))["definition"]
        return shown

    async def leads(self, campaign_id: str, *numbers: str) -> Json:
        body = [{"phone_number": number} for number in numbers]
        return await self.post(f"{CAMPAIGNS}/{campaign_id}/leads/bulk", body, status=202)


def _body(response: httpx2.Response, status: int) -> Json:
    assert response.status_code == status, response.text
    answer: Json = response.json()
    return answer


async def a_client(native: Api) -> VoiceAIWrapper:
    """A client with a key, and a tenant with an agent, a call flow, two numbers and a pool."""
    await native.post("/v1/agents", AGENT, status=201)
    await native.post("/v1/call-flows", {"name": "reminder", "flow": FLOW}, status=201)
    for number in NUMBERS:
        await native.post("/v1/caller-ids", {"number": number}, status=201)
    await native.post("/v1/number-pools", POOL, status=201)
    made = await native.post("/v1/dialect-credentials", {"dialect": "voiceaiwrapper"}, status=201)
    return VoiceAIWrapper(
        native=native,
        path=made["base_url"].removeprefix("http://api"),
        key=made["api_key"],
        ids=made["ids"],
    )


@pytest_asyncio.fixture(loop_scope="session")
async def voiceaiwrapper(pool: Pool) -> AsyncIterator[VoiceAIWrapper]:
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
