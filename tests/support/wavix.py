"""A client of Wavix's API with credentials that the tenant's own key has made for it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx2

from services.api.dialects.served import served
from shared.db import trunks
from shared.db.types import Pool
from shared.kafka.messages.envelope import Message
from tests.support.api import Api, a_tenant, serving

FLOW = {"start": "bye", "steps": {"bye": {"type": "hang_up"}}}
CALLER_ID = "13123310912"
CONTACT = "12025550123"
# No rule of law restricts such calls.
FREE = {"kind": "informational", "automated": False}


@dataclass(slots=True, kw_only=True)
class Wavix:
    """`native` is the tenant's own client, by its key with all scopes."""

    native: Api
    key: str
    callflow_id: int

    def body(self, **changes: Any) -> dict[str, Any]:
        asked = {"callflow_id": self.callflow_id, "contact": CONTACT, "caller_id": CALLER_ID}
        return {"voice_campaign": asked | changes}

    async def ask(self, method: str, path: str, **options: Any) -> httpx2.Response:
        params = {"appid": self.key} | options.pop("params", {})
        return await self.native.http.request(method, f"/wavix{path}", params=params, **options)

    async def call(self, **changes: Any) -> dict[str, Any]:
        answer = await self.ask("POST", "/v1/voice-campaigns", json=self.body(**changes))
        assert answer.status_code == 201, answer.text
        placed: dict[str, Any] = answer.json()["voice_campaign"]
        return placed


async def a_client(api: Api, **calls: Any) -> Wavix:
    """`calls` are the terms of its calls."""
    flow = await api.post("/v1/call-flows", {"name": "reminder", "flow": FLOW}, status=201)
    await api.post("/v1/caller-ids", {"number": f"+{CALLER_ID}"}, status=201)
    asked = {"dialect": "wavix", "calls": FREE | calls}
    made = await api.post("/v1/dialect-credentials", asked, status=201)
    assert made["ids"]["callflow_id"] == {"reminder": flow["id"]}
    return Wavix(native=api, key=made["api_key"], callflow_id=flow["id"])


@asynccontextmanager
async def serving_wavix(pool: Pool, *, now: datetime | None = None) -> AsyncIterator[Wavix]:
    async def publish(_messages: Sequence[Message]) -> None:
        return None

    async with pool.acquire() as conn:
        await trunks.upsert(
            conn, name="default", provider="simulated", settings={"url": "http://127.0.0.1:9"}
        )
    tenant_id, key = await a_tenant(pool, "tenant")
    async with serving(pool, publish, now=now, dialects=served()) as http:
        yield await a_client(Api(http=http, pool=pool, tenant_id=tenant_id, key=key))
