"""The API on a test's own database; tests send it HTTP requests without a socket."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx2
import pytest_asyncio
from starlette.applications import Starlette

from services.api.app import create_app
from services.api.http.auth import Caller
from services.api.http.request_limits import RequestRates, RequestsAtOnce
from services.api.http.resources import Publish, Resources
from services.api.http.upload import Uploads
from services.api.quotas import Quotas
from shared.db import trunks
from shared.db.api import api_keys, tenants
from shared.db.api.pool import ApiPool
from shared.db.types import Pool
from shared.domain.access import KeyScope
from shared.kafka.messages.envelope import Message
from shared.runtime import process
from tests.support.campaigns import a_rulebook
from tests.support.database import api_pool

ALWAYS = {
    "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
    "start": "00:00",
    "end": "24:00",
}
DEFINITION: dict[str, Any] = {"name": "Reminders", "calendar": {"windows": [ALWAYS]}}


@dataclass(slots=True, kw_only=True)
class Api:
    """An HTTP client with the API key of one tenant."""

    http: httpx2.AsyncClient
    pool: Pool
    tenant_id: int
    key: str
    published: list[Message] = field(default_factory=list)

    async def ask(self, method: str, path: str, **options: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {self.key}"} | options.pop("headers", {})
        return await self.http.request(method, path, headers=headers, **options)

    async def get(self, path: str, *, status: int = 200) -> dict[str, Any]:
        return _body(await self.ask("GET", path), status)

    async def post(self, path: str, body: Any = None, *, status: int) -> dict[str, Any]:
        return _body(await self.ask("POST", path, json=body), status)

    async def campaign(self, **changes: Any) -> int:
        created = await self.post("/v1/campaigns", DEFINITION | changes, status=201)
        return int(created["id"])

    async def import_csv(
        self,
        campaign_id: int,
        file: bytes | AsyncIterator[bytes],
        query: str = "",
        *,
        status: int = 200,
    ) -> dict[str, Any]:
        path = f"/v1/campaigns/{campaign_id}/contacts/import{query}"
        headers = {"Content-Type": "text/csv"}
        return _body(await self.ask("POST", path, content=file, headers=headers), status)

    async def another(self) -> "Api":
        """A client of the same service with the key of another tenant."""
        tenant_id, key = await a_tenant(self.pool, "another")
        return Api(http=self.http, pool=self.pool, tenant_id=tenant_id, key=key)


def _body(response: httpx2.Response, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    answer: dict[str, Any] = response.json()
    return answer


def a_caller(tenant_id: int, api_key_id: int) -> Caller:
    return Caller(
        tenant_id=tenant_id, api_key_id=api_key_id, key_name="a key", scopes=frozenset(KeyScope)
    )


async def a_tenant(pool: Pool, name: str) -> tuple[int, str]:
    async with pool.acquire() as conn:
        tenant_id = await tenants.create(conn, name)
        return tenant_id, await api_keys.create(conn, tenant_id)


@asynccontextmanager
async def serving(
    pool: Pool,
    publish: Publish,
    *,
    now: datetime | None = None,
    dialects: Mapping[str, Starlette] | None = None,
    uploads: Uploads | None = None,
    own: ApiPool | None = None,
    rates: RequestRates | None = None,
    at_once: RequestsAtOnce | None = None,
    quotas: Quotas | None = None,
) -> AsyncIterator[httpx2.AsyncClient]:
    """The API on the database of `pool`, with the real clock or one that is fixed at `now`.

    `own` are its connections; left out, it opens them in its role.
    """

    @asynccontextmanager
    async def opened() -> AsyncIterator[Resources]:
        clock = process.now if now is None else lambda: now
        async with nullcontext(own) if own else api_pool(pool) as connections:
            yield Resources(
                pool=connections,
                publish=publish,
                rulebook=a_rulebook(),
                clock=clock,
                uploads=uploads or Uploads(),
                rates=rates or RequestRates(),
                at_once=at_once or RequestsAtOnce(),
                quotas=quotas or Quotas(),
            )

    app = create_app(opened, dialects=dialects)
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://api") as client,
    ):
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def api(pool: Pool) -> AsyncIterator[Api]:
    published: list[Message] = []

    async def publish(messages: Sequence[Message]) -> None:
        published.extend(messages)

    async with pool.acquire() as conn:
        await trunks.upsert(
            conn, name="default", provider="simulated", settings={"url": "http://127.0.0.1:9"}
        )
    tenant_id, key = await a_tenant(pool, "tenant")
    async with serving(pool, publish) as http:
        yield Api(http=http, pool=pool, tenant_id=tenant_id, key=key, published=published)
